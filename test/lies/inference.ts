// docs/disputes.md#lies: inference results that the kernel refuses, claimed as taken, and the reverse.
import { encodeMessage } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import type { CorpusWorld } from './corpus-world.ts';
import { createCorpus, type Lie } from './lie.ts';
import { createSteps } from './steps.ts';

export async function inferenceLies(world: CorpusWorld): Promise<Lie[]> {
  const { after, rerun, withMessage } = createSteps(world);
  const { lies, add } = createCorpus(after);
  for (const [name, good] of world.inbox.believed) {
    const step = world.stepOf(name);
    add(`inference: a ${name} is taken`, step, await rerun(step, { message: receiveMessage(encodeMessage(good)) }));
  }
  const step = world.stepOf('result');
  const forged = world.inbox.messages.get('forged result');
  if (forged === undefined) throw new Error('there is no forged result');
  add(
    'inference: a good result is refused',
    step,
    await rerun(step, { message: receiveMessage(encodeMessage(forged)) }),
  );
  const of = (change: Parameters<typeof withMessage>[1]) => withMessage(step, change);
  const cheaper = await of((m) =>
    m.kind === 'InferenceResult' ? { ...m, items: m.items.map((item) => ({ ...item, outputTokens: 1n })) } : m,
  );
  add('inference: other token counts than those signed', step, cheaper);
  return lies;
}
