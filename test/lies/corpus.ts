// docs/disputes.md#lies: all lies about single steps, each with a name of its own.

import type { CorpusWorld } from './corpus-world.ts';
import { inferenceLies } from './inference.ts';
import { instructionLies } from './instructions.ts';
import { leafLies } from './leaves.ts';
import type { Lie } from './lie.ts';
import { modelLies } from './models.ts';
import { playerLies } from './players.ts';
import { programLies } from './programs.ts';
import { roundingLies } from './rounding.ts';
import { stateLies } from './states.ts';

export async function allLies(world: CorpusWorld): Promise<Lie[]> {
  const lists = [leafLies, programLies, stateLies, inferenceLies, roundingLies, modelLies, playerLies, instructionLies];
  const lies: Lie[] = [];
  for (const make of lists) lies.push(...(await make(world)));
  return lies;
}
