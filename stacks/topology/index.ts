/**
 * The topology: which services run, on which host, how big, what is open to whom. Pure: settings in, data out.
 */
import { services as allServices } from "../../components/services";
import { type ImageName, imageReference } from "../../components/services/images";
import type {
  ContainerSpec,
  Job,
  Needs,
  Port,
  Route,
  Service,
  Volume,
} from "../../components/services/service";
import { type Offering, offeringOf } from "../settings/editions";
import type { ParsedSettings } from "../settings/parse";
import type { SecretSetting, Settings } from "../settings/schema";
import { contextOf } from "./context";
import { type Network, networksOf, type Opening, openingsOf, routesOf } from "./exposure";
import { type Finding, findingsOf } from "./findings";
import { type HostPlan, hostsOf } from "./hosts";
import { needsOf } from "./sizing";

/** An image as this stack runs it. */
export interface ImagePlan {
  name: ImageName;
  /** Whole reference, with tag and digest. */
  reference: string;
}

/** A job with its container described. */
export interface JobPlan {
  job: Job;
  image: ImagePlan;
  spec: ContainerSpec;
}

/** A service that runs in this stack, with everything that follows from its declaration. */
export interface ServicePlan {
  service: Service;
  name: string;
  /** Name of the host it runs on. */
  host: string;
  image: ImagePlan;
  needs: Needs;
  ports: readonly Port[];
  volumes: readonly Volume[];
  spec: ContainerSpec;
  jobs: readonly JobPlan[];
}

export interface Topology {
  stack: string;
  settings: Settings;
  /** Secret settings that are there. */
  secrets: ReadonlySet<SecretSetting>;
  offering: Offering;
  hosts: readonly HostPlan[];
  services: readonly ServicePlan[];
  networks: readonly Network[];
  routes: readonly Route[];
  openings: readonly Opening[];
  /** The image that places files. */
  toolsImage: ImagePlan;
  /** What is wrong, and what is worth knowing. An `up` refuses to start with errors. */
  findings: readonly Finding[];
}

/**
 * Works the topology out.
 * @param catalogue services to choose from; default: all that Muster knows.
 */
export function topologyOf(
  stack: string,
  { settings, secrets }: ParsedSettings,
  catalogue: readonly Service[] = allServices,
): Topology {
  const running = catalogue.filter((service) => service.when(settings));
  const needs = new Map(running.map((service) => [service.name, needsOf(service, settings)]));
  const imageOf = (name: ImageName): ImagePlan => ({
    name,
    reference: imageReference(name, settings.images),
  });
  const hosts = hostsOf(settings, running, needs);
  const routes = routesOf(running, settings);
  const services = running.map<ServicePlan>((service) => {
    const ownNeeds = needsOf(service, settings);
    const context = contextOf(settings, secrets, ownNeeds, routes, running);
    const image = imageOf(service.image(settings));
    return {
      service,
      name: service.name,
      host: hosts.find(({ roles }) => roles.includes(service.role))?.name ?? "main",
      image,
      needs: ownNeeds,
      ports: service.ports(settings),
      volumes: service.volumes(settings),
      spec: service.container(context),
      jobs: service.jobs.map((job) => ({
        job,
        image: job.image === "own" ? image : imageOf(job.image),
        spec: job.container(context),
      })),
    };
  });
  const plan = {
    stack,
    settings,
    secrets,
    offering: offeringOf(settings, secrets),
    hosts,
    services,
    networks: networksOf(services),
    routes,
    openings: openingsOf(services, settings),
    toolsImage: imageOf("busybox"),
  };
  return { ...plan, findings: findingsOf(plan) };
}

/** Findings that an `up` refuses. */
export const errorsOf = ({ findings }: Pick<Topology, "findings">): Finding[] =>
  findings.filter(({ severity }) => severity === "error");
