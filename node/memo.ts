// docs/prover.md#memo: what is known of programs by the hash of their request without its gas limit, bounded in memory and on disk.
import { bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import type { Operation, Store } from '../service/storage/store.ts';
import { decodeExecResult, type ExecResult, encodeExecResult } from './exec-result.ts';

export type Memo = {
  get(key: Hex): ExecResult | undefined;
  /** Replaces what was there. The output object must be stored before. */
  put(key: Hex, result: ExecResult): Promise<void>;
};

export type MemoLimits = { readonly hotEntries: number; readonly storedEntries: number };

const LIMITS: MemoLimits = { hotEntries: 16_384, storedEntries: 1_000_000 };
const NEXT = 'next';

/** On disk the entries form a ring: entry n takes the place of entry n - storedEntries. */
export async function createMemo(store: Store, limits: MemoLimits = LIMITS): Promise<Memo> {
  const table = store.bytes('memo');
  const hot = new Map<Hex, ExecResult>();
  const stored = await table.get(NEXT);
  let next = stored === undefined ? 0 : Number(new TextDecoder().decode(stored));

  function heat(key: Hex, result: ExecResult): void {
    hot.delete(key);
    hot.set(key, result);
    const coldest = hot.keys().next().value;
    if (hot.size > limits.hotEntries && coldest !== undefined) hot.delete(coldest);
  }

  return {
    get(key) {
      const known = hot.get(key);
      if (known !== undefined) return known;
      const bytes = table.getSync(resultKey(key));
      if (bytes === undefined) return undefined;
      const result = decodeExecResult(bytes);
      heat(key, result);
      return result;
    },
    async put(key, result) {
      heat(key, result);
      if (table.getSync(resultKey(key)) !== undefined) {
        await store.write([table.put(resultKey(key), encodeExecResult(result))], { sync: false });
        return;
      }
      const place = placeKey(next % limits.storedEntries);
      next++;
      const writes: Operation[] = [];
      const replaced = table.getSync(place);
      if (replaced !== undefined) writes.push(table.delete(resultKey(bytesToHex(replaced))));
      writes.push(
        table.put(resultKey(key), encodeExecResult(result)),
        table.put(place, hexToBytes(key)),
        table.put(NEXT, new TextEncoder().encode(String(next))),
      );
      await store.write(writes, { sync: false });
    },
  };
}

function resultKey(key: Hex): string {
  return `r${key}`;
}

function placeKey(place: number): string {
  return `p${place}`;
}
