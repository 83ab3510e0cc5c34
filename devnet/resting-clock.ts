// docs/operations.md#devnet-l1: L1's blocks: one a second while something happens on it, few while it rests.
import { createRpcClient } from '../service/http/client.ts';

export type RestingClock = {
  block(isBusy: boolean): void;
  pending(): void;
  /** From now on there is a block each second, for good. */
  wake(): void;
};

/** After the last transaction so many blocks follow a second apart: longer than any window that somebody waits for. */
const BUSY_BLOCKS = 60;
/** Seconds between blocks at rest, as on Ethereum: all parts work with such blocks. */
const REST_SECONDS = 12;

/** Blocks are `blockSeconds` apart now. */
export function createRestingClock(
  l1Url: string,
  blockSeconds: number,
  onFailure: (error: unknown) => void,
): RestingClock {
  const rpc = createRpcClient(l1Url);
  let quiet = 0;
  let isResting = false;
  let isOver = false;
  const setInterval = (seconds: number) => rpc('evm_setIntervalMining', [seconds]);
  const stir = () => {
    quiet = 0;
    if (!isResting) return;
    isResting = false;
    // The transaction that waits gets its block at once.
    void setInterval(blockSeconds)
      .then(() => rpc('evm_mine', []))
      .catch(onFailure);
  };
  return {
    block(isBusy) {
      if (isBusy) return stir();
      quiet += 1;
      if (quiet < BUSY_BLOCKS || isResting || isOver) return;
      isResting = true;
      void setInterval(REST_SECONDS).catch(onFailure);
    },
    pending: stir,
    wake() {
      isOver = true;
      stir();
    },
  };
}
