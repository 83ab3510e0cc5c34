// A workflow of the user that asks a model what its input says, and the task that a gateway is given by a run of it.
import { encodeDefinition, hashWorkflow, objectsOfDefinition } from '../../protocol/definition.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { encodeInputs, hashRun, type Message } from '../../protocol/messages.ts';
import type { RpcClient } from '../../service/http/client.ts';
import { execStage, inferStage, MODEL } from '../kernel/world.fixture.ts';
import { putTestProgram } from './chain.fixture.ts';
import type { ListedTask } from './inference.fixture.ts';
import { type TestNetwork, until } from './network.fixture.ts';

/** A run of the user, and what each of its partitions asks. */
export type AskedRun = {
  readonly run: Hex;
  readonly nonce: bigint;
  readonly workflow: Hex;
  readonly requests: readonly Uint8Array[];
};

export type InferWorkflow = {
  /** With the user's nonce 0. */
  readonly deploy: Message;
  /** With the nonces after it. Each partition asks for these rows. */
  run(requests: readonly Uint8Array[]): Promise<AskedRun & { readonly message: Message }>;
};

type InferOptions = {
  readonly model?: Hex;
  /** Empty: those of the model's entry. */
  readonly gateways?: readonly Address[];
  /** Of a run, and of an item of it, wei. */
  readonly maxCost: bigint;
};

const DEPLOY_FEE = 10n ** 18n;
const RUN_SECONDS = 24n * 3600n;

/** Its program adds one to each byte: so what a run is given becomes the request. */
export async function createInferWorkflow(
  { author, clock }: Pick<TestNetwork, 'author' | 'clock'>,
  { model = MODEL, gateways = [], maxCost }: InferOptions,
): Promise<InferWorkflow> {
  const program = await putTestProgram(author);
  const [metadata] = await author.putAll([new TextEncoder().encode('{}')]);
  const last = execStage({ inputs: [{ source: 1, mode: 'same' }], sink: true });
  const definition = {
    programs: [program],
    stages: [execStage(), inferStage(0, { model }), last],
    metadata: metadata!,
  };
  const workflow = hashWorkflow(definition);
  const certified = encodeDefinition(definition, await author.certify(objectsOfDefinition(definition)));
  let nonce = 1n;
  return {
    deploy: await author.sign({ kind: 'Deploy', nonce: 0n, maxFee: DEPLOY_FEE, definition: certified }),
    async run(requests) {
      const refs = await author.putAll(requests.map((bytes) => bytes.map((byte) => byte - 1)));
      const limits = { maxCost, maxItemCost: maxCost, maxInferenceCost: maxCost, taskGasLimit: 5_000_000n };
      const message = await author.sign({
        ...{ kind: 'Run', nonce, workflow, ...limits, gateways, deadline: (await clock.now()) + RUN_SECONDS },
        inputs: encodeInputs(refs, await author.certify(refs)),
      });
      const asked = { run: hashRun(author.address, nonce, workflow), nonce, workflow, requests };
      nonce++;
      return { ...asked, message };
    },
  };
}

/** The first task that is open for the model, once there is one. */
export async function nextTask(rpc: RpcClient, model: Hex = MODEL): Promise<ListedTask> {
  const filter = { models: [model], limit: 10, waitSeconds: 1 };
  return until('a task', async () => {
    const open = (await rpc('mizu_getInferenceTasks', [filter], { timeoutSeconds: 30 })) as ListedTask[];
    return open[0];
  });
}
