/** A running virtual machine's own controls, by QEMU's monitor protocol. */
import { once } from "node:events";
import { connect } from "node:net";

/** Gives one command. @throws Error with what the machine answers to a wrong one. */
export async function command(
  socketFile: string,
  execute: string,
  args: Record<string, unknown>,
): Promise<void> {
  const socket = connect(socketFile);
  try {
    await once(socket, "connect");
    for (const request of [{ execute: "qmp_capabilities" }, { execute, arguments: args }])
      socket.write(`${JSON.stringify(request)}\n`);
    let heard = "";
    // The greeting, then an answer for each.
    for (let answers = 0; answers < 2;) {
      const [chunk] = (await once(socket, "data")) as [Buffer];
      heard += chunk.toString("utf8");
      answers = heard.split("\n").filter((line) => /"(return|error)":/.test(line)).length;
    }
    const error = heard.split("\n").find((line) => line.includes('"error":'));
    if (error !== undefined) throw new Error(`${execute}: ${error}`);
  } finally {
    socket.destroy();
  }
}
