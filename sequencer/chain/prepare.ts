// docs/operations.md#sequencer: runs the program of a coming Advance message, so that the step finds its result.
import type { Kernel } from '../../kernel/run.ts';
import type { NodeStore } from '../../node/nodes.ts';
import { type ExecSource, execInputsOf } from '../../node/transition.ts';
import { encodeExecResult } from '../../protocol/state.ts';

export type PrepareParts = { readonly kernel: Kernel; readonly nodes: NodeStore; readonly pool: ExecSource };

/**
 * Runs the kernel on the message as if it came next, and the program that it asks for. Resolves when the result is known,
 * at once if the kernel asks for none. When the step comes its gas limit may be less, as its run has less: that is known then, too.
 * Aborted, the program is ended if nobody else wants it.
 */
export async function prepareStep(
  parts: PrepareParts,
  stateLeaf: Uint8Array,
  context: Uint8Array,
  message: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const answer = parts.kernel.step({
    stateLeaf,
    context,
    message,
    getNode: parts.nodes.get,
    getExec: (leaf) => {
      const result = parts.pool.known(leaf.slice());
      return result === undefined ? undefined : encodeExecResult(result);
    },
  });
  if (answer.kind === 'done') return;
  if (answer.nodes.length > 0) throw new Error(`trie nodes are missing: ${answer.nodes.join(', ')}`);
  await Promise.all(
    answer.execs.map((request) =>
      parts.pool.exec(request, execInputsOf(request, answer.objects), answer.objects, signal),
    ),
  );
}
