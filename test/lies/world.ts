// docs/disputes.md#lies: one range of batches with every kind of step in it, its true step list, and who lies about it.
import { createClaim, hashAssertion } from '../../contracts/claim.ts';
import type { DeployConfig } from '../../contracts/config.ts';
import { NO_BODY } from '../../node/body/recorder.ts';
import { deriveBatch } from '../../node/l1/derive.ts';
import { type NetworkNode, openNode } from '../../node/node.ts';
import type { StepInput } from '../../node/transition.ts';
import { disputeAbi, rollupAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { LEAF_BYTES } from '../../protocol/tree.ts';
import { joinExecutors } from '../../prover/executor.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender, NODE_IN_FLIGHT, type Sender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { assembleSource, createRunMessages } from '../network/chain.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, until } from '../network/network.fixture.ts';
import { EVERY_FAMILY } from './program.ts';

export type LieWorld = {
  readonly network: TestNetwork;
  /** The liar's: it knows the truth, as everybody does. */
  readonly node: NetworkNode;
  readonly sender: Sender;
  /** The true step list of the range. */
  readonly steps: Uint8Array;
  readonly inputs: readonly StepInput[];
  /** The argument of `createAssertion` for this step list. `parent`: default genesis. */
  claimOf(steps: Uint8Array, attempt: number, parent?: Hex): Promise<ReturnType<typeof createClaim>>;
  /** Claims this step list; the id. */
  assert(steps: Uint8Array): Promise<Hex>;
  close(): Promise<void>;
};

export const LIAR_KEY = keyOf(5);
const BODY_SECONDS = 40n * 24n * 3600n;

export type WorldOptions = {
  readonly network?: Partial<DeployConfig>;
  /** Of the range's one batch, after a deposit of `user`. Default: a deploy, a run, and the tasks of two stages. */
  readonly messages?: (network: TestNetwork) => Promise<readonly Message[]>;
};

/** A range of one batch: what L1 has put into the inbox, and `messages`. */
export async function createLieWorld(options: WorldOptions = {}): Promise<LieWorld> {
  const network = await startTestNetwork(options.network);
  const log = createLogger('liar', process.env.MIZU_LOG ?? 'silent');
  const node = await openNode(network.config('liar'), { log, recorder: () => NO_BODY });
  const stop = new AbortController();
  const following = node.follow(stop.signal, () => undefined);
  const contracts = network.deployment.addresses;
  const sender = createSender(withAccount(node.l1, LIAR_KEY), { signal: stop.signal, inFlight: NODE_IN_FLIGHT });
  await joinExecutors(node, contracts, sender);
  await network.deposit(10n ** 18n);
  // A pass over all lies takes days of L1's time, and each is a claim about this batch.
  await network.postBatch(await (options.messages ?? runMessages)(network), undefined, { hours: 30 * 24 });
  const batch = await until('the batch', () => node.mirror.batch(0n));
  await node.execution.catchUp(stop.signal);
  const steps = await node.execution.leaves(0n, BigInt(batch.messageCount));
  const inputs = await deriveBatch(node.mirror, node.objects, batch);
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const parent = await node.l1.client.readContract({ ...rollup, functionName: 'genesis' });
  const statusOf = (id: Hex) => node.l1.client.readContract({ ...rollup, functionName: 'statusOf', args: [id] });

  async function freeAttempt(list: Uint8Array): Promise<number> {
    for (let attempt = 0; ; attempt++) if ((await statusOf(hashAssertion(parent, list, attempt))) === 0) return attempt;
  }

  async function claimOf(list: Uint8Array, attempt: number, under = parent) {
    const { timestamp } = await node.l1.client.getBlock();
    const { refs, certificate } = await network.da.put([list, new Uint8Array([attempt])], {
      expiry: timestamp + BODY_SECONDS,
    });
    const post = decodeStateLeaf(list.subarray(list.length - LEAF_BYTES));
    return createClaim({ parent: under, attempt, steps: list, post, objects: refs.slice(1), certificate });
  }

  return {
    network,
    node,
    sender,
    steps,
    inputs,
    claimOf,
    async assert(list) {
      const attempt = await freeAttempt(list);
      const claim = await claimOf(list, attempt);
      const id = hashAssertion(parent, list, attempt);
      await sender.sendAndWait({
        ...rollup,
        functionName: 'createAssertion',
        args: [claim],
        isDone: async () => (await statusOf(id)) !== 0,
      });
      return id;
    },
    async close() {
      stop.abort();
      await following;
      await node.close();
      await network.close();
    },
  };
}

async function runMessages({ author }: TestNetwork): Promise<readonly Message[]> {
  const source = await assembleSource(EVERY_FAMILY);
  return (await createRunMessages(author, 1, 0n, author, { source })).messages;
}

/** 128 bytes: the truth after a step of the range. */
export function trueLeafAfter({ steps }: Pick<LieWorld, 'steps'>, step: number): Uint8Array {
  return steps.slice((step + 1) * LEAF_BYTES, (step + 2) * LEAF_BYTES);
}

/** Nothing that the games have paid to the account is still in the contracts. */
export async function isPaid({ l1, deployment }: TestNetwork, account: Address): Promise<boolean> {
  const { stakeManager, dispute } = deployment.addresses;
  const args = [account] as const;
  const [reward, balance] = await Promise.all([
    l1.client.readContract({ address: stakeManager, abi: stakeManagerAbi, functionName: 'rewardOf', args }),
    l1.client.readContract({ address: dispute, abi: disputeAbi, functionName: 'balanceOf', args }),
  ]);
  return reward === 0n && balance === 0n;
}
