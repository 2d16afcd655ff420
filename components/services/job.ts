/** How a job tells that it is done: its health check looks for a file, so a failed job fails the `up`. */
export const readyFile = "/tmp/ready";

/** The job stays for a moment, so that the provider, which looks once a second, sees it healthy. */
const lingerSeconds = 20;

/** Last lines of every job's script. */
export const sayReady = `touch ${readyFile}\nsleep ${lingerSeconds}`;
