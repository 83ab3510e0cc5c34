// A sequencer in this process, for tests of it on a test network.
import type { Hex } from '../../protocol/hex.ts';
import { type Sequencer, startSequencer } from '../../sequencer/main.ts';
import { createLogger } from '../../service/process/log.ts';
import { keyOf, type TestNetwork } from './network.fixture.ts';

/** On a free port, with batches that are closed soon; `name` is that of its data folder. Says nothing unless MIZU_LOG is set. */
export function startTestSequencer(
  network: TestNetwork,
  name = 'sequencer',
  { key = keyOf(1), ageSeconds = 0.2 }: { readonly key?: Hex; readonly ageSeconds?: number } = {},
): Promise<Sequencer> {
  return startSequencer({
    ...network.config(name),
    key,
    http: { port: 0 },
    batch: { ageSeconds },
    log: createLogger('sequencer', process.env.MIZU_LOG ?? 'silent'),
  });
}
