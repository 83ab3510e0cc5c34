// docs/disputes.md#lies: asserters that lie in the game, too: wrong lists from each round on, silence, a wrong end.

import type { CorpusWorld } from './corpus-world.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps } from './steps.ts';

/** Lists that the asserter posts, and those that it has to answer. */
const OWN_LISTS = [2, 4, 6, 8];
const LISTS_TO_ANSWER = [1, 3, 5, 7];

export async function playerLies(world: CorpusWorld): Promise<Lie[]> {
  const { after, changed } = createSteps(world);
  const { lies, add } = createCorpus(after);
  const step = world.stepOf('deploy');
  let at = 0;
  // Each has a leaf of its own: one content is asserted once.
  const leaf = () => changed(step, ++at);
  for (const list of OWN_LISTS) {
    add(`asserter: garbage from list ${list} on`, step, leaf(), { conduct: { garbageFrom: list } });
    add(`asserter: disputes and posts garbage from list ${list} on`, step, leaf(), {
      conduct: { garbageFrom: list, blind: true },
    });
  }
  for (const list of LISTS_TO_ANSWER)
    add(`asserter: is silent to list ${list}`, step, leaf(), { conduct: { silentAt: list } });
  add('asserter: its trace ends in a failed machine', step, leaf(), { conduct: { halted: { kind: 'failed' } } });
  const right = after(step);
  add('asserter: its trace ends in the right leaf', step, leaf(), {
    conduct: { halted: { kind: 'commit', leaf: right } },
  });
  add('asserter: its trace ends in a result of a program', step, leaf(), {
    conduct: { halted: { kind: 'result', leaf: right } },
  });
  return lies;
}
