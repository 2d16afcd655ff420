/** Files of docs/examples as a page shows them. The tests run the files themselves. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fenced } from "./markdown";

const folder = join(__dirname, "../../docs/examples");
const languages = { jq: "jq", yml: "yaml" } as const;

export function exampleFile(name: `${string}.${keyof typeof languages}`): string {
  const language = languages[name.split(".").at(-1) as keyof typeof languages];
  return fenced(language, readFileSync(join(folder, name), "utf8").trimEnd());
}
