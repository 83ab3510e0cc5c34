// docs/edge.md#worker-accounts: a worker account as text, to be handed on: a page shows it, and `mizu settle` takes it.
import type { WorkerAccount } from '../../protocol/messages.ts';

/** `total` in wei, as a decimal string. */
export function formatAccount({ gateway, worker, total, accountSignature }: WorkerAccount): string {
  return JSON.stringify({ gateway, worker, total: String(total), accountSignature }, null, 2);
}
