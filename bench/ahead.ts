// docs/prover.md#ahead: processor time for each million gas that is paid, of runs whose first task fails at once while
// their other tasks never end.
import { setTimeout as delay } from 'node:timers/promises';
import { createMemoryObjects } from '../service/storage/objects.ts';
import { GAS_PRICE } from '../test/kernel/world.fixture.ts';
import { FIRST_FAILS } from '../test/modules/first-fails.fixture.ts';
import { assembleSource, createRunMessages, openTestNode, toSteps } from '../test/network/chain.fixture.ts';

const RUNS = 20;
const PARTITIONS = 8;
const WORKERS = 2;
const RULES = [
  { rule: 'all tasks of a run ahead', ahead: () => Number.POSITIVE_INFINITY },
  { rule: 'as many as the run has paid for', ahead: undefined },
] as const;

/** One row for each rule: runs one after the other, each in a batch of its own, as an executor gets them. */
export async function benchAhead(): Promise<object[]> {
  const rows: object[] = [];
  for (const { rule, ahead } of RULES) {
    const node = await openTestNode(createMemoryObjects(), WORKERS, ahead === undefined ? {} : { ahead });
    const source = await assembleSource(FIRST_FAILS);
    let leaf = node.genesis.stateLeaf;
    let paidWei = 0n;
    let cpuMs = 0;
    let begun = 0;
    for (let run = -1; run < RUNS; run++) {
      const made = await createRunMessages(node.objects, PARTITIONS, BigInt(2 * (run + 1)), undefined, {
        source,
        taskGasLimit: 2n ** 33n,
        name: `run ${run}`,
      });
      const first = run < 0 ? [made.deposit] : [];
      const steps = toSteps(BigInt(run + 1), [...first, ...made.messages], first.length);
      const cpu = process.cpuUsage();
      for (const [i, { context, message }] of steps.entries()) {
        const started = node.transition.speculate(leaf, steps.slice(i));
        const { stateLeaf, receipt } = await node.transition.step(leaf, context, message);
        leaf = stateLeaf;
        // The first run warms up, and does not count.
        if (run < 0) continue;
        begun += started;
        paidWei += BigInt(receipt.feeWei ?? 0);
      }
      // The programs that were ended must be gone before the next run.
      while (node.pool.stats().running > 0) await delay(1);
      const { user, system } = process.cpuUsage(cpu);
      if (run >= 0) cpuMs += (user + system) / 1000;
    }
    await node.close();
    const paidMegagas = Number(paidWei / GAS_PRICE) / 1e6;
    const cpuSeconds = cpuMs / 1000;
    rows.push({
      rule,
      runs: RUNS,
      begunAhead: begun,
      cpuSecondsPerRun: cpuSeconds / RUNS,
      paidMegagasPerRun: paidMegagas / RUNS,
      cpuSecondsPerMegagas: cpuSeconds / paidMegagas,
    });
  }
  return rows;
}
