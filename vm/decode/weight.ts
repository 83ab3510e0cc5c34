// docs/vm.md#weight: what an instruction costs its compiler: the values and locals that the compiler has to look at. It
// is counted before anything is compiled.
import type { FunctionType } from '../wasm/module.ts';
import { WASM } from '../wasm/opcodes.ts';
import { moduleTooLarge } from '../wasm/read.ts';
import type { Instr } from './body.ts';
import { FUNCTION_WEIGHT_MAX, LOOP_WEIGHT_MAX } from './limits.ts';
import { PLAIN } from './plain.ts';

type Scope = {
  /** Height of the operand stack below the parameters. */
  readonly base: number;
  readonly params: number;
  readonly results: number;
  readonly loop: boolean;
};

export type WeighedModule = {
  readonly types: readonly FunctionType[];
  /** Undefined if there is no such function: validation reports it. */
  typeOf(func: number): FunctionType | undefined;
};

export type Weigher = {
  add(instruction: Instr): void;
  weight(): number;
};

/** Machine code for one value of a call is eight times as long as that for one value of a branch. */
const CALL_WEIGHT = 8;
const NOTHING: FunctionType = { params: [], results: [] };

/**
 * Of an invalid module the weight means nothing, and validation refuses it. @@ @throws MizuError `vm/too-large` from
 * `add`
 */
export function createWeigher(module: WeighedModule, type: FunctionType, locals: number, at: number): Weigher {
  const all = locals + type.params.length;
  const scopes: Scope[] = [{ base: 0, params: 0, results: type.results.length, loop: false }];
  let height = 0;
  let instructions = 0;
  let loops = 1;
  // The rewrite compares gas and slots at the entry of a function.
  let weight = 2 * all;

  const move = (pops: number, pushes: number): void => {
    height = Math.max(scopes.at(-1)?.base ?? 0, height - pops) + pushes;
  };
  const dead = (): void => {
    height = scopes.at(-1)?.base ?? 0;
  };
  const arity = (scope: Scope): number => (scope.loop ? scope.params : scope.results);
  // The values and locals of the state that a branch is merged into.
  const branch = (label: number): number => {
    const scope = scopes[scopes.length - 1 - label];
    return scope === undefined ? 0 : all + scope.base + arity(scope);
  };
  const open = (op: number, blockType: number): void => {
    const { params, results } = typeOfBlock(module, blockType);
    if (op === WASM.if) move(1, 0);
    // The rewrite puts a comparison at the head of a loop, which is a block of its own.
    weight += (op === WASM.loop ? 2 : 1) * (all + height + params + results);
    if (op === WASM.loop) loops++;
    scopes.push({ base: Math.max(0, height - params), params, results, loop: op === WASM.loop });
  };
  const close = (op: number): void => {
    const scope = scopes.at(-1);
    if (scope === undefined) return;
    weight += all + scope.base + scope.params + scope.results;
    height = scope.base + (op === WASM.else ? scope.params : scope.results);
    if (op === WASM.end) scopes.pop();
  };
  const call = ({ params, results }: FunctionType): void => {
    // V8 moves each value to memory and back, and the rewrite does the same in its own frame.
    weight += CALL_WEIGHT * (params.length + results.length);
    move(params.length, results.length);
  };
  const table = (targets: readonly number[]): void => {
    for (const label of new Set(targets)) weight += branch(label);
    for (const label of targets) {
      const scope = scopes[scopes.length - 1 - label];
      weight += 1 + (scope === undefined ? 0 : arity(scope));
    }
  };
  const other = ({ op, a, targets }: Instr): void => {
    switch (op) {
      case WASM.block:
      case WASM.loop:
      case WASM.if:
        open(op, a);
        break;
      case WASM.else:
      case WASM.end:
        close(op);
        break;
      case WASM.br:
        weight += branch(a);
        dead();
        break;
      case WASM.brIf:
        move(1, 0);
        weight += branch(a);
        break;
      case WASM.brTable:
        table(targets ?? []);
        dead();
        break;
      case WASM.return:
        weight += type.results.length;
        dead();
        break;
      case WASM.unreachable:
        dead();
        break;
      case WASM.call:
        call(module.typeOf(a) ?? NOTHING);
        break;
      case WASM.callIndirect:
        move(1, 0);
        call(module.types[a] ?? NOTHING);
        break;
      case WASM.memoryGrow:
        weight += all + height;
        break;
      default:
        move(POPS.get(op) ?? 0, PUSHES.has(op) ? 1 : 0);
    }
  };
  return {
    add(instruction) {
      instructions++;
      weight++;
      const plain = PLAIN[instruction.op];
      if (plain === undefined) other(instruction);
      else if (plain.kind === 'binary') move(2, 1);
      else if (plain.kind === 'store') move(2, 0);
      if (weight > FUNCTION_WEIGHT_MAX)
        throw moduleTooLarge(
          'locals and values at the blocks and branches of a function',
          FUNCTION_WEIGHT_MAX,
          weight,
          at,
        );
      if (loops * instructions > LOOP_WEIGHT_MAX)
        throw moduleTooLarge('loops times instructions in a function', LOOP_WEIGHT_MAX, loops * instructions, at);
    },
    weight: () => weight,
  };
}

const PUSHES = new Set<number>([
  WASM.localGet,
  WASM.globalGet,
  WASM.memorySize,
  WASM.i32Const,
  WASM.i64Const,
  WASM.f32Const,
  WASM.f64Const,
]);
const POPS = new Map<number, number>([
  [WASM.drop, 1],
  [WASM.localSet, 1],
  [WASM.globalSet, 1],
  [WASM.select, 2],
  [WASM.memoryFill, 3],
  [WASM.memoryCopy, 3],
  [WASM.memoryInit, 3],
]);

function typeOfBlock({ types }: WeighedModule, blockType: number): { params: number; results: number } {
  if (blockType === -64) return { params: 0, results: 0 };
  if (blockType < 0) return { params: 0, results: 1 };
  const { params, results } = types[blockType] ?? NOTHING;
  return { params: params.length, results: results.length };
}
