/**
 * Media servers of Mattermost listen on every address of their container, and of those that they advertise under
 * the one public address, one alone takes part in a session: any of them. On several networks it is the wrong one
 * more often than not, and calls don't connect. So they are told to listen on the address of the way out alone, on
 * which their ports are published. It is known at each start only, since Docker gives it anew.
 */
import { filesPath, type ServiceFile } from "./service";
import { text } from "./text";

/** Starts a program with its container's address on the way out in these variables. Needs `shell`. */
export function withOwnAddress(
  variables: readonly string[],
  command: readonly string[],
): { file: ServiceFile; entrypoint: readonly string[]; command: readonly string[] } {
  const exports = variables.map((name) => `export ${name}="$own"`).join("\n");
  return {
    file: { name: "start.sh", content: text`${findOwn}${exports}\nexec "$@"\n` },
    entrypoint: [`${filesPath}/busybox`, "sh", `${filesPath}/start.sh`],
    command,
  };
}

/** Nothing is sent to that address: it only stands for the world. */
const findOwn = `set -eu
busybox=${filesPath}/busybox
own=$($busybox ip route get 1.1.1.1 | $busybox sed -n 's/.* src \\([0-9.]*\\).*/\\1/p')
[ -n "$own" ] || { echo "this container has no way out to send media on" >&2; exit 1; }
`;
