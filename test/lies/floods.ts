// docs/disputes.md#lies: who demands more bytes at once than anybody would, so that an honest executor is late with some.
import { type Abi, encodeFunctionData } from 'viem';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import { demandsAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { EXECUTOR, keyOf, until } from '../network/network.fixture.ts';
import { type Defended, openDefended } from './defended.ts';
import { slashedAccounts } from './funds.ts';
import { END_SECONDS } from './play.ts';
import { measure, type Row } from './row.ts';

const MIZU = 10n ** 18n;
const FLOODER_KEY: Hex = `0x${'f100d'.padStart(64, '0')}`;
const STEPS = 64;
const NO_OP: Message = { kind: 'Expire', run: `0x${'00'.repeat(32)}` };
/** More than a demand takes: it is not estimated, because the ones before it are not mined yet. */
const GAS = 400_000n;
const BOND = DEVNET_CONFIG.demandBondWei;

/** An honest executor with ranges of 64 steps: there are 65 leaves to be demanded of each. */
export const openFlooded = (): Promise<Defended> =>
  openDefended(async () => Array.from({ length: STEPS }, () => NO_OP));

/** Each: demands in waves of so many, the next when the one before is answered. */
const FLOODS = [
  { waves: 1, size: STEPS + 1, what: 'every leaf of a true assertion is demanded at once' },
  { waves: 4, size: 12, what: 'four times twelve leaves of a true assertion are demanded' },
] as const;

export async function* playFloods({ network, node, messages }: Defended): AsyncGenerator<Row> {
  const { token, demands } = network.deployment.addresses;
  const { client } = network.l1;
  const owner = createSender(withAccount(network.l1, keyOf(0)));
  const l1 = withAccount(network.l1, FLOODER_KEY);
  const flooder = createSender(l1);
  const contract = { address: demands, abi: demandsAbi as Abi };
  const tokens = { address: token, abi: mizuTokenAbi as Abi };
  await network.chain.setBalance({ address: flooder.address, value: 10n * MIZU });
  await owner.sendAndWait({ ...tokens, functionName: 'mint', args: [flooder.address, 30_000n * MIZU] });
  await flooder.sendAndWait({ ...tokens, functionName: 'approve', args: [demands, 30_000n * MIZU] });

  const open = async ({ id }: AssertionRecord): Promise<number> => {
    const read = { address: demands, abi: demandsAbi, functionName: 'standingOf', args: [id] } as const;
    return (await client.readContract(read)).open;
  };

  /** In one block: the last comes first, and none can be mined before the one with the nonce before it. */
  async function flood(assertion: AssertionRecord, first: number, size: number): Promise<void> {
    const nonce = await client.getTransactionCount({ address: flooder.address });
    await network.chain.setAutomine(false);
    try {
      for (let i = size - 1; i >= 0; i--) {
        const args = [assertion.id, BigInt(first + i)] as const;
        const data = encodeFunctionData({ abi: demandsAbi, functionName: 'demandStep', args });
        const { account, wallet } = l1;
        await wallet.sendTransaction({ account, chain: client.chain, to: demands, data, nonce: nonce + i, gas: GAS });
      }
      await network.chain.mine({ blocks: 1 });
    } finally {
      await network.chain.setAutomine(true);
    }
    const mined = (await client.getTransactionCount({ address: flooder.address })) - nonce;
    if (mined !== size) throw new Error(`of ${size} demands ${mined} are in the block`);
    await until('the answers', async () => (await open(assertion)) === 0 || undefined, END_SECONDS);
  }

  for (const { waves, size, what } of FLOODS) {
    const parties = { honest: [EXECUTOR.address], liars: [flooder.address] };
    const row = await measure(network, `flood: ${what}`, parties, async () => {
      await network.postBatch(messages);
      const assertion = await until('the assertion', async () => (await node.mirror.pending())[0], END_SECONDS);
      for (let wave = 0; wave < waves; wave++) await flood(assertion, wave * size, size);
      await network.clock.advance(DEVNET_CONFIG.windowSeconds + DEVNET_CONFIG.demandSeconds + 1);
      const statusOf = async () => (await node.mirror.assertion(assertion.id))?.status;
      const isDecided = async () => ((await statusOf()) === 'pending' ? undefined : statusOf());
      const status = await until('a decision', isDecided, END_SECONDS);
      const bonds = await node.mirror.demandBonds(flooder.address);
      await Promise.all(
        bonds.map(({ id }) => flooder.sendAndWait({ ...contract, functionName: 'settle', args: [id] })),
      );
      const isHonest = !(await slashedAccounts(network)).includes(EXECUTOR.address);
      const how = `${status}; ${waves * size} demands answered`;
      return { caught: status === 'confirmed' && isHonest, how, lists: 0 };
    });
    // All of it is lost, for a confirmed assertion: also what no answer was paid with.
    const isPaidFor = row.liar.wonWei <= -BigInt(waves * size) * BOND && row.honest.wonWei > 0n;
    yield { ...row, caught: row.caught && isPaidFor };
  }
}
