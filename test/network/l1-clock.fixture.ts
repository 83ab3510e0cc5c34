// CONTRIBUTING.md#tests: L1's time in a test: it stands still while the parties work, and passes when the test says so.
import { setTimeout as delay } from 'node:timers/promises';
import { createRpcClient } from '../../service/http/client.ts';

export type L1Clock = {
  /** Unix seconds of the head. */
  now(): Promise<bigint>;
  /** A block that is so much later. Whoever must act before that has been waited for: what he has not done by then is late. */
  advance(seconds: number): Promise<void>;
  /** A block of this time, for what lapses at a time that somebody has written down. */
  advanceTo(time: bigint): Promise<void>;
  /** Second by second until `probe` gives something: for waits that no party can lose by. @throws Error after a day of L1's time */
  passUntil<T>(what: string, probe: () => Promise<T | undefined | false> | T | undefined | false): Promise<T>;
};

const DAY_SECONDS = 86_400;
/** Between two seconds: a part that looks at L1 every 50 ms sees most of them. */
const LOOK_MS = 20;

/** Of an anvil that mines when a transaction comes. From now on a block has the time of the one before. */
export async function holdClock(l1Url: string): Promise<L1Clock> {
  const rpc = createRpcClient(l1Url);
  await rpc('anvil_setBlockTimestampInterval', [0]);
  async function now(): Promise<bigint> {
    const { timestamp } = (await rpc('eth_getBlockByNumber', ['latest', false])) as { timestamp: string };
    return BigInt(timestamp);
  }
  async function advanceTo(time: bigint): Promise<void> {
    await rpc('evm_setNextBlockTimestamp', [Number(time)]);
    await rpc('evm_mine', []);
  }
  const advance = async (seconds: number) => advanceTo((await now()) + BigInt(seconds));
  return {
    now,
    advance,
    advanceTo,
    async passUntil(what, probe) {
      for (let passed = 0; passed < DAY_SECONDS; passed++) {
        const value = await probe();
        if (value !== undefined && value !== false) return value;
        await advance(1);
        await delay(LOOK_MS);
      }
      throw new Error(`${what} has not happened within a day of L1's time`);
    },
  };
}
