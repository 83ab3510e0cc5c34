// docs/staking.md#stake: gateways, sequencers and members of the DA committee that break what they have signed.
import { startValidator } from '../../../challenger/main.ts';
import { DEVNET_CONFIG } from '../../../contracts/config.ts';
import { challengePiece, expireChallenge } from '../../../dispute/ask-bytes.ts';
import type { SignedBatchRoot } from '../../../dispute/double-nonce.ts';
import { encodeBatch } from '../../../protocol/batch.ts';
import { gatewayRegistryAbi } from '../../../protocol/generated/abi.ts';
import type { Address, Hex } from '../../../protocol/hex.ts';
import { bytesToHex } from '../../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../../protocol/inference.ts';
import { encodeMessage, type Message } from '../../../protocol/messages.ts';
import { objectRef } from '../../../protocol/tree.ts';
import { createDomain, TYPES } from '../../../protocol/typed-data.ts';
import type { SignedPromise } from '../../../sequencer/admission/promises.ts';
import { proveBrokenPromise, proveContradiction } from '../../../sequencer/admission/prove-promise.ts';
import { createRpcClient } from '../../../service/http/client.ts';
import { createLogger } from '../../../service/process/log.ts';
import { memberBytes } from '../../network/da-member.fixture.ts';
import { joinGateway, signItems } from '../../network/inference.fixture.ts';
import {
  keyOf,
  SEQUENCER,
  startTestNetwork,
  type TestNetwork,
  until,
  VALIDATOR,
} from '../../network/network.fixture.ts';
import { startTestSequencer } from '../../network/sequencer.fixture.ts';
import { type Actor, createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { BUILTIN } from './items.ts';
import { party } from './parts.ts';

const HASH: Hex = `0x${'22'.repeat(32)}`;
const ITEM: InferenceItem = {
  ...{ run: HASH, stage: 1, partition: 0, attempt: 0, requestRoot: HASH, model: BUILTIN },
  ...{ resultRoot: HASH, resultLength: 5, inputTokens: 1n, outputTokens: 1n },
};
const OTHER: InferenceItem = { ...ITEM, resultRoot: `0x${'33'.repeat(32)}` };
const NO_CERTIFICATE = { epoch: 1n, expiry: 0n, signers: 0n, signatures: [] };
const POLL_MS = 50;
/** Longer than any attack: no batch is closed by its age. */
const NEVER_SECONDS = 600;
const FUNDS = 1_000n * MIZU;

export async function* playServices(): AsyncGenerator<AttackRow, undefined> {
  const network = await startTestNetwork({}, 'stakeManager', POLL_MS);
  try {
    const user = await createActor(network, FUNDS, []);
    yield await doubleNonce(network);
    yield await brokenPromise(network, user);
    yield await doublePromise(network, user);
    yield await lostBytes(network, user);
    return undefined;
  } finally {
    await network.close();
  }
}

type Results = Extract<Message, { kind: 'InferenceResult' }>;

/** Two messages with one nonce. */
async function resultsTwice(network: TestNetwork, gateway: Actor, nonce: bigint): Promise<readonly [Results, Results]> {
  const sign = async (item: InferenceItem) =>
    (await signItems(network, [item], nonce, NO_CERTIFICATE, gateway.account)) as Results;
  return [await sign(ITEM), await sign(OTHER)];
}

/** What proves that a gateway has signed two batches with this nonce. */
export async function signedTwice(network: TestNetwork, gateway: Actor, nonce: bigint) {
  const proofOf = ({ signature, items }: Results): SignedBatchRoot => ({
    ...{ gateway: gateway.address, nonce, signature, itemsRoot: hashInferenceItems(items) },
  });
  const [first, second] = await resultsTwice(network, gateway, nonce);
  return [proofOf(first), proofOf(second)] as const;
}

async function doubleNonce(network: TestNetwork): Promise<AttackRow> {
  const gateway = await createActor(network, 0n, []);
  await joinGateway(network, BUILTIN, gateway.account);
  const log = createLogger('lies', process.env.MIZU_LOG ?? 'silent');
  const validator = await startValidator({ ...network.config('validator'), key: keyOf(4), relays: [], log });
  const isProven = () =>
    network.l1.client.readContract({
      address: network.deployment.addresses.gatewayRegistry,
      abi: gatewayRegistryAbi,
      functionName: 'isSettled',
      args: [gateway.address, 1n],
    });
  try {
    return await playAttack(network, {
      name: 'a gateway signs two batches with one nonce',
      attackers: [party('gateway', 'loses', [gateway])],
      others: [party('validator', 'gains', [VALIDATOR])],
      outcome: 'proven',
      play: async () => {
        for (const results of await resultsTwice(network, gateway, 1n)) await network.postBatch([results]);
        await until('the proof', async () => (await isProven()) || undefined);
        return 'proven';
      },
    });
  } finally {
    await validator.close();
  }
}

/** Its process promises a place to a message; L1 gets another one there from the same account. */
async function brokenPromise(network: TestNetwork, user: Actor): Promise<AttackRow> {
  const { inbox } = network.deployment.addresses;
  const cancel = (run: Hex) => network.author.sign({ kind: 'Cancel', nonce: 0n, run });
  await network.deposit(MIZU);
  const promised = await cancel(`0x${'11'.repeat(32)}`);
  const sequencer = await startTestSequencer(network, 'sequencer', { ageSeconds: NEVER_SECONDS });
  const rpc = createRpcClient(sequencer.url);
  let promise: SignedPromise;
  try {
    const isThere = async () => ((await rpc('mizu_getAccount', [network.user])) as { balance: string }).balance !== '0';
    await until('the deposit', async () => (await isThere()) || undefined);
    const { hash } = (await rpc('mizu_sendMessage', [bytesToHex(encodeMessage(promised))])) as { hash: Hex };
    promise = await until(
      'a promise',
      async () => ((await rpc('mizu_getPromise', [hash])) as SignedPromise) ?? undefined,
    );
  } finally {
    await sequencer.close();
  }
  return playAttack(network, {
    name: 'a sequencer posts another message in a promised place',
    attackers: [party('sequencer', 'loses', [SEQUENCER])],
    others: [party('who shows it', 'gains', [user])],
    outcome: 'proven',
    play: async () => {
      const posted: Message = await cancel(HASH);
      await network.postBatch([posted]);
      const object = encodeBatch([encodeMessage(posted)]);
      const { kind } = await proveBrokenPromise(user.sender, { inbox, promise, object, sequenced: 1 });
      return kind === 'mined' ? 'proven' : kind;
    },
  });
}

function doublePromise(network: TestNetwork, user: Actor): Promise<AttackRow> {
  return playAttack(network, {
    name: 'a sequencer promises one place to two messages',
    attackers: [party('sequencer', 'loses', [SEQUENCER])],
    others: [party('who shows it', 'gains', [user])],
    outcome: 'proven',
    play: () => promiseTwice(network, user),
  });
}

/** The sequencer signs two messages for one place, and the user shows it. */
export async function promiseTwice(network: TestNetwork, user: Actor): Promise<string> {
  const { inbox } = network.deployment.addresses;
  const place = { batch: 1_000_000, message: 0 };
  const sign = async (messageHash: Hex): Promise<SignedPromise> => ({
    ...{ ...place, messageHash, sequencer: SEQUENCER.address },
    signature: await SEQUENCER.signTypedData({
      domain: createDomain(network.deployment.chainId, inbox),
      types: { Promise: TYPES.Promise },
      primaryType: 'Promise',
      message: { batch: BigInt(place.batch), message: place.message, messageHash },
    }),
  });
  const [one, other] = [await sign(HASH), await sign(OTHER.resultRoot)];
  const { kind } = await proveContradiction(user.sender, inbox, one, other);
  return kind === 'mined' ? 'proven' : kind;
}

/** Three of four members promise an object that nobody has. They look for challenges, and cannot answer. */
async function lostBytes(network: TestNetwork, user: Actor): Promise<AttackRow> {
  const { daChallenges } = network.deployment.addresses;
  const { signers, silent } = await signersOf(network);
  return playAttack(network, {
    name: 'DA members promise bytes that they do not have',
    attackers: [party('signers', 'loses', signers)],
    others: [party('who asks', 'gains', [user]), party('the other member', 'keeps', silent)],
    outcome: 'expired',
    play: async () => {
      await askForLost(network, user, daChallenges);
      return 'expired';
    },
  });
}

type Members = { readonly signers: readonly { address: Address }[]; readonly silent: readonly { address: Address }[] };

/** `certifyUnheld` has the first three sign. */
export async function signersOf({ config }: TestNetwork): Promise<Members> {
  const members = config('any').da.members.map(({ address }) => ({ address }));
  return { signers: members.slice(0, 3), silent: members.slice(3) };
}

/** Asks for a piece of an object that is promised and lost, and has its signers slashed. */
export async function askForLost(network: TestNetwork, user: Actor, challenges: Address): Promise<void> {
  const object = { root: objectRef(memberBytes(9, 10_000)).root, length: 10_000 };
  const certificate = await network.certifyUnheld([object], BigInt(Math.floor(Date.now() / 1000) + 24 * 3600));
  const id = await challengePiece(network.l1, user.sender, challenges, {
    ...{ objects: [object], certificate, entry: 0, piece: 2 },
  });
  await network.clock.advance(DEVNET_CONFIG.daAnswerSeconds);
  await expireChallenge(user.sender, challenges, id);
}
