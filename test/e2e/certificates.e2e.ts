/** The relay over TLS: its certificate, from an authority of the tests' own; each step leaves it for the next. */
import { doctor } from "./certificates/doctor";
import { issue } from "./certificates/issue";
import { renew } from "./certificates/renew";
import { CertificateStage } from "./certificates/stage";
import { resolveLocalNames } from "./media/names";

describe("the relay's certificate on a real engine", () => {
  const stage = new CertificateStage();
  let forget: () => void;

  beforeAll(async () => {
    forget = resolveLocalNames(stage.address, stage.domain);
    await stage.begin();
  });

  afterAll(async () => {
    forget();
    await stage.end();
  });

  issue(() => stage);
  doctor(() => stage);
  renew(() => stage);
});
