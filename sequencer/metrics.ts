// docs/operations.md#sequencer: what the sequencer counts.

import { Counter, type Registry } from 'prom-client';
import { createGauges } from '../service/process/gauges.ts';

export function createMetrics() {
  const steps = new Counter({
    name: 'mizu_sequencer_steps_total',
    help: 'Steps executed',
    labelNames: ['kind', 'ok'],
    registers: [],
  });
  const calls = new Counter({
    name: 'mizu_sequencer_calls_total',
    help: 'JSON-RPC calls',
    labelNames: ['method', 'ok'],
    registers: [],
  });
  const l1Gas = new Counter({ name: 'mizu_sequencer_l1_gas_total', help: 'L1 gas spent on batches', registers: [] });
  return {
    steps,
    calls,
    l1Gas,
    register: (
      registry: Registry,
      health: () => {
        head: number;
        batch: number;
        posted: number;
        waiting: number;
        tasks: { ready: number; ahead: number };
      },
    ) => {
      registry.registerMetric(steps);
      registry.registerMetric(calls);
      registry.registerMetric(l1Gas);
      const gauge = createGauges(registry, 'sequencer');
      gauge('head_step', 'Steps since genesis at the soft head', () => health().head);
      gauge('unposted_batches', 'Closed batches that L1 does not have', () => health().batch - health().posted);
      gauge('waiting_messages', 'Admitted messages that are not executed yet', () => health().waiting);
      gauge('ready_tasks', 'Exec tasks that are ready', () => health().tasks.ready);
      gauge('ahead_tasks', 'Programs that run ahead', () => health().tasks.ahead);
    },
  };
}
