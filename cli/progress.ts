/** Shows how far restic is, from the lines that it writes with `--json`. */
import { SingleBar } from "cli-progress";

interface Status {
  message_type?: string;
  percent_done?: number;
}

/** Takes lines as they come: restic's own become a bar (on a terminal), all others are printed. */
export function progressPrinter(print: (line: string) => void = console.log): {
  line: (line: string) => void;
  done: () => void;
} {
  let bar: SingleBar | undefined;
  const done = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    line: (line) => {
      const status = statusOf(line);
      if (status === undefined) {
        done();
        print(line);
        return;
      }
      if (status.message_type !== "status" || !process.stdout.isTTY) return;
      if (bar === undefined) {
        bar = new SingleBar({ format: "  {bar} {percentage}%", hideCursor: true, clearOnComplete: true });
        bar.start(100, 0);
      }
      bar.update(Math.floor((status.percent_done ?? 0) * 100));
    },
    done,
  };
}

/** A line of restic's; `undefined` for any other. */
function statusOf(line: string): Status | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value = JSON.parse(line) as Status;
    return value.message_type === undefined ? undefined : value;
  } catch {
    return undefined;
  }
}
