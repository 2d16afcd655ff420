/** The stack that soaks: the whole local one, with its own ports, in a network of its own. */
import { parseSettings } from "../../stacks/settings/parse";
import { type Topology, topologyOf } from "../../stacks/topology";
import { MediaStack } from "../e2e/media/stack";
import { swappedImages } from "../e2e/images/chosen";

const name = "soak";

/** The usual ports: nobody else has any there. */
const suite = {
  name,
  web: { httpPort: 80, httpsPort: 443 },
  media: { embeddedPort: 8444, rtcdPort: 8443, meetingsPort: 10_000, turnPort: 3478, relayFirstPort: 49_160 },
  neighbour: { name: "muster-soak", device: "soak", host: "10.77.218.1", address: "10.77.218.2" },
};

export const soakStack = (): MediaStack => new MediaStack(suite);

/** As far as images go; the rest of it is known once the network is there. */
export const imagesOfSoak = (): Topology =>
  topologyOf(
    name,
    parseSettings({
      source: name,
      values: {
        domain: "localhost",
        host: { provider: "local", address: suite.neighbour.host },
        images: { overrides: swappedImages() },
      },
      encrypted: [],
    }),
  );
