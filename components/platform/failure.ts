import * as pulumi from "@pulumi/pulumi";
import { connect, lastLogLines } from "../host/engine";
import type { EngineAddress } from "../host/ssh";
import { settled } from "./late";
import { onHost } from "./names";

/**
 * When a container can't be created or doesn't become healthy, says which service it is and shows its last
 * log lines, beside the provider's own error. Works with a plain `pulumi up` as well.
 */
export function showLogsOnError(host: string, engine: pulumi.Input<EngineAddress>): pulumi.ErrorHook {
  return new pulumi.ErrorHook(
    onHost(host, "show-last-log-lines"),
    async ({ name, newInputs, failedOperation }) => {
      if (failedOperation === "delete") return false;
      const container = (newInputs as { name?: string } | undefined)?.name ?? name;
      const address = await settled(engine);
      const lines = await readLog(address, container);
      if (lines.length > 0) {
        const shown = lines.map((line) => `  | ${line}`).join("\n");
        await pulumi.log.error(
          `${name} did not start well. Last lines of \`docker logs ${container}\`:\n${shown}`,
        );
      }
      return false;
    },
  );
}

/** The log is an extra: where it can't be read, the provider's error must still come through. */
async function readLog(engine: EngineAddress, container: string): Promise<string[]> {
  try {
    return await lastLogLines(await connect(engine), container);
  } catch {
    return [];
  }
}
