// docs/vm.md#code: which locals may be read before they are written and must start as zero.
import type { Instr } from '../decode/body.ts';
import { WASM } from '../wasm/opcodes.ts';

type Scope = { readonly kind: number; readonly mark: number; targeted: boolean };

/**
 * Locals, ascending, that some path may read before writing. What a block assigned counts after its end
 * only if no branch leaves the block and it is no arm of an `if`.
 */
export function findUnassignedReads(instructions: readonly Instr[], params: number, locals: number): number[] {
  const assigned = new Uint8Array(params + locals).fill(1, 0, params);
  const journal: number[] = [];
  const found = new Set<number>();
  const scopes: Scope[] = [{ kind: WASM.block, mark: 0, targeted: false }];
  const undo = (mark: number): void => {
    while (journal.length > mark) assigned[journal.pop()!] = 0;
  };
  const target = (label: number): void => {
    scopes[scopes.length - 1 - label]!.targeted = true;
  };
  for (const { op, a, targets } of instructions) {
    if (op === WASM.localGet) {
      if (assigned[a] === 0) found.add(a);
    } else if (op === WASM.localSet || op === WASM.localTee) {
      if (assigned[a] === 0) {
        assigned[a] = 1;
        journal.push(a);
      }
    } else if (op === WASM.block || op === WASM.loop || op === WASM.if) {
      scopes.push({ kind: op, mark: journal.length, targeted: false });
    } else if (op === WASM.else) {
      undo(scopes.at(-1)!.mark);
    } else if (op === WASM.end) {
      const scope = scopes.pop()!;
      if (scope.kind === WASM.if || (scope.kind === WASM.block && scope.targeted)) undo(scope.mark);
    } else if (op === WASM.br || op === WASM.brIf) {
      target(a);
    } else if (targets !== undefined) {
      for (const label of targets) target(label);
    }
  }
  return [...found].sort((x, y) => x - y);
}
