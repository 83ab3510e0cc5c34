// docs/disputes.md#lies: claims that L1 does not take at all: wrong counts, boundaries, parents, attempts and certificates.
import type { Abi } from 'viem';
import type { createClaim } from '../../contracts/claim.ts';
import { daCommitteeAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import { depthOfLeaves, LEAF_BYTES, treeProof } from '../../protocol/tree.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { keyOf, LIAR, VALIDATOR } from '../network/network.fixture.ts';
import { refusalOf } from './refusal.ts';
import { measure, type Row } from './row.ts';
import type { LieWorld } from './world.ts';

type Claim = ReturnType<typeof createClaim>;
type Case = readonly [name: string, error: string, claim: () => Promise<Claim>];

const SOMEWHERE: Hex = `0x${'77'.repeat(32)}`;

/** Each is caught if L1 refuses it with the error named. */
export async function* playRefused(world: LieWorld): AsyncGenerator<Row> {
  const { network, steps } = world;
  const contracts = network.deployment.addresses;
  const createAssertion = {
    address: contracts.rollup,
    abi: [...rollupAbi, ...daCommitteeAbi.filter(({ type }) => type === 'error')] as Abi,
    functionName: 'createAssertion',
  };
  const right = await world.claimOf(steps, 0);
  const count = steps.length / LEAF_BYTES - 1;
  const leaf = (at: number) => steps.subarray(at * LEAF_BYTES, (at + 1) * LEAF_BYTES);
  const joined = (...leaves: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(leaves));
  const first = steps.slice();
  first[5] = (first[5] as number) ^ 1;
  const { post } = right;
  const cases: readonly Case[] = [
    ['the first leaf is not that of the parent', 'FirstLeafMismatch', () => world.claimOf(first, 0)],
    ['the list has one leaf less', 'BatchOutOfRange', () => world.claimOf(joined(...range(count).map(leaf)), 0)],
    ['the last leaf is in the list twice', 'PaddingNotZero', () => world.claimOf(joined(steps, leaf(count)), 0)],
    [
      'a leaf in the middle is in the list twice',
      'PaddingNotZero',
      () => world.claimOf(joined(...range(count + 1).flatMap((i) => (i === 3 ? [leaf(i), leaf(i)] : [leaf(i)]))), 0),
    ],
    [
      'two leaves are left out in the middle',
      // Where the tree is lower without them the path is too short already.
      depthOfLeaves(count - 1) < depthOfLeaves(count + 1) ? 'PathLengthMismatch' : 'FirstLeafMismatch',
      () =>
        world.claimOf(
          joined(
            ...range(count + 1)
              .filter((i) => i !== 3 && i !== 4)
              .map(leaf),
          ),
          0,
        ),
    ],
    [
      'the last leaf is not in the list',
      'FirstLeafMismatch',
      async () => ({ ...right, post: { ...post, stateRoot: SOMEWHERE } }),
    ],
    [
      'the path of the last leaf is that of the one before',
      // A right child has no padding beside it, and shares all of the path but the first sibling.
      count % 2 === 0 ? 'PaddingNotZero' : 'FirstLeafMismatch',
      async () => ({ ...right, lastPath: treeProof(steps, count - 1) }),
    ],
    [
      'the path of the last leaf is longer',
      'PathLengthMismatch',
      async () => ({ ...right, lastPath: [...right.lastPath, SOMEWHERE] }),
    ],
    [
      'one step more than there are messages',
      'CursorMismatch',
      async () => ({ ...right, post: { ...post, step: post.step + 1n } }),
    ],
    [
      'one step less than there are messages',
      'CursorMismatch',
      async () => ({ ...right, post: { ...post, step: post.step - 1n } }),
    ],
    ['it ends in the middle of a batch', 'CursorMismatch', async () => ({ ...right, post: { ...post, message: 1n } })],
    [
      'a batch that L1 has not',
      'BatchOutOfRange',
      async () => ({ ...right, post: { ...post, batch: post.batch + 1n } }),
    ],
    ['no batch at all', 'BatchOutOfRange', async () => ({ ...right, post: { ...post, batch: 0n } })],
    ['an unknown parent', 'ParentNotLive', async () => ({ ...right, parent: SOMEWHERE })],
    ['a second attempt without a first', 'EarlierAttemptLives', () => world.claimOf(steps, 1)],
    [
      'a certificate of other objects',
      'WrongSigner',
      async () => ({ ...right, objects: [{ root: SOMEWHERE, length: 1n }] }),
    ],
    ['no objects', 'ObjectCountOutOfRange', async () => ({ ...right, objects: [] })],
    [
      'a certificate of another epoch',
      'WrongEpoch',
      async () => ({ ...right, certificate: { ...right.certificate, epoch: 99n } }),
    ],
    [
      'a certificate signed by nobody',
      'QuorumMissed',
      async () => ({ ...right, certificate: { ...right.certificate, signers: 0n, signatures: '0x' } }),
    ],
    [
      'a certificate that ends soon',
      'ExpiresTooSoon',
      async () => ({ ...right, certificate: { ...right.certificate, expiry: 1n } }),
    ],
  ];
  const row = (name: string, error: string, key: Hex, claim: () => Promise<Claim>) =>
    measure(network, `claim: ${name}`, { honest: [VALIDATOR.address], liars: [LIAR.address] }, async () => {
      const by = createSender(withAccount(network.l1, key));
      const said = await refusalOf(by, { ...createAssertion, args: [await claim()] });
      const caught = said === error;
      return { caught, how: `refused by L1: ${said ?? 'it is not'}`, lists: 0 };
    });
  for (const [name, error, claim] of cases) yield await row(name, error, keyOf(5), claim);
  yield await row('by an account without stake', 'NotExecutor', keyOf(4), async () => right);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
