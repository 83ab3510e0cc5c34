// docs/court.md#economics: all rows, part by part.
import type { DeployConfig } from '../../contracts/config.ts';
import { attestationRows } from './attestations.ts';
import { auditRows } from './audits.ts';
import { courtRows } from './court.ts';
import type { EconomicRow } from './row.ts';

/** Each part of the network whose parameters decide what pays adds its rows here. */
const SECTIONS: readonly ((config: DeployConfig) => EconomicRow[])[] = [attestationRows, courtRows, auditRows];

export function economicRows(config: DeployConfig): EconomicRow[] {
  return SECTIONS.flatMap((rows) => rows(config));
}
