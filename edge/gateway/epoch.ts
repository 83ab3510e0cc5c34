// docs/edge.md#queue: the starts of a gateway are told apart, by a number and a secret that stay in its store.
import { randomBytes } from 'node:crypto';
import { bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import type { Store } from '../../service/storage/store.ts';

/** The epoch makes the lease numbers of this start differ from those of every earlier start. */
export async function startEpoch(store: Store): Promise<{ epoch: number; secret: Uint8Array }> {
  const table = store.table<{ epoch: number; secret: Hex }>('gateway');
  const last = await table.get('start');
  const next = { epoch: (last?.epoch ?? 0) + 1, secret: last?.secret ?? bytesToHex(randomBytes(32)) };
  await store.write([table.put('start', next)]);
  return { epoch: next.epoch, secret: hexToBytes(next.secret) };
}
