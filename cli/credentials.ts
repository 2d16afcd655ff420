import { grafanaPassword } from "../components/services/monitoring/grafana.files";
import { UserError } from "./errors";
import { planned } from "./load";
import { siteUrl } from "../stacks/topology/exposure";
import { outputOf, readState } from "./state";

/** Shows the first administrator's password, and Grafana's: on a terminal only, so that it lands in no log and no pipe. */
export async function credentials(stack: string): Promise<void> {
  const { settings } = planned(stack);
  if (!process.stdout.isTTY)
    throw new UserError(
      "The password is shown on a terminal only.\n  fix: run it in a terminal, without a pipe or a redirect",
    );
  const state = await readState(stack);
  const password = outputOf(state, "administrator-password", "result");
  if (password === undefined)
    throw new UserError(
      `Stack ${stack} has no password yet.\n  fix: bring it up first: ${stack === "local" ? "npm start" : `npm run up -- ${stack}`}`,
    );
  console.log(`address   ${siteUrl("chat", settings)}`);
  console.log(`user      ${settings.chat.administrator.username}`);
  console.log(`password  ${password}`);
  console.log("\nIt is the first one: change it after signing in, and this one is worth nothing.");
  const { monitoring } = settings;
  const grafana = monitoring.kind === "stack" ? outputOf(state, grafanaPassword, "result") : undefined;
  if (monitoring.kind !== "stack" || grafana === undefined) return;
  console.log(`\nGrafana   http://localhost:${monitoring.grafanaPort}, on its host (docs/monitoring.md)`);
  console.log("user      admin");
  console.log(`password  ${grafana}`);
}
