// docs/machine.md: one step of the kernel that runs a real program, as a trace that can be stepped.

import { recoverAddress } from '../../kernel/host.ts';
import { KERNEL_GAS_LIMIT } from '../../kernel/native.ts';
import { type Definition, encodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import { bytesToHex, hexToBytes } from '../../protocol/hex.ts';
import { encodeMessage, hashRun } from '../../protocol/messages.ts';
import { decodeExecInputs, decodeStateLeaf, type ExecRequest, encodeContext } from '../../protocol/state.ts';
import { objectRef } from '../../protocol/tree.ts';
import { programToEntry } from '../../vm/entry.ts';
import { loadModule } from '../../vm/load.ts';
import { createNativeEngine } from '../../vm/native/engine.ts';
import { createProgram, type Program } from '../../vm/program.ts';
import type { RunResult } from '../../vm/run.ts';
import type { StepRequest } from '../../vm/step/step-machine.ts';
import { nativeEngine } from '../kernel/engine.fixture.ts';
import { ALICE, certify, createWorld, execStage, runMessage, START, sign } from '../kernel/world.fixture.ts';
import { assemble } from '../modules/test-modules.fixture.ts';

/** Copies input 2 behind a random number to the output, 7 bytes at a time, after some arithmetic. */
export const COPY = `(module
  (import "mizu" "input_size" (func $size (param i32) (result i64)))
  (import "mizu" "input_read" (func $read (param i32 i32 i64 i32)))
  (import "mizu" "output_write" (func $write (param i32 i32)))
  (import "mizu" "random" (func $random (param i64) (result i64)))
  (memory 2)
  (func (export "_start") (local $at i64) (local $i i32)
    (i64.store (i32.const 1000) (call $random (i64.const 1)))
    (call $write (i32.const 1000) (i32.const 8))
    (loop $count (br_if $count (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 300))))
    (memory.fill (i32.const 2000) (i32.const 65) (i32.const 700))
    (call $write (i32.const 2001) (i32.const 400))
    (loop $more
      (if (i64.le_u (i64.add (local.get $at) (i64.const 7)) (call $size (i32.const 1))) (then
        (call $read (i32.const 1022) (i32.const 1) (local.get $at) (i32.const 7))
        (call $write (i32.const 1022) (i32.const 7))
        (local.set $at (i64.add (local.get $at) (i64.const 7)))
        (br $more))))))`;

/** Divides by zero after a few instructions. */
export const FAULTY = `(module (memory 1)
  (func (export "_start") (local $i i32)
    (i32.store (i32.const 8) (i32.const 5))
    (drop (i32.div_u (i32.const 1) (local.get $i)))))`;

export type KernelTrace = {
  readonly request: StepRequest;
  /** The kernel's own result. */
  readonly stateLeaf: Uint8Array;
  readonly receipt: Uint8Array;
  readonly result: RunResult;
};

/** Deploys the program as the one stage of a workflow, starts a run of it, and takes the Advance that runs it. */
export async function createKernelTrace(text: string): Promise<KernelTrace> {
  const wasm = assemble(text);
  const program = createProgram({ module: loadModule(wasm) });
  const partition = new TextEncoder().encode(
    '{"row":1,"text":"something of no great length, though more than a leaf"}\n'.repeat(3),
  );
  const world = await createWorld(nativeEngine);
  world.deposit(ALICE.address, 10n ** 15n);
  const definition = definitionOf(program, wasm);
  const certificate = await certify(objectsOfDefinition(definition));
  const bytes = encodeDefinition(definition, certificate);
  world.apply(await sign(ALICE, { kind: 'Deploy', nonce: 0n, maxFee: 10n ** 18n, definition: bytes }));
  const workflow = hashWorkflow(definition);
  world.apply(await runMessage(ALICE, 1n, { workflow, inputs: [objectRef(partition)] }));
  const message = encodeMessage({ kind: 'Advance', run: hashRun(ALICE.address, 1n, workflow), stage: 0, partition: 0 });

  const { leaf } = world;
  const nodes = new Map(world.nodes);
  const { batch } = decodeStateLeaf(leaf);
  let request: ExecRequest | undefined;
  const answer = world.exec;
  world.exec = (wanted) => {
    request = wanted;
    return answer(wanted);
  };
  // The first time only to see what the kernel asks for.
  world.apply(message);
  if (request === undefined) throw new Error('the kernel ran no program');
  const known = new Map([...world.objects, [objectRef(partition).root, partition]]);
  const inputs = decodeExecInputs(known.get(request.inputsRoot)!).map(({ root }) => known.get(root)!);
  const { gasLimit, timestampNs, seed } = request;
  const engine = createNativeEngine();
  const loaded = engine.load({ ...program, wasm, fromImage: false });
  if (loaded.kind !== 'native') throw new Error(loaded.reason);
  const result = engine.run(loaded, { inputs, gasLimit, timestampNs, seed: hexToBytes(seed) });
  const output = objectRef(result.output);
  world.leaf = leaf;
  world.exec = () => ({
    status: result.status,
    outputRoot: output.root,
    outputLength: output.length,
    gasUsed: result.gasUsed,
  });
  const done = world.apply(message);
  const context = encodeContext({ timestamp: START, origin: 'sequencer', batch, message: 0n, batchCount: 1n });
  return {
    request: {
      program: nativeEngine.program,
      inputs: [new Uint8Array(0), leaf, context, message],
      gasLimit: KERNEL_GAS_LIMIT,
      timestampNs: 0n,
      seed: new Uint8Array(32),
      kernel: {
        preimage: (hash) => nodes.get(bytesToHex(hash)),
        exec: () => ({ program, inputs, native: () => result }),
        ecrecover: recoverAddress,
      },
    },
    stateLeaf: done.stateLeaf,
    receipt: done.receiptBytes,
    result,
  };
}

function definitionOf(program: Program, wasm: Uint8Array): Definition {
  return {
    programs: [programToEntry(program, wasm)],
    stages: [execStage({ sink: true })],
    metadata: objectRef(new TextEncoder().encode('{}')),
  };
}
