/** Asks a person at the terminal. */
import { createInterface } from "node:readline/promises";
import { PassThrough } from "node:stream";
import { UserError } from "./errors";

/** Whether somebody is there to be asked. */
export const someoneIsThere = (): boolean => process.stdin.isTTY && process.stderr.isTTY;

/**
 * A line that somebody types, without its line break. The question goes to standard error.
 * @param hidden shows nothing of what is typed.
 * @throws UserError where the terminal is closed instead.
 */
export async function ask(question: string, hidden = false): Promise<string> {
  if (hidden) process.stderr.write(question);
  const output = hidden ? new PassThrough().resume() : process.stderr;
  const terminal = createInterface({ input: process.stdin, output, terminal: true });
  const ended = new Promise<undefined>((resolve) => {
    terminal.once("close", () => {
      resolve(undefined);
    });
  });
  const line = await Promise.race([terminal.question(hidden ? "" : question), ended]);
  terminal.close();
  if (hidden || line === undefined) process.stderr.write("\n");
  if (line === undefined)
    throw new UserError("Nobody answers any more.\n  fix: run it again; nothing was changed");
  return line;
}
