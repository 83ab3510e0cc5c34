// docs/rpc.md: the table of methods.
import { z } from 'zod';
import type { AssertionRecord, Mirror } from '../../node/l1/mirror.ts';
import type { NodeStore } from '../../node/nodes.ts';
import { createStateProof, recordKey } from '../../node/proof.ts';
import { MAX_MESSAGE_BYTES, MAX_PARTITIONS, MAX_STAGES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import type { Admission } from '../admission/admission.ts';
import type { Promises } from '../admission/promises.ts';
import type { Chain } from '../chain/chain.ts';
import { createOffers } from '../index/offers.ts';
import { readState } from '../index/state.ts';
import { queryAssertions } from './assertions.ts';
import type { AttestationBoard } from './attestations.ts';
import { createAttestedTip } from './attested.ts';
import { type Method, type MethodContext, type Methods, method } from './json-rpc.ts';
import {
  assertNotLost,
  type QueryParts,
  queryBatch,
  queryReceipt,
  queryRun,
  queryRunObjects,
  queryRuns,
  queryTasks,
} from './queries.ts';

export type MethodParts = QueryParts & {
  readonly chain: Chain;
  readonly admission: Admission;
  readonly mirror: Mirror;
  readonly nodes: NodeStore;
  readonly promises: Pick<Promises, 'sign'>;
  readonly attestations: AttestationBoard;
  /** What `mizu_chain` answers besides head and confirmed. */
  readonly describe: (context: MethodContext) => Promise<Record<string, unknown>>;
};

const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/, 'expected 0x and 64 hex digits')
  .transform((value) => value.toLowerCase() as Hex);
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected 0x and 40 hex digits')
  .transform((value) => value.toLowerCase() as Address);
const bytes = (limit: number) =>
  z
    .string()
    .max(2 + 2 * limit, `expected at most ${limit} bytes`)
    .regex(/^0x(?:[0-9a-fA-F]{2})*$/, 'expected 0x-hex of whole bytes')
    .transform((value) => hexToBytes(value as Hex));
const signature = z
  .string()
  .regex(/^0x[0-9a-fA-F]{130}$/, 'expected 0x and 130 hex digits')
  .transform((value) => value.toLowerCase() as Hex);
const count = z.int().min(0);
const stage = z
  .int()
  .min(0)
  .max(MAX_STAGES - 1);
const partition = z
  .int()
  .min(0)
  .max(MAX_PARTITIONS - 1);

const MAX_WAIT_SECONDS = 20;
const MAX_INFERENCES = 1_000;
const MAX_TASKS = 1_000;

const inferenceFilter = z.strictObject({
  models: z.array(hash).max(1_000).optional(),
  /** Only tasks whose results are taken from this gateway. */
  gateway: address.optional(),
  limit: count.max(MAX_INFERENCES).default(100),
  waitSeconds: z.number().min(0).max(MAX_WAIT_SECONDS).default(0),
});

export function createMethods(parts: MethodParts): Methods {
  const { chain, admission, tables, mirror, nodes, tasks, progress, promises, attestations } = parts;
  const stateRoot = (): Hex => chain.leaf().stateRoot;
  const attestedTip = createAttestedTip(mirror);
  return {
    mizu_chain: method(z.tuple([]), async (_, context) => {
      const { batch, message, step } = chain.leaf();
      return {
        ...(await parts.describe(context)),
        head: { batch: Number(batch), message: Number(message), step: Number(step), stateRoot: stateRoot() },
        confirmed: endOf(await mirror.assertion((await mirror.head()).latestConfirmed)),
        attested: endOf(await attestedTip()),
      };
    }),
    // One byte more than a message may have, so that the refusal names the protocol's limit.
    mizu_sendMessage: method(z.tuple([bytes(MAX_MESSAGE_BYTES + 1)]), async ([message], { outside }) => {
      assertGoesOn((await parts.mirror.head()).endedAt);
      return admission.admit(message, outside);
    }),
    mizu_getReceipt: method(z.tuple([hash]), ([id]) => queryReceipt(parts, id)),
    mizu_getPromise: method(z.tuple([hash]), async ([id]) => {
      await assertNotLost(parts, id);
      return promises.sign(id);
    }),
    mizu_getAccount: method(z.tuple([address]), async ([id]) => {
      const [{ nonce, balance }, nextNonce] = await Promise.all([parts.state().account(id), admission.nextNonce(id)]);
      return { nonce: Number(nonce), nextNonce: Number(nextNonce), balance: String(balance) };
    }),
    mizu_getWorkflow: method(z.tuple([hash]), ([id]) => tables.workflows.get(id)),
    mizu_getRun: method(z.tuple([hash]), ([id]) => queryRun(parts, id)),
    mizu_getRunObjects: method(z.tuple([hash]), ([id]) => queryRunObjects(parts, id)),
    mizu_listRuns: method(
      z.tuple([
        z.strictObject({ owner: address.optional(), limit: count.optional(), before: count.optional() }).default({}),
      ]),
      ([filter]) => queryRuns(parts, filter),
    ),
    mizu_getTasks: method(
      z.tuple([
        hash,
        z
          .strictObject({ stage: stage.optional(), offset: count.optional(), limit: count.max(MAX_TASKS).optional() })
          .default({}),
      ]),
      ([id, filter]) => queryTasks(parts, id, filter),
    ),
    mizu_getBatch: method(z.tuple([count]), ([index], { outside }) => queryBatch(parts, index, outside)),
    mizu_getAssertions: method(
      z.tuple([z.strictObject({ afterStep: count.default(0) }).default({ afterStep: 0 })]),
      ([{ afterStep }], { outside }) => queryAssertions(mirror, afterStep, outside),
    ),
    mizu_sendAttestation: method(
      z.tuple([z.strictObject({ assertion: hash, commitment: hash, signature })]),
      async ([attestation], { outside }) => {
        await outside(() => attestations.post(attestation));
        return true;
      },
    ),
    mizu_getAttestations: method(z.tuple([hash]), ([assertion]) => attestations.list(assertion)),
    mizu_getProof: method(
      z.tuple([z.string().regex(/^[A-Z]$/, 'expected one letter of docs/kernel.md#state'), bytes(64), hash.optional()]),
      ([table, id, root]) => queryProof(nodes, table, id, root ?? stateRoot()),
    ),
    mizu_getInferenceTasks: method(z.tuple([inferenceFilter.default(inferenceFilter.parse({}))]), ([filter], context) =>
      queryInferences(parts, filter, context),
    ),
    mizu_inferenceProgress: method(
      z.tuple([
        z.strictObject({
          run: hash,
          stage,
          partition,
          done: count,
          total: count,
          inputTokens: count,
          outputTokens: count,
        }),
      ]),
      ([hint]) => {
        if (tasks.graph(hint.run)?.isDone(hint) === false) progress.add(hint);
        return true;
      },
    ),
  } satisfies Record<string, Method>;
}

async function queryInferences(
  { tasks, chain, nodes }: MethodParts,
  { models, gateway, limit, waitSeconds }: z.output<typeof inferenceFilter>,
  { signal, outside }: MethodContext,
) {
  const wanted = models === undefined ? undefined : new Set(models);
  const until = AbortSignal.any([signal, AbortSignal.timeout(Math.ceil(waitSeconds * 1000))]);
  for (;;) {
    const found = [];
    const { step } = chain.head();
    const offers = createOffers(readState(nodes, chain.leaf().stateRoot), gateway);
    for (const { run, owner, stage: at, partition: part, attempt, model, request } of tasks.inferences()) {
      if (found.length >= limit) break;
      if (wanted !== undefined && !wanted.has(model)) continue;
      const offer = await offers(run, model);
      if (offer === undefined) continue;
      found.push({
        run,
        owner,
        stage: at,
        partition: part,
        attempt,
        model,
        requestRoot: request.root,
        requestLength: request.length,
        ...offer,
        step,
      });
    }
    if (found.length > 0 || waitSeconds === 0 || until.aborted) return found;
    await outside(() => tasks.inferenceOpened(until));
  }
}

/** Where an assertion ends. */
function endOf(assertion: AssertionRecord | undefined) {
  if (assertion === undefined) return { batch: 0, step: 0 };
  const { id, post } = assertion;
  return { batch: Number(post.batch), step: Number(post.step), assertion: id };
}

async function queryProof(nodes: NodeStore, table: string, id: Uint8Array, stateRoot: Hex) {
  if (nodes.get(stateRoot) === undefined) {
    throw new MizuError({
      code: 'proof/state-unknown',
      message: 'This state is not known.',
      expected: 'a state root of the head, a step or an assertion',
      actual: stateRoot,
    });
  }
  const proof = await createStateProof(nodes, stateRoot, recordKey(table, id));
  return {
    stateRoot,
    value: proof.value === undefined ? null : bytesToHex(proof.value),
    nodes: proof.nodes.map(bytesToHex),
  };
}

// Nothing that is ordered after the end is ever confirmed.
function assertGoesOn(endedAt: bigint | undefined): void {
  if (endedAt === undefined) return;
  throw new MizuError({
    code: 'message/network-ended',
    message: 'The network has ended: a message has no effect any more.',
    expected: 'a network that goes on',
    actual: `L1 has ended it at ${new Date(Number(endedAt) * 1000).toISOString()}`,
    hint: 'Leave with what is yours: npx mizu escape --help',
  });
}
