/** How a job tells that it is done: its health check looks for a file, so a failed job fails the `up`. */
export const readyFile = "/tmp/ready";

/** The job stays for a moment, so that the provider, which looks once a second, sees it healthy. */
const lingerSeconds = 20;

/** Exit code of a job that has left something undone that isn't worth failing for: the next start runs it again. */
export const undoneCode = 75;
/** Before each line of a job's log that says what it has left undone. */
export const undoneMark = "undone: ";

/** Last lines of every job's script. */
export const sayReady = `touch ${readyFile}\nsleep ${lingerSeconds}`;

/** A word as a shell reads it whole, whatever stands in it. */
export const quote = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;
