// docs/edge.md#worker-accounts: the accounts of a worker in its data folder.
import type { Store } from '../../service/storage/store.ts';
import type { WorkerAccountFrame } from '../frames.ts';
import type { AccountStore } from './kept-account.ts';

export function createAccountTable(store: Store): AccountStore {
  const table = store.table<WorkerAccountFrame>('account');
  return { get: table.get, put: (key, account) => store.write([table.put(key, account)]) };
}
