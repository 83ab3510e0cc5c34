// docs/da.md#challenges: what is asked for on L1 is shown there by the members themselves; what nobody has costs every signer.
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEVNET_CONFIG } from '../contracts/config.ts';
import { challengePiece, expireChallenge } from '../dispute/ask-bytes.ts';
import type { Certificate } from '../protocol/certificate.ts';
import { daChallengesAbi, daCommitteeAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { CHALLENGE_STATUS } from '../protocol/generated/enums.ts';
import { type Address, bytesToHex, isSameAddress } from '../protocol/hex.ts';
import { ROLE } from '../protocol/roles.ts';
import { type ObjectRef, objectRef } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { withAccount } from '../service/l1/l1.ts';
import { createSender } from '../service/l1/send.ts';
import { createLogger } from '../service/process/log.ts';
import { memberBytes } from '../test/network/da-member.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork, USER, until } from '../test/network/network.fixture.ts';
import { startAnswers } from './answers.ts';
import { signCertificate } from './certify.ts';

const MIZU = 10n ** 18n;
const MINIMUM = 1_000n * MIZU;
const { daAnswerSeconds: ANSWER, daChallengeBondWei: BOND } = DEVNET_CONFIG;
const POLL_MS = 50;
const MEMBER_KEYS = [6, 7, 8, 9].map(keyOf);

let network: TestNetwork;
let challenges: { address: Address; abi: typeof daChallengesAbi };
const user = () => createSender(withAccount(network.l1, keyOf(3)));
const statusOf = async (id: bigint) =>
  (await network.l1.client.readContract({ ...challenges, functionName: 'challengeOf', args: [id] })).status;
const ask = (objects: readonly ObjectRef[], certificate: Certificate, entry: number, piece: number) =>
  challengePiece(network.l1, user(), challenges.address, { objects, certificate, entry, piece });
const inADay = () => BigInt(Math.floor(Date.now() / 1000) + 24 * 3600);

beforeAll(async () => {
  network = await startTestNetwork({}, 'stakeManager', POLL_MS);
  challenges = { address: network.deployment.addresses.daChallenges, abi: daChallengesAbi };
});

afterAll(async () => {
  await network?.close();
});

async function members(): Promise<readonly Address[]> {
  const { daCommittee: address } = network.deployment.addresses;
  return network.l1.client.readContract({ address, abi: daCommitteeAbi, functionName: 'members' });
}

async function stakesOf(): Promise<bigint[]> {
  const { stakeManager: address } = network.deployment.addresses;
  const read = (member: Address) =>
    network.l1.client.readContract({
      address,
      abi: stakeManagerAbi,
      functionName: 'activeOf',
      args: [member, ROLE.daMember],
    });
  return Promise.all((await members()).map(read));
}

async function publishedOf(id: bigint): Promise<string> {
  const events = await network.l1.client.getContractEvents({
    ...challenges,
    eventName: 'PiecePublished',
    args: { id },
    fromBlock: network.deployment.fromBlock,
  });
  return events.map(({ args }) => args.data).join();
}

async function certifyAlone(key: (typeof MEMBER_KEYS)[number], objects: readonly ObjectRef[], expiry: bigint) {
  const domain = createDomain(network.deployment.chainId, network.deployment.addresses.daCommittee);
  const account = privateKeyToAccount(key);
  const bit = (await members()).findIndex((member) => isSameAddress(member, account.address));
  const signature = await signCertificate(account, domain, { epoch: 1n, objects, expiry });
  return { epoch: 1n, expiry, signers: 1n << BigInt(bit), signatures: [signature] };
}

test('members publish what is asked for by themselves: of short objects and of long ones', async () => {
  const objects = [memberBytes(1, 5), memberBytes(2, 300_000), memberBytes(3, 4_097)];
  const { refs, certificate } = await network.da.put(objects, { expiry: inADay() });
  for (const [entry, piece] of [
    [0, 0],
    [1, 73],
    [2, 1],
  ] as const) {
    const id = await ask(refs, certificate, entry, piece);
    await until('publication', async () => (await statusOf(id)) === CHALLENGE_STATUS.published);
    expect(await publishedOf(id)).toBe(bytesToHex(objects[entry]!.subarray(piece * 4096, (piece + 1) * 4096)));
  }
  expect(await stakesOf()).toEqual(Array(4).fill(10_000n * MIZU));
  // The rest of the bonds is the challenger's again.
  const left = await network.l1.client.readContract({ ...challenges, functionName: 'balanceOf', args: [USER.address] });
  expect(left).toBeGreaterThan(2n * BOND);
  expect(left).toBeLessThan(3n * BOND);
});

test('bytes that nobody has cost every signer the minimum, half of it to who has asked, and nobody else', async () => {
  const object = { root: objectRef(memberBytes(9, 10_000)).root, length: 10_000 };
  const certificate = await network.certifyUnheld([object], inADay());
  const before = await stakesOf();
  const id = await ask([object], certificate, 0, 2);
  const { inbox: _, ...at } = network.deployment.addresses;
  await expect(expireChallenge(user(), at.daChallenges, id)).rejects.toMatchObject({
    actual: expect.stringContaining('ChallengeDeadline'),
  });
  await network.clock.advance(ANSWER);
  await expireChallenge(user(), at.daChallenges, id);
  const after = await stakesOf();
  expect(after.map((stake, i) => before[i]! - stake)).toEqual([MINIMUM, MINIMUM, MINIMUM, 0n]);
  const reward = await network.l1.client.readContract({
    address: at.stakeManager,
    abi: stakeManagerAbi,
    functionName: 'rewardOf',
    args: [USER.address],
  });
  expect(reward).toBe((3n * MINIMUM) / 2n);
  // For this object they have paid.
  const again = await ask([object], certificate, 0, 0);
  await network.clock.advance(ANSWER);
  await expireChallenge(user(), at.daChallenges, again);
  expect(await stakesOf()).toEqual(after);
});

test('two lives of a member, and a member that nothing is asked of: one publication', async () => {
  const bytes = memberBytes(21, 9_000);
  const object = objectRef(bytes);
  const lifeOf = (key: (typeof MEMBER_KEYS)[number]) =>
    startAnswers({
      options: { l1Url: network.anvil.url, key, pollMs: POLL_MS },
      committee: network.deployment.addresses.daCommittee,
      member: privateKeyToAccount(key).address,
      objects: { read: async (root) => (root === object.root ? bytes : undefined) },
      log: createLogger('da', 'silent'),
    });
  const [own, other] = [MEMBER_KEYS[0]!, MEMBER_KEYS[1]!];
  const lives = [lifeOf(own), lifeOf(own), lifeOf(other)];
  try {
    // The members of the network have not these bytes.
    const id = await ask([object], await certifyAlone(own, [object], inADay()), 0, 2);
    await until('publication', async () => (await statusOf(id)) === CHALLENGE_STATUS.published);
    const next = await ask([object], await certifyAlone(own, [object], inADay()), 0, 1);
    await until('publication', async () => (await statusOf(next)) === CHALLENGE_STATUS.published);
  } finally {
    await Promise.all(lives.map((life) => life.close()));
  }
  expect(lives[2]!.counts).toEqual({ published: 0, lacking: 0 });
});

test('where the signer whose turn it is does not answer, the next one does', async () => {
  const bytes = memberBytes(31, 5_000);
  const object = objectRef(bytes);
  await network.da.put([bytes], { expiry: inADay() });
  const down = await members();
  const certificate = await network.da.certify([object], inADay());
  const count = await network.l1.client.readContract({ ...challenges, functionName: 'challengeCount' });
  const signers = down.filter((_, i) => (certificate.signers >> BigInt(i)) & 1n);
  const first = signers.findIndex((_, place) => (place + Number(count % 3n)) % 3 === 0);
  const node = network.daNodes.find(({ address }) => isSameAddress(address, signers[first]!))!;
  await node.close();
  const id = await ask([object], certificate, 0, 1);
  await network.clock.advance(ANSWER / 6 + 1);
  await until('publication', async () => (await statusOf(id)) === CHALLENGE_STATUS.published);
});
