// Prints the instructions and the time of a step of each kind, on a state of STATE_RECORDS records:
// `node --import ./scripts/ts.mjs bench/kernel.ts`.
import { readFileSync } from 'node:fs';
import { KERNEL_PATH } from '../kernel/file.ts';
import { accountKey, taskKey } from '../kernel/keys.ts';
import { createKernelEngine } from '../kernel/native.ts';
import { openStateTrie } from '../kernel/node-db.ts';
import { accountRecord, taskRecord } from '../kernel/records.ts';
import { hashWorkflow } from '../protocol/definition.ts';
import type { Hex } from '../protocol/hex.ts';
import { encodeMessage, hashRun, type Message } from '../protocol/messages.ts';
import { decodeStateLeaf, encodeStateLeaf } from '../protocol/state.ts';
import { objectRef } from '../protocol/tree.ts';
import {
  ALICE,
  BOB,
  createWorld,
  deployMessage,
  GATEWAY,
  MODEL,
  makeDefinition,
  resultMessage,
  runMessage,
  START,
  sign,
  type World,
  workerAccount,
} from '../test/kernel/world.fixture.ts';

const STATE_RECORDS = Number(process.env.STATE_RECORDS ?? 20_000);
const engine = createKernelEngine(readFileSync(KERNEL_PATH));
const world = await createWorld(engine);
await fill(world);

const rows: { kind: string; bytes: number; instructions: number; nodesRead: number; nodesNew: number; ms: string }[] =
  [];
const measured = (message: Message, note = '', origin: 'sequencer' | 'l1' = 'sequencer') => {
  const start = performance.now();
  const step = world.apply(message, origin);
  const ms = performance.now() - start;
  if (!step.receipt.ok) throw new Error(step.receipt.error);
  rows.push({
    kind: message.kind + note,
    bytes: encodeMessage(message).length,
    instructions: Number(step.gasUsed),
    nodesRead: step.touched.length,
    nodesNew: step.nodes.size,
    ms: ms.toFixed(2),
  });
  return step;
};

measured({ kind: 'Deposit', account: ALICE.address, amount: 10n ** 15n }, ' (first)', 'l1');
measured({ kind: 'Deposit', account: ALICE.address, amount: 10n ** 15n }, '', 'l1');
measured({ kind: 'GatewayChanged', gateway: GATEWAY.address, active: true }, '', 'l1');
measured(
  {
    kind: 'ModelChanged',
    model: MODEL,
    active: true,
    class: 0,
    inputPrice: 1n,
    outputPrice: 1n,
    gateways: [GATEWAY.address],
  },
  '',
  'l1',
);
measured(await deployMessage(ALICE, 0n), ' (2 programs, 4 stages)');
const workflow = hashWorkflow(makeDefinition());
const inputs = Array.from({ length: 64 }, (_, n) => objectRef(new TextEncoder().encode(`partition ${n}`)));
measured(await runMessage(ALICE, 1n, { inputs }), ' (64 partitions)');
const run = hashRun(ALICE.address, 1n, workflow);
for (const partition of inputs.keys()) {
  const message = { kind: 'Advance', run, stage: 0, partition } as const;
  if (partition === 40) measured(message, ' (1 input)');
  else world.apply(message);
}
const items = await Promise.all([...inputs.keys()].map((partition) => resultItem(partition)));
measured(await resultMessage(1n, items.slice(0, 1)), ' (1 item)');
measured(await resultMessage(2n, items.slice(1, 32)), ' (31 items)');
world.apply(await resultMessage(3n, items.slice(32)));
for (const partition of inputs.keys()) {
  const message = { kind: 'Advance', run, stage: 2, partition } as const;
  if (partition === 40) measured(message, ' (2 inputs)');
  else world.apply(message);
}
measured({ kind: 'Advance', run, stage: 3, partition: 0 }, ' (64 inputs, last: dataset of 65)');
measured(await sign(ALICE, { kind: 'Withdraw', nonce: 2n, recipient: BOB.address, amount: 5n }));
measured(await sign(ALICE, { kind: 'Settle', nonce: 3n, ...(await workerAccount(BOB.address, 5n)) }));
world.apply(await runMessage(ALICE, 4n, { inputs }));
measured(await sign(ALICE, { kind: 'Cancel', nonce: 5n, run: hashRun(ALICE.address, 4n, workflow) }));
world.apply(await runMessage(ALICE, 6n, { inputs, deadline: START + 1n }));
world.time += 2n;
measured({ kind: 'Expire', run: hashRun(ALICE.address, 6n, workflow) });
console.log(
  `kernel ${engine.programId}, ${engine.program.code.length / 16} instructions of code, state of ${STATE_RECORDS} records`,
);
console.table(rows);

async function resultItem(partition: number) {
  const request = (await world.read(taskKey(run, 0, partition), taskRecord))!.output;
  const result = objectRef(new TextEncoder().encode(`answer ${partition}`));
  return {
    run,
    stage: 1,
    partition,
    attempt: 0,
    requestRoot: request.root,
    resultRoot: result.root,
    resultLength: result.length,
    model: MODEL,
    inputTokens: 10n,
    outputTokens: 3n,
  };
}

async function fill(target: World): Promise<void> {
  const leaf = decodeStateLeaf(target.leaf);
  const nodes = {
    get: (hash: Hex) => target.nodes.get(hash),
    put: (hash: Hex, node: Uint8Array) => void target.nodes.set(hash, node),
  };
  const trie = await openStateTrie(nodes, leaf.stateRoot);
  const record = accountRecord.encode({ nonce: 1n, balance: 10n ** 18n });
  for (let n = 1; n <= STATE_RECORDS; n++) await trie.put(accountKey(`0x${n.toString(16).padStart(40, '0')}`), record);
  target.leaf = encodeStateLeaf({ ...leaf, stateRoot: `0x${Buffer.from(trie.root()).toString('hex')}` });
}
