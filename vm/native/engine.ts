// docs/vm.md#engines: the native engine. V8 runs the rewritten module; gas, status and output are those of the lowered code.
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { keccakHex } from '../../protocol/tree.ts';
import { createHost, type Host, HostExit, HostFault } from '../host.ts';
import { loadModule } from '../load.ts';
import { hashProgram, type Program, type ProgramHeader } from '../program.ts';
import { type Fault, faultResult, HostAbort, type RunRequest, type RunResult } from '../run.ts';
import { programDifference } from './compare.ts';
import { createInstance, type NativeInstance } from './instance.ts';
import { FAULT_OUT_OF_GAS, FAULT_OUTPUT, FAULT_SLOTS } from './layout.ts';
import { buildNativeModule, type NativeModule } from './module.ts';

/** A program and the module that it was lowered from, with the name of its entry. */
export type NativeSource = Program & {
  readonly wasm: Uint8Array;
  readonly entry?: string | undefined;
  /** True if the program starts from an image and not from the module's own state. */
  readonly fromImage: boolean;
};

export type NativeProgram = {
  readonly kind: 'native';
  readonly programId: Hex;
  readonly header: ProgramHeader;
};

/** The module does not lower to the program: only the step machine may run it. */
export type Mismatch = { readonly kind: 'mismatch'; readonly programId: Hex; readonly reason: string };

export type NativeEngine = {
  /** Lowers the module and compares; compiled modules are kept for later programs with the same module. */
  load(source: NativeSource): NativeProgram | Mismatch;
  /** Runs a program. Pure: the same request gives the same result. */
  run(program: NativeProgram, request: RunRequest): RunResult;
};

type Compiled = NativeModule & { readonly compiled: WebAssembly.Module };
type Loaded = NativeProgram & {
  readonly source: NativeSource;
  readonly native: Compiled;
  instance: NativeInstance | undefined;
};

const MODULES_KEPT = 16;

export function createNativeEngine(): NativeEngine {
  const modules = new Map<string, Compiled>();
  const compile = (wasm: Uint8Array, entry: string, callStart: boolean): Compiled => {
    const key = `${keccakHex(wasm)} ${callStart} ${entry}`;
    const known = modules.get(key);
    if (known !== undefined) return known;
    const native = buildNativeModule(loadModule(wasm), { entry, callStart });
    const compiled = { ...native, compiled: new WebAssembly.Module(native.wasm as BufferSource) };
    modules.set(key, compiled);
    if (modules.size > MODULES_KEPT) modules.delete(modules.keys().next().value!);
    return compiled;
  };
  return {
    load(source) {
      const programId = hashProgram(source.header);
      const native = compile(source.wasm, source.entry ?? '_start', !source.fromImage);
      const reason = programDifference(source, native.lowered);
      if (reason !== undefined) return { kind: 'mismatch', programId, reason };
      const loaded: Loaded = { kind: 'native', programId, header: source.header, source, native, instance: undefined };
      return loaded;
    },
    run: (program, request) => runLoaded(program as Loaded, request),
  };
}

function runLoaded(program: Loaded, request: RunRequest): RunResult {
  if (request.seed.length !== 32 || request.gasLimit < 0n || request.gasLimit >= 1n << 62n) throw badRequest(request);
  const instance = program.instance ?? createInstance(program.native, program.source);
  program.instance = undefined;
  instance.reset(request.gasLimit);
  const host = createHost(request, instance.memory);
  const ending = instance.run(host);
  if (!program.native.dropsData && instance.reusable()) program.instance = instance;
  return settle(ending, instance, host, request.gasLimit);
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

const outOfGas: Fault = { kind: 'out-of-gas', message: 'The run used up its gas.' };

function faultOf(thrown: unknown, mark: number): Fault {
  if (thrown instanceof HostFault) return { kind: 'host', message: thrown.message };
  if (thrown instanceof WebAssembly.RuntimeError) {
    if (mark === FAULT_OUT_OF_GAS) return outOfGas;
    if (mark === FAULT_SLOTS) return { kind: 'slots', message: 'The calls are nested too deeply for the slot region.' };
    if (mark === FAULT_OUTPUT) return { kind: 'host', message: 'The output is too long.' };
    return { kind: 'trap', message: thrown.message };
  }
  // Never a fault: HostAbort is the caller's, anything else (as an exhausted host stack) says nothing about the program.
  throw thrown instanceof HostAbort ? thrown : new Error('The native engine failed.', { cause: thrown });
}

function badRequest(request: RunRequest): MizuError {
  return new MizuError({
    code: 'vm/bad-request',
    message: 'The run cannot be started.',
    expected: 'a seed of 32 bytes and a gas limit below 2^62',
    actual: `${request.seed.length} bytes, ${request.gasLimit}`,
    hint: 'Give the run a seed of 32 bytes.',
  });
}
