// docs/operations.md#sequencer: runs the program of a coming Advance message, so that the step finds its result.
import type { Kernel } from '../../kernel/run.ts';
import type { NodeStore } from '../../node/nodes.ts';
import { type ExecSource, execInputsOf } from '../../node/transition.ts';
import { encodeExecResult } from '../../protocol/state.ts';

export type PrepareParts = { readonly kernel: Kernel; readonly nodes: NodeStore; readonly pool: ExecSource };

/**
 * Runs the kernel on the message as if it came next, and then the program that the kernel asks for. It resolves when
 * the program's result is known, or at once if the kernel asks for none. When the step comes, the run may have less
 * left, so that the program's gas limit is lower: the result under that limit then follows from the known one. If the
 * signal aborts, the program is ended unless somebody else wants its result.
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
