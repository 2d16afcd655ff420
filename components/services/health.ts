/** Health checks that mend what stays unhealthy. Why so: docs/decisions/0008-health-mends-itself.md. */
import { filesPath, type Health, type ServiceFile } from "./service";
import { type PlainText, text } from "./text";

/** One thing that must hold. */
export interface Expectation {
  name: string;
  /** Shell command; `$busybox` has what the image lacks. */
  command: string | PlainText;
  /** The container is ended, and so started anew, once this has not held for so long. Left out: never. */
  restartAfterSeconds?: number;
}

/** Name of the file, below `filesPath`. */
const scriptName = "health.sh";

/** Longest that one command may take; a check as a whole gets more. */
const limitSeconds = 8;

/** The check that runs the expectations' script. The service must ship busybox (`shell`). */
export const scriptedHealth = ({
  startSeconds,
  retries = 3,
}: Pick<Health, "startSeconds"> & Partial<Pick<Health, "retries">>): Health => ({
  command: [`${filesPath}/busybox`, "sh", `${filesPath}/${scriptName}`],
  intervalSeconds: 5,
  timeoutSeconds: limitSeconds + 2,
  retries,
  startSeconds,
});

/**
 * The script. Docker starts a container again that has ended, but not one that is unhealthy: so the check itself
 * ends the main process when something has failed for too long. It has the same user, so it needs no right and no
 * access to the engine. The memory of failures lies in `/tmp`, which every start empties.
 */
export function healthFile(expectations: readonly Expectation[]): ServiceFile {
  const lines = expectations.reduce<PlainText>(
    (all, { name, command, restartAfterSeconds = 0 }) =>
      text`${all}holds ${name} ${restartAfterSeconds} '${command}'\n`,
    text``,
  );
  return { name: scriptName, content: text`${functions}${lines}` };
}

/** Beside busybox, built-ins of the shell only: an image may have no other tools. */
const functions = `set -u
export busybox=${filesPath}/busybox
read -r now rest < /proc/uptime
now=\${now%%.*}
# limited COMMAND: what hangs has failed. busybox's own timeout leaves its watch to process 1, and few of these collect
# their dead. A sleep of ours may be told to end before it listens; a read needs nobody to end it.
limited() {
  $busybox setsid $busybox sh -c 'echo $$; $busybox sh -c "$1" > /dev/null 2>&1; echo $?' limited "$1" | {
    read -r group
    read -r -t ${limitSeconds} code || kill -TERM -"$group"
    [ "$code" = 0 ]
  }
}
holds() {
  since=/tmp/failing-$1
  began=
  [ -s "$since" ] && read -r began < "$since"
  if [ -z "$began" ]; then
    began=$now
    echo "$now" > "$since"
  fi
  if limited "$3"; then
    : > "$since"
    return
  fi
  echo "$1 has failed for $((now - began)) s"
  # A process that doesn't listen to the first signal may listen to the second.
  if [ "$2" -gt 0 ] && [ $((now - began)) -ge "$2" ]; then
    kill -TERM 1
    [ $((now - began)) -ge $(($2 + 120)) ] && kill -QUIT 1
  fi
  exit 1
}
`;
