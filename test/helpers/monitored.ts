/** Stacks with monitoring, and the files of its parts with late values shown. */
import { fill, type Late } from "../../components/services/text";
import type { ServiceContext } from "../../components/services/service";
import type { ServicePlan, Topology } from "../../stacks/topology";

/** A late value in a text: `<peerAddressOf media>`. */
export const showLate = (late: Late): string => {
  const [[kind, of] = ["", ""]] = Object.entries(late).filter(([key]) => key !== "encode");
  return "encode" in late ? JSON.stringify(`<${kind} ${of}>`) : `<${kind} ${of}>`;
};

export function planOf({ services }: Pick<Topology, "services">, name: string): ServicePlan {
  const found = services.find((plan) => plan.name === name);
  if (found === undefined) throw new Error(`no service ${name}`);
  return found;
}

/** A file of a service. */
export function fileOf(topology: Pick<Topology, "services">, service: string, name: string): string {
  const file = planOf(topology, service).spec.files?.find((other) => other.name === name);
  if (file === undefined) throw new Error(`no file ${name} of ${service}`);
  return fill(file.content, showLate);
}

/** A file that is JSON. */
export const jsonOf = (topology: Pick<Topology, "services">, service: string, name: string): unknown =>
  JSON.parse(fileOf(topology, service, name));

/** Prometheus' configuration, as far as tests read it. */
export interface PrometheusFile {
  scrape_configs: {
    job_name: string;
    metrics_path: string;
    honor_labels?: boolean;
    static_configs: { targets: string[]; labels: Record<string, string> }[];
  }[];
}

/** What alerts and dashboards are told of a stack. */
export const aboutOf = ({
  stack,
  settings,
  services,
}: Topology): Pick<ServiceContext, "running" | "settings" | "stack"> => ({
  stack,
  settings,
  running: services.map(({ service, image, volumes }) => ({ service, image: image.reference, volumes })),
});

/** Settings of a stack that has everything there is to monitor. */
export const everything = {
  domain: "example.org",
  monitoring: { kind: "stack" },
  meetings: "jitsi",
  calls: "rtcd",
  edition: "enterprise",
  turn: "tls",
  edge: { provider: "none", dns: { provider: "hetzner", tokenVariable: "HETZNER_API_TOKEN" } },
};
