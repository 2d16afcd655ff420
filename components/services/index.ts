import { backup } from "./backup/backup";
import { caddy } from "./caddy";
import { certificates } from "./certificates";
import { coturn } from "./coturn";
import { jitsiJicofo } from "./jitsi.jicofo";
import { jitsiJvb } from "./jitsi.jvb";
import { jitsiProsody } from "./jitsi.prosody";
import { jitsiWeb } from "./jitsi.web";
import { mattermost } from "./mattermost";
import { blackboxExporter } from "./monitoring/blackboxExporter";
import { grafana } from "./monitoring/grafana";
import { nodeExporter, nodeExporterMedia } from "./monitoring/nodeExporter";
import { postgresExporter } from "./monitoring/postgresExporter";
import { prometheus } from "./monitoring/prometheus";
import { postgres } from "./postgres";
import { rtcd } from "./rtcd";
import type { Service } from "./service";

/** Every service that Muster knows. The order is the order of tables; start order is declared, not listed. */
export const services: readonly Service[] = [
  caddy,
  mattermost,
  postgres,
  rtcd,
  jitsiWeb,
  jitsiProsody,
  jitsiJicofo,
  jitsiJvb,
  coturn,
  certificates,
  backup,
  nodeExporter,
  nodeExporterMedia,
  postgresExporter,
  blackboxExporter,
  prometheus,
  grafana,
];
