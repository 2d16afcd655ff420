import { clientAddress, recordsIn } from "../stacks/plan";
import type { Topology } from "../stacks/topology";
import { addressOf, isRemote } from "./access";
import { recordTable } from "./planText";
import type { StackState } from "./state";
import { colors } from "./table";

/** After an `up`: the records that people enter themselves where no edge does; none for this machine. */
export function dnsRecords(topology: Topology, state: StackState | undefined): string[] {
  const { edge, settings } = topology;
  if (!isRemote(topology) || edge.zone !== undefined || edge.records.length === 0) return [];
  // As the settings say it, else as the state does.
  const addressFor = (host: string): string | undefined =>
    clientAddress(settings, host) ?? addressOf(state, host);
  return [
    "",
    colors.bold("DNS records"),
    "  The sites need the first ones, of type A; the others keep strangers from using their names.",
    recordTable(recordsIn(topology, addressFor), null),
  ];
}
