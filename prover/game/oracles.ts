// docs/disputes.md#judged: a node's own traces of the steps that games are about.
import { keccakHex } from '../../protocol/tree.ts';
import type { AssertionRecord } from '../mirror.ts';
import type { ProverNode } from '../node.ts';
import { locateStep } from './locate.ts';
import { gatherTrace, readStep } from './trace-input.ts';
import type { ThreadTrace, Traces } from './traces.ts';

export type Oracles = {
  /** Our trace of step `step` of the assertion; undefined while we have not executed its range. */
  of(assertion: AssertionRecord, step: number): Promise<ThreadTrace | undefined>;
};

export function createOracles(node: ProverNode, traces: Traces): Oracles {
  return {
    async of(assertion, step) {
      const place = await locateStep(node, assertion, step);
      if (place === undefined) return undefined;
      const { stateLeaf, message } = place;
      const input = await readStep(node, message);
      const key = [stateLeaf, input.context, input.message].map(keccakHex).join('');
      return traces.open(key, () => gatherTrace(node, stateLeaf, input));
    },
  };
}
