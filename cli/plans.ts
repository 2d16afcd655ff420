/**
 * Prints the plans of all stacks as JSON, with nothing but files and Node. A later revision runs this very file to
 * compare itself with this one: it stays where it is, and takes no arguments.
 */
import { revisionOf } from "../stacks/plan/revision";
import { projectDir } from "./project";

process.stdout.write(`${JSON.stringify(revisionOf(projectDir))}\n`);
