// docs/disputes.md#judged: a node's own traces of the steps that games are about.
import type { AssertionRecord } from '../node/l1/mirror.ts';
import type { NetworkNode } from '../node/node.ts';
import type { StepInAssertion } from '../protocol/step-numbers.ts';
import { keccakHex } from '../protocol/tree.ts';
import { locateStep } from './trace/locate.ts';
import { gatherTrace, readStep } from './trace/trace-input.ts';
import type { ThreadTrace, Traces } from './trace/traces.ts';

export type Oracles = {
  /**
   * Our own trace of a step of the assertion. The result is undefined while we have not executed the assertion's range.
   */
  of(assertion: AssertionRecord, step: StepInAssertion): Promise<ThreadTrace | undefined>;
};

export function createOracles(node: NetworkNode, traces: Traces): Oracles {
  return {
    async of(assertion, step) {
      const place = await locateStep(node, assertion, step);
      if (place === undefined) return undefined;
      const { stateLeaf, message } = place;
      const input = await readStep(node, message);
      const key = [stateLeaf, input.context, input.message.bytes].map(keccakHex).join('');
      return traces.open(key, () => gatherTrace(node, stateLeaf, input));
    },
  };
}
