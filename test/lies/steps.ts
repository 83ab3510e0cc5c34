// docs/disputes.md#lies: leaves after a step as they would be if something else had been true.
import type { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { openStateTrie } from '../../kernel/node-db.ts';
import type { Codec } from '../../kernel/records.ts';
import { createKernel } from '../../kernel/run.ts';
import { type ExecResult, encodeExecResult } from '../../node/exec-result.ts';
import type { StepInput, StepOutcome } from '../../node/transition.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { decodeMessage, encodeMessage, type Message } from '../../protocol/messages.ts';
import { receiveMessage } from '../../protocol/received.ts';
import { decodeStateLeaf, encodeContext, encodeStateLeaf } from '../../protocol/state.ts';
import { keccakHex, LEAF_BYTES } from '../../protocol/tree.ts';
import { kernelEngine } from '../network/chain.fixture.ts';
import type { LieWorld } from './world.ts';

const kernel = createKernel(kernelEngine);

export type Steps = ReturnType<typeof createSteps>;

/** A record of the state: where it is, and how it reads. */
export type RecordPlace<T> = { readonly key: Uint8Array; readonly codec: Codec<T> };

export function createSteps({ node, steps, inputs }: Pick<LieWorld, 'node' | 'steps' | 'inputs'>) {
  const before = (step: number) => steps.slice(step * LEAF_BYTES, (step + 1) * LEAF_BYTES);
  const after = (step: number) => before(step + 1);
  const input = (step: number) => inputs[step] as StepInput;

  /** State and receipt of `from`, cursor of the truth. */
  function mixed(step: number, from: Uint8Array): Uint8Array {
    const leaf = after(step);
    leaf.set(from.subarray(0, 64));
    return leaf;
  }

  async function rerun(step: number, changes: Partial<StepInput>, leaf = before(step)): Promise<Uint8Array> {
    const { context, message } = { ...input(step), ...changes };
    return mixed(step, (await node.transition.step(leaf, context, message)).stateLeaf);
  }

  async function outcomeOf(step: number): Promise<StepOutcome> {
    const { context, message } = input(step);
    return node.transition.step(before(step), context, message);
  }

  return {
    before,
    after,
    mixed,
    rerun,
    outcomeOf,
    changed(step: number, offset: number, mask = 1): Uint8Array {
      const leaf = after(step);
      leaf[offset] = (leaf[offset] as number) ^ mask;
      return leaf;
    },
    withMessage(step: number, change: (message: Message) => Message): Promise<Uint8Array> {
      const changed = change(decodeMessage(input(step).message.bytes));
      return rerun(step, { message: receiveMessage(encodeMessage(changed)) });
    },
    withContext(step: number, change: { origin?: 'sequencer'; timestamp?: bigint }): Promise<Uint8Array> {
      const { context } = input(step);
      const view = new DataView(context.buffer, context.byteOffset);
      const told = encodeContext({
        timestamp: change.timestamp ?? view.getBigUint64(0),
        origin: change.origin ?? (context[8] === 1 ? 'l1' : 'sequencer'),
        batch: view.getBigUint64(16),
        message: view.getBigUint64(24),
        batchCount: view.getBigUint64(32),
      });
      return rerun(step, { context: told });
    },
    async execOf(step: number): Promise<ExecResult> {
      const [exec] = (await outcomeOf(step)).touched.execs;
      if (exec === undefined) throw new Error(`step ${step} runs no program`);
      return exec.result;
    },
    /** The kernel goes on with a result that the program did not have. */
    withExec(step: number, result: ExecResult): Uint8Array {
      const done = kernel.step({
        stateLeaf: before(step),
        context: input(step).context,
        message: input(step).message.bytes,
        getNode: node.nodes.get,
        getExec: () => encodeExecResult(result),
      });
      if (done.kind !== 'done') throw new Error('the kernel asks for more than a result');
      return done.stateLeaf;
    },
    /** The right receipt, and another state: records as `write` leaves them. */
    async withState(step: number, write: (records: Records) => Promise<void>): Promise<Uint8Array> {
      const made = new Map<Hex, Uint8Array>();
      const store = { get: (hash: Hex) => made.get(hash) ?? node.nodes.get(hash), put: made.set.bind(made) };
      const leaf = decodeStateLeaf(after(step));
      const put = (hash: Hex, bytes: Uint8Array) => void store.put(hash, bytes);
      const trie = await openStateTrie({ get: store.get, put }, leaf.stateRoot);
      await write(recordsIn(trie));
      return encodeStateLeaf({ ...leaf, stateRoot: bytesToHex(trie.root()) });
    },
    /** The right state, and another receipt. */
    async withReceipt(step: number, change: (receipt: string) => string): Promise<Uint8Array> {
      const { receiptBytes } = await outcomeOf(step);
      const told = change(new TextDecoder().decode(receiptBytes));
      return encodeStateLeaf({
        ...decodeStateLeaf(after(step)),
        receiptHash: keccakHex(new TextEncoder().encode(told)),
      });
    },
  };
}

export type Records = ReturnType<typeof recordsIn>;

function recordsIn(trie: MerklePatriciaTrie) {
  const read = async <T>({ key, codec }: RecordPlace<T>): Promise<T> => {
    const value = await trie.get(key);
    if (value === null) throw new Error('the state has no such record');
    return codec.decode(value);
  };
  const write = <T>({ key, codec }: RecordPlace<T>, record: T) => trie.put(key, codec.encode(record));
  return {
    read,
    write,
    async change<T>(place: RecordPlace<T>, change: (record: T) => T): Promise<void> {
      await write(place, change(await read(place)));
    },
    remove: <T>({ key }: RecordPlace<T>) => trie.del(key),
  };
}
