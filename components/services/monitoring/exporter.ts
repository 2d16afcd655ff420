/** What the small exporters share. */
import type { Settings } from "../../../stacks/settings/schema";
import { model } from "../model";
import { filesPath, type Health, type Service } from "../service";

/** Nobody: the exporters' images run as this user, and own nothing. */
export const nobody = { uid: 65_534, gid: 65_534 };

/** Whether anything of the stack is measured. */
export const isMonitored = ({ monitoring }: Settings): boolean => monitoring.kind !== "off";

/** Whether it has its own Prometheus and Grafana. */
export const hasOwnStack = ({ monitoring }: Settings): boolean => monitoring.kind === "stack";

export const exporterNeeds: Service["needs"] = () => ({
  memoryMiB: model.exporter.memoryBase,
  cpus: model.exporter.cpusBase,
  diskGiB: 0,
});

/** A page that answers is all that there is to ask. The service must ship busybox (`shell`). */
export const answers = (port: number, path: string): Health => ({
  command: [`${filesPath}/busybox`, "wget", "-q", "-O", "/dev/null", `http://127.0.0.1:${port}${path}`],
  intervalSeconds: 5,
  timeoutSeconds: 5,
  retries: 3,
  startSeconds: 60,
});
