/**
 * The topology: which services run, on which host, how big, what is open to whom. Pure: settings in, data out.
 */
import { services as allServices } from "../../components/services";
import { type ImageName, imageReference } from "../../components/services/images";
import {
  backedUpPath,
  type RunningService,
  type SeenVolume,
  type Service,
} from "../../components/services/service";
import { offeringOf } from "../settings/editions";
import type { ParsedSettings } from "../settings/parse";
import { contextOf } from "./context";
import { costOf } from "./cost";
import { edgeOf, type Neighbour } from "./edge";
import { networksOf, openingsOf, routesOf } from "./exposure";
import { findingsOf } from "./findings";
import { hostsOf, mainHost } from "./hosts";
import { monitoredPorts } from "./monitoring";
import { placed } from "./placement";
import { needsOf } from "./sizing";
import type { Finding, ImagePlan, ServicePlan, Topology } from "./types";

export type { ImagePlan, JobPlan, ServicePlan, Topology } from "./types";

interface TopologyOptions {
  /** Services to choose from. Default: all that Muster knows. */
  catalogue?: readonly Service[];
  /** The other stacks in its zone. Default: none. */
  neighbours?: readonly Neighbour[];
}

/**
 * Works the topology out.
 */
export function topologyOf(
  stack: string,
  { settings: asked, secrets }: ParsedSettings,
  { catalogue = allServices, neighbours = [] }: TopologyOptions = {},
): Topology {
  const wanted = catalogue.filter((service) => service.when(asked));
  const { settings, reasons } = placed(
    asked,
    new Map(wanted.map((service) => [service, needsOf(service, asked)])),
  );
  // Where one machine turns out to be enough, what belongs to a second one isn't there.
  const running = wanted.filter((service) => service.when(settings));
  const needs = new Map(running.map((service) => [service, needsOf(service, asked)]));
  const portsOf = monitoredPorts(running, settings);
  const imageOf = (name: ImageName): ImagePlan => ({
    name,
    reference: imageReference(name, settings.images),
  });
  const hosts = hostsOf(settings, needs, reasons);
  const routes = routesOf(running, settings);
  const hostOf = (name: string): string => {
    const role = running.find((service) => service.name === name)?.role ?? "app";
    return hosts.find(({ roles }) => roles.includes(role))?.name ?? mainHost;
  };
  const surroundings = {
    stack,
    settings,
    secrets,
    routes,
    hostOf,
    running: running.map((service) => ({
      service,
      image: imageOf(service.image(settings)).reference,
      volumes: service.volumes(settings),
    })),
  };
  const services = [...needs].map<ServicePlan>(([service, ownNeeds]) => {
    const context = contextOf(surroundings, service.name, ownNeeds);
    const image = imageOf(service.image(settings));
    return {
      service,
      name: service.name,
      host: hostOf(service.name),
      image,
      needs: ownNeeds,
      ports: portsOf.get(service) ?? [],
      volumes: service.volumes(settings),
      sees: [
        ...(service.seesBackedUp === true ? backedUpMounts(surroundings.running) : []),
        ...(service.sees?.(settings) ?? []),
      ],
      tools: (service.tools?.(settings) ?? []).map(({ image: tool, path }) => ({
        image: imageOf(tool),
        path,
      })),
      spec: service.container(context),
      jobs: service.jobs.map((job) => ({
        job,
        image:
          job.image === "own"
            ? image
            : imageOf(typeof job.image === "string" ? job.image : job.image(settings)),
        spec: job.container(context),
      })),
    };
  });
  const openings = openingsOf(services, settings);
  const plan = {
    stack,
    settings,
    secrets,
    generates: Object.fromEntries(catalogue.flatMap(({ generates = {} }) => Object.entries(generates))),
    offering: offeringOf(settings, secrets),
    hosts,
    services,
    networks: networksOf(services, openings),
    routes,
    openings,
    toolsImage: imageOf("busybox"),
    neighbours,
    cost: costOf(settings, hosts),
  };
  const whole = { ...plan, edge: edgeOf(plan, catalogue) };
  return { ...whole, findings: findingsOf(whole) };
}

/** Every volume whose files are backed up, as a service sees it that takes the backups. */
const backedUpMounts = (running: readonly RunningService[]): SeenVolume[] =>
  running.flatMap(({ service, volumes }) =>
    volumes
      .filter(({ backup }) => backup === "files")
      .map(({ name }) => ({ service: service.name, volume: name, path: backedUpPath(service.name, name) })),
  );

/** Every image that a stack runs or takes a program from. */
export const imagesOf = ({
  services,
  toolsImage,
}: Pick<Topology, "services" | "toolsImage">): ImagePlan[] => [
  toolsImage,
  ...services.flatMap(({ image, jobs, tools }) => [
    image,
    ...jobs.map((job) => job.image),
    ...tools.map((tool) => tool.image),
  ]),
];

/** Findings that an `up` refuses. */
export const errorsOf = ({ findings }: Pick<Topology, "findings">): Finding[] =>
  findings.filter(({ severity }) => severity === "error");
