// docs/vm.md#engines: the native engine. V8 runs the rewritten module; gas, status and output are those of the lowered
// code.
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { INSTRUCTION_BYTES, OP } from '../../protocol/isa.ts';
import { hashProgram, type ProgramHeader } from '../../protocol/program.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { requireFit } from '../fit.ts';
import { createHost, type Host, HostExit, HostFault } from '../host.ts';
import { loadModule } from '../load.ts';
import { assembleProgram, createProgram, type Image, type Program } from '../program.ts';
import { faultResult, HostAbort, type ProgramRun, type RunFault, type RunResult } from '../run.ts';
import type { Module } from '../wasm/module.ts';
import { type LoweredFacts, loweredFacts, programDifference } from './compare.ts';
import { createInstance, type InstanceParts, MemoryRefused, type NativeInstance } from './instance.ts';
import { FAULT_OUT_OF_GAS, FAULT_OUTPUT, FAULT_SLOTS } from './layout.ts';
import { buildNativeModule, type NativeModule, type NativeOptions } from './module.ts';
import type { RewritePart } from './rewrite.ts';

/**
 * A program and the module that it was lowered from, with the name of its entry. Who gives its parts has checked that
 * they are those of its header.
 */
export type NativeSource = Program & {
  readonly wasm: Uint8Array;
  readonly entry?: string | undefined;
  /** True if the program starts from an image and not from the module's own state. */
  readonly fromImage: boolean;
};

/** A module of one's own, without a program from the network. */
export type ModuleSource = {
  readonly wasm: Uint8Array;
  readonly entry?: string | undefined;
  readonly image?: Image | undefined;
};

export type NativeProgram = {
  readonly kind: 'native';
  readonly programId: Hex;
  readonly header: ProgramHeader;
  /** About how many bytes the program keeps until its next run: the image, an instance, its share of compiled code. */
  keptBytes(): number;
};

/**
 * The program has no native form: the module does not lower to it or breaks a bound, or V8 refuses it. Only the step
 * machine may run it.
 */
export type Mismatch = { readonly kind: 'mismatch'; readonly programId: Hex; readonly reason: string };

export type NativeEngine = {
  /**
   * Lowers the module and compares; compiled modules are kept for later programs with the same module.
   * @throws MizuError `vm/unfit-program`
   */
  load(source: NativeSource): NativeProgram | Mismatch;
  /**
   * Makes the program of a module and loads it, both from one lowering.
   * @throws MizuError as `loadModule` and `createProgram` do, `vm/unfit-program`
   */
  lower(source: ModuleSource): { readonly program: Program; readonly loaded: NativeProgram | Mismatch };
  /**
   * Runs a program. It is pure: the same request gives the same result. `pages` is the most pages of memory that the
   * host gives; without it, the host gives as many as the program may have. @@ @throws NativeFailed if V8 did not get
   * to a result: that says nothing about the program
   */
  run(program: NativeProgram, request: ProgramRun, pages?: number): RunResult;
};

/** V8's stack, memory or patience ended before the program did. The step machine has the result. */
export class NativeFailed extends Error {
  /** True if the run may succeed with more pages than the host gave. */
  readonly needsMemory: boolean;

  constructor(cause: unknown) {
    super('The native engine failed.', { cause });
    this.name = 'NativeFailed';
    this.needsMemory = cause instanceof MemoryRefused;
  }
}

type Compiled = InstanceParts & { readonly facts: LoweredFacts; readonly dropsData: boolean; readonly bytes: number };
type Loaded = NativeProgram & {
  readonly memory: Uint8Array;
  readonly slots: Uint8Array;
  readonly native: Compiled;
  instance: { readonly used: NativeInstance; readonly pages: number } | undefined;
};

const MODULES_KEPT = 16;
/** Bytes of machine code and tables that V8 keeps for a byte of the rewritten module: 5 to 12 for published modules. */
const CODE_BYTES_PER_BYTE = 12;

/** `without` is for measurements alone: it changes the gas of a run. */
export function createNativeEngine(without?: RewritePart): NativeEngine {
  const modules = new Map<string, Compiled>();
  /** `own` is given if the program is what this engine has lowered. */
  const compile = (source: NativeSource, own?: NativeModule): Compiled => {
    const { wasm, entry = '_start', fromImage } = source;
    const key = `${keccakHex(wasm)} ${fromImage} ${entry} ${source.code.length}`;
    const known = modules.get(key);
    if (known !== undefined) return known;
    // A lowering that is longer than the program is not the program's: the work ends there.
    const maxInstructions = source.code.length / INSTRUCTION_BYTES;
    const native =
      own ?? buildNativeModule(loadModule(wasm), { entry, callStart: !fromImage, maxInstructions, without });
    const compiled = new WebAssembly.Module(native.wasm as BufferSource);
    const kept: Compiled = {
      compiled,
      globalSlots: native.lowered.globalSlots,
      facts: loweredFacts(native.lowered, own && source.header),
      dropsData: native.dropsData,
      bytes: native.wasm.length * CODE_BYTES_PER_BYTE,
    };
    modules.set(key, kept);
    if (modules.size > MODULES_KEPT) modules.delete(modules.keys().next().value!);
    return kept;
  };
  const load = (source: NativeSource, own?: NativeModule): NativeProgram | Mismatch => {
    requireFit(source);
    const programId = hashProgram(source.header);
    let native: Compiled;
    try {
      native = compile(source, own);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return { kind: 'mismatch', programId, reason: `${(error as Error).message} ${actualOf(error)}`.trim() };
    }
    const reason = programDifference(source, native.facts);
    if (reason !== undefined) return { kind: 'mismatch', programId, reason };
    const { header, memory, slots } = source;
    const loaded: Loaded = {
      kind: 'native',
      programId,
      header,
      memory,
      slots,
      native,
      instance: undefined,
      keptBytes: () => memory.length + native.bytes + (loaded.instance?.used.memory().length ?? 0),
    };
    return loaded;
  };
  return {
    load: (source) => load(source),
    lower({ wasm, entry = '_start', image }) {
      const module = loadModule(wasm);
      const fromImage = image !== undefined;
      const built = tryToBuild(module, { entry, callStart: !fromImage, without });
      // Perhaps only the rewrite is refused: then there is a program, which only the step machine can run.
      const program = built ? assembleProgram(module, built.lowered, image) : createProgram({ module, image, entry });
      return { program, loaded: load({ ...program, wasm, entry, fromImage }, built) };
    },
    run: (program, request, pages = program.header.pagesMax) => runLoaded(program as Loaded, request, pages),
  };
}

/**
 * Whether the code begins with the stub of a program that starts from an image: `call` the entry, `halt`. Without a
 * start function all programs do.
 */
export function startsFromImage(code: Uint8Array): boolean {
  return code[INSTRUCTION_BYTES] === OP.halt >> 8 && code[INSTRUCTION_BYTES + 1] === (OP.halt & 0xff);
}

function tryToBuild(module: Module, options: NativeOptions): NativeModule | undefined {
  try {
    return buildNativeModule(module, options);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return undefined;
  }
}

// V8 refuses a module that is too large for it by a CompileError or a RangeError.
function isRefusal(error: unknown): boolean {
  return error instanceof MizuError || error instanceof WebAssembly.CompileError || error instanceof RangeError;
}

function actualOf(error: unknown): string {
  return error instanceof MizuError ? (error.actual ?? '') : '';
}

function runLoaded(program: Loaded, request: ProgramRun, pages: number): RunResult {
  if (request.seed.length !== 32 || request.gasLimit < 0n || request.gasLimit >= 1n << 62n) throw badRequest(request);
  const kept = program.instance;
  // Whatever goes wrong, an instance that was used is not used again.
  program.instance = undefined;
  try {
    const instance = kept?.pages === pages ? kept.used : createInstance(program.native, program, pages);
    instance.reset(request.gasLimit);
    const host = createHost(request, instance.memory);
    const result = settle(instance.run(host), instance, host, request.gasLimit);
    if (!program.native.dropsData && instance.reusable()) program.instance = { used: instance, pages };
    return result;
  } catch (error) {
    throw error instanceof HostAbort || error instanceof NativeFailed ? error : new NativeFailed(error);
  }
}

type Ending = ReturnType<NativeInstance['run']>;

function settle(ending: Ending, instance: NativeInstance, host: Host, gasLimit: bigint): RunResult {
  const { thrown } = ending;
  const left = instance.gas();
  if (thrown instanceof HostExit) {
    return { status: thrown.code, output: host.output(), gasUsed: gasLimit - left, committed: thrown.committed };
  }
  if (thrown !== undefined) return faultResult(gasLimit, faultOf(thrown, instance.fault()));
  if (left < 0n) return faultResult(gasLimit, outOfGas);
  return { status: 0, output: host.output(), gasUsed: gasLimit - left };
}

const outOfGas: RunFault = { kind: 'out-of-gas', message: 'The run used up its gas.' };

function faultOf(thrown: unknown, mark: number): RunFault {
  if (thrown instanceof HostFault) return { kind: 'host', message: thrown.message };
  if (thrown instanceof WebAssembly.RuntimeError) {
    if (mark === FAULT_OUT_OF_GAS) return outOfGas;
    if (mark === FAULT_SLOTS) return { kind: 'slots', message: 'The calls are nested too deeply for the slot region.' };
    if (mark === FAULT_OUTPUT) return { kind: 'host', message: 'The output is too long.' };
    return { kind: 'trap', message: thrown.message };
  }
  // No fault: HostAbort is the caller's, and any other error says nothing about the program (when V8's stack ends, by a
  // RangeError, depends on its compilers).
  throw thrown instanceof HostAbort ? thrown : new NativeFailed(thrown);
}

function badRequest(request: ProgramRun): MizuError {
  return new MizuError({
    code: 'vm/bad-request',
    message: 'The run cannot be started.',
    expected: 'a seed of 32 bytes and a gas limit below 2^62',
    actual: `${request.seed.length} bytes, ${request.gasLimit}`,
    hint: 'Give the run a seed of 32 bytes.',
  });
}
