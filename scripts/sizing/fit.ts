/** Constants of the model from published rows. Pure. */
import { Matrix, solve } from "ml-matrix";
import { model } from "../../components/services/model";
import {
  type CallsRow,
  callsRows,
  type Bracket,
  type ReferenceRow,
  referenceRows,
  streamsOf,
} from "./published";

/** Every second row, from the first. */
export const isForFitting = (index: number): boolean => index % 2 === 0;

export const mibPerGB = 1000 ** 3 / 1024 ** 2;
export const cpusOf = ({ cpusThere, cpuPercent }: CallsRow): number => (cpusThere * cpuPercent) / 100;
export const memoryOf = ({ memoryGB }: CallsRow): number => memoryGB * mibPerGB;

/** Least squares of the relative errors over the rows for fitting. */
function leastSquares(
  features: (row: CallsRow) => readonly number[],
  measured: (row: CallsRow) => number,
): number[] {
  const rows = callsRows.filter((_, index) => isForFitting(index));
  const weighted = rows.map((row) => features(row).map((value) => value / measured(row)));
  return solve(new Matrix(weighted), Matrix.columnVector(rows.map(() => 1))).to1DArray();
}

/** What a bracket says as one number: the middle, as a ratio. */
const middle = ({ above, atMost }: Bracket): number => Math.sqrt(above * atMost);

/** The share of one person, over the rows for fitting that say more than what is enough. */
function slope(bracket: (row: ReferenceRow) => Bracket, base: number, unit = 1): number {
  const rows = referenceRows.filter((row, index) => isForFitting(index) && bracket(row).above > 0);
  const logs = rows.map((row) => Math.log((middle(bracket(row)) * unit - base) / row.users));
  return Math.exp(logs.reduce((sum, next) => sum + next, 0) / logs.length);
}

/** Fitted constants by service and name, unrounded. */
export function fittedConstants(): Record<string, Record<string, number>> {
  const [voiceIn, voiceOut, screenIn, screenOut] = leastSquares((row) => {
    const { voicesIn, voicesOut, screensIn, screensOut } = streamsOf(row);
    return [voicesIn, voicesOut, screensIn, screensOut];
  }, cpusOf);
  // The first is the system's own memory, which the plan has in its reserve.
  const [, perPerson, perScreen] = leastSquares((row) => {
    const { people, screensIn } = streamsOf(row);
    return [1, people, screensIn];
  }, memoryOf);
  const [voice, screen] = leastSquares(
    (row) => [streamsOf(row).voicesOut, streamsOf(row).screensOut],
    ({ outMbps }) => outMbps,
  );
  return {
    calls: {
      cpusPerVoiceIn: voiceIn ?? 0,
      cpusPerVoiceOut: voiceOut ?? 0,
      cpusPerScreenIn: screenIn ?? 0,
      cpusPerScreenOut: screenOut ?? 0,
      memoryPerPerson: perPerson ?? 0,
      memoryPerScreen: perScreen ?? 0,
      trafficPerVoice: voice ?? 0,
      trafficPerScreen: screen ?? 0,
    },
    mattermost: { cpusPerActive: slope(({ appCpus }) => appCpus, model.mattermost.cpusBase) },
    postgres: {
      cpusPerActive: slope(({ databaseCpus }) => databaseCpus, model.postgres.cpusBase),
      memoryPerActive: slope(({ databaseMemoryGB }) => databaseMemoryGB, model.postgres.memoryBase, mibPerGB),
    },
  };
}

/** As it stands in the model: two digits that count. */
export const rounded = (value: number): number => Number(value.toPrecision(2));
