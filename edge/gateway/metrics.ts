// docs/operations.md#http: what a gateway tells of itself at /metrics.
import { createGauges } from '../../service/process/gauges.ts';
import type { GatewayCanaries } from '../canaries/open.ts';
import type { Accounts } from './accounts.ts';
import type { Memory } from './memory.ts';
import type { Outbox } from './outbox.ts';
import type { Queue } from './queue.ts';
import type { Sessions } from './sessions.ts';
import type { SettledAmounts } from './settled.ts';

export type GatewayMetricsParts = {
  readonly queue: Pick<Queue, 'size'>;
  readonly memory: Pick<Memory, 'held'>;
  readonly outbox: Pick<Outbox, 'unsettled'>;
  readonly accounts: Pick<Accounts, 'total'>;
  /** These are there once the gateway is up. */
  readonly sessions: () => Pick<Sessions, 'list'>;
  readonly settled: () => Pick<SettledAmounts, 'total'>;
  readonly canaries: Pick<GatewayCanaries, 'kept' | 'counts'> | undefined;
};

export function addGatewayMetrics(metrics: Parameters<typeof createGauges>[0], parts: GatewayMetricsParts): void {
  const { queue, memory, outbox, accounts, sessions, settled, canaries } = parts;
  const gauge = createGauges(metrics, 'gateway');
  gauge('open_tasks', 'Infer tasks that are being worked on', () => queue.size().tasks);
  gauge('open_rows', 'Rows without a result', () => queue.size().openRows);
  gauge('leased_rows', 'Rows that workers hold', () => queue.size().leasedRows);
  gauge('held_bytes', 'Memory that tasks hold', () => memory.held());
  gauge('workers', 'Connected workers', () => sessions().list().length);
  gauge('workers_earned_wei', 'What workers have earned since ever', () => Number(accounts.total()));
  gauge('workers_settled_wei', 'What of it the network has paid, as far as it was read', () =>
    Number(settled().total()),
  );
  gauge('unsettled_batches', 'Signed batches without a receipt', () => outbox.unsettled());
  if (canaries === undefined) return;
  gauge('canaries', 'Planted items that are not done with', () => canaries.kept());
  gauge('canaries_opened', 'Since the start', () => canaries.counts.opened);
  gauge('canaries_missed', 'Since the start, not opened in time', () => canaries.counts.missed);
  gauge('canaries_rewarded', 'Since the start', () => canaries.counts.rewarded);
}
