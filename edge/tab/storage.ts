// docs/edge.md#tab-storage: what a page keeps in the browser's storage of its gateway's address.
import { secp256k1 } from '@noble/curves/secp256k1.js';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import type { WorkerAccountFrame } from '../frames.ts';
import type { AccountStore } from '../worker/kept-account.ts';

export type TabStorage = {
  /** Made at the first visit. */
  readonly privateKey: Hex;
  /** Empty if there is none. */
  invitation(): string;
  keepInvitation(text: string): void;
  readonly accounts: AccountStore;
};

const KEY = 'mizu-worker/key';
const INVITATION = 'mizu-worker/invitation';
const ACCOUNT = 'mizu-worker/account/';

/** `storage` is the page's `localStorage`. */
export function openTabStorage(storage: Pick<Storage, 'getItem' | 'setItem'>): TabStorage {
  return {
    privateKey: readKey(storage),
    invitation: () => storage.getItem(INVITATION) ?? '',
    keepInvitation: (text) => storage.setItem(INVITATION, text),
    accounts: {
      get: async (key) => {
        const text = storage.getItem(`${ACCOUNT}${key}`);
        return text === null ? undefined : (JSON.parse(text) as WorkerAccountFrame);
      },
      put: async (key, account) => storage.setItem(`${ACCOUNT}${key}`, JSON.stringify(account)),
    },
  };
}

function readKey(storage: Pick<Storage, 'getItem' | 'setItem'>): Hex {
  const kept = storage.getItem(KEY);
  if (kept !== null) return kept as Hex;
  const made = bytesToHex(secp256k1.utils.randomSecretKey());
  storage.setItem(KEY, made);
  return made;
}
