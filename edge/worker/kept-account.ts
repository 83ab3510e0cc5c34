// docs/edge.md#worker-accounts: the highest account that the gateway has signed for this worker: all that it has to keep.
import { type Address, type Hex, hexToBytes, isSameAddress } from '../../protocol/hex.ts';
import type { WorkerAccount } from '../../protocol/messages.ts';
import { recoverSigner } from '../../protocol/signature.ts';
import type { WorkerAccountFrame } from '../frames.ts';
import { hashWorkerAccount, type SignedFor } from '../signing.ts';

/** Where accounts are kept: what `put` has resolved for is there after a crash. */
export type AccountStore = {
  get(key: string): Promise<WorkerAccountFrame | undefined>;
  put(key: string, account: WorkerAccountFrame): Promise<void>;
};

export type KeptAccount = {
  /** The highest of this gateway; undefined if it has signed none. */
  of(signedFor: SignedFor): Promise<WorkerAccount | undefined>;
  /**
   * Keeps what the gateway has sent, if it has signed it and it is more than what is kept. The result is the account
   * that is kept then, durable if the worker has a folder, and whether the frame was good.
   */
  take(signedFor: SignedFor, frame: WorkerAccountFrame): Promise<boolean>;
};

const MAX_DIGITS = 78;

/** `store`: undefined keeps it as long as the process runs. */
export function createKeptAccount(worker: Address, store: AccountStore | undefined): KeptAccount {
  const kept = new Map<string, WorkerAccountFrame>();
  const keyOf = ({ domain, gateway }: SignedFor) =>
    `${domain.chainId}/${domain.verifyingContract}/${gateway}/${worker}`.toLowerCase();

  const read = async (signedFor: SignedFor): Promise<WorkerAccountFrame | undefined> => {
    const key = keyOf(signedFor);
    const known = kept.get(key) ?? (await store?.get(key));
    if (known !== undefined) kept.set(key, known);
    return known;
  };

  return {
    of: async (signedFor) => {
      const known = await read(signedFor);
      if (known === undefined) return undefined;
      const { total, signature } = known;
      return { gateway: signedFor.gateway, worker, total: BigInt(total), accountSignature: signature };
    },
    take: async (signedFor, { total, signature }) => {
      if (!isSigned(signedFor, worker, { total, signature })) return false;
      const known = await read(signedFor);
      if (known !== undefined && BigInt(total) <= BigInt(known.total)) return true;
      const key = keyOf(signedFor);
      await store?.put(key, { total, signature });
      kept.set(key, { total, signature });
      return true;
    },
  };
}

/** Whatever the gateway sends: its frames are not checked beyond their JSON. */
function isSigned({ domain, gateway }: SignedFor, worker: Address, { total, signature }: WorkerAccountFrame): boolean {
  if (typeof total !== 'string' || total.length > MAX_DIGITS || !/^[1-9]\d*$/.test(total)) return false;
  if (typeof signature !== 'string' || !/^0x[0-9a-f]{130}$/.test(signature)) return false;
  const hash: Hex = hashWorkerAccount(domain, { gateway, worker, total: BigInt(total) });
  return isSameAddress(recoverSigner(hexToBytes(hash), hexToBytes(signature)), gateway);
}
