/** All that is checked of a running stack, from its plan: a service that it doesn't have is asked nothing. */
import { backupChecks } from "./backups";
import { callChecks } from "./calls";
import type { Check } from "./check";
import { containerChecks } from "./containers";
import { doorChecks } from "./doors";
import { machineChecks } from "./machine";
import { meetingChecks } from "./meetings";
import type { Patient } from "./patient";
import { relayChecks } from "./relay";
import { siteChecks } from "./sites";

export const checksOf = (patient: Patient): Check[] => [
  ...machineChecks(patient),
  ...containerChecks(patient),
  ...siteChecks(patient),
  ...relayChecks(patient),
  ...callChecks(patient),
  ...meetingChecks(patient),
  ...doorChecks(patient),
  ...backupChecks(patient),
];
