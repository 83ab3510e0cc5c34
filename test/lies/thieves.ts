// docs/disputes.md#lies: who copies the honest player's calls out of the mempool, and pays more to be mined first.
import { type Abi, concatHex, formatEther, pad, type Transaction, toHex } from 'viem';
import { encodeGameKey } from '../../dispute/calls.ts';
import { disputeAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { keyOf, LIAR, type TestNetwork, USER, VALIDATOR } from '../network/network.fixture.ts';
import { fundsOf } from './funds.ts';
import type { Lie } from './lie.ts';
import { disputeCall, type Ring } from './ring.ts';
import { type LieOutcome, measure, type Row } from './row.ts';

const LOOK_MS = 5;
const GAS = 3_000_000n;
const TIP = 5n;

/**
 * Calls the address in its first word with what follows its second word, and as many zeros as that one says, which cost it
 * nearly nothing: they are memory.
 */
const RELAY: Hex = '0x60403603806040600037602035016000600091600060006000355af160245760006000fd5b00';
const RELAY_ADDRESS: Address = `0x${'e1a7'.repeat(10)}`;
const BEHIND_BYTES = 850_000;
/** What a plain proof of a malformed leaf takes at most. */
const PLAIN_GAS = 300_000n;

type Copies = {
  /** Stops copying; how many of the copies did something, and how many were reverted. */
  stop(): Promise<{ done: number; reverted: number }>;
};

/** `lieOf`: a lie that has not been told yet; `malformedOf`: one whose leaf is wrong in itself. */
export async function* playThieves(
  ring: Ring,
  lieOf: (name: string) => Lie,
  malformedOf: (name: string) => Lie,
): AsyncGenerator<Row> {
  const { network, sender } = ring.world;
  const { chain, deployment, l1 } = network;
  const parties = { honest: [VALIDATOR.address], liars: [LIAR.address, USER.address] };
  const thief = createSender(withAccount(l1, keyOf(3)));
  const row = (name: string, play: () => Promise<LieOutcome>) => measure(network, `thief: ${name}`, parties, play);
  const rob = async (
    lie: Lie,
    victim: Address,
    by?: Address,
  ): Promise<LieOutcome & { done: number; reverted: number }> => {
    const copies = await copyFrom(network, victim, by);
    let assertion: Hex;
    let status: number;
    let copied: { readonly done: number; readonly reverted: number };
    try {
      assertion = await ring.assert(lie);
      status = await ring.playOut(assertion);
    } finally {
      copied = await copies.stop();
    }
    const own = await ring.gameOf(assertion, USER.address);
    if (own !== undefined) await thief.sendAndWait(disputeCall(ring.world, 'refund', [encodeGameKey(own)]));
    return {
      caught: status === ASSERTION_STATUS.rejected,
      how: `${copied.reverted} of ${copied.done + copied.reverted} copies reverted`,
      lists: 8,
      ...copied,
    };
  };

  yield await row('copies every call of the challenger', async () => {
    const told = await rob(lieOf('copied challenger'), VALIDATOR.address);
    return { ...told, caught: told.caught && told.done === 0 && told.reverted > 0 };
  });
  yield await row('copies every call of the asserter', async () => {
    const told = await rob(lieOf('copied asserter'), sender.address);
    return { ...told, caught: told.caught && told.done === 0 && told.reverted > 0 };
  });
  const { token, dispute } = deployment.addresses;
  const approve = (amount: bigint) =>
    thief.sendAndWait({ address: token, abi: mizuTokenAbi as Abi, functionName: 'approve', args: [dispute, amount] });
  await approve(10n ** 30n);
  yield await row('copies the opening with a bond of his own, and every move', () =>
    rob(lieOf('copied opening'), VALIDATOR.address),
  );
  await approve(0n);
  yield await row('copies the proof of a malformed leaf', async () => ({
    ...(await rob(malformedOf('copied leaf'), VALIDATOR.address)),
    lists: 0,
  }));
  yield await row('copies the proof of a malformed leaf with 850,000 bytes behind it, out of memory', async () => {
    await chain.setCode({ address: RELAY_ADDRESS, bytecode: RELAY });
    const told = await rob(malformedOf('inflated leaf'), VALIDATOR.address, RELAY_ADDRESS);
    const [award, most] = await Promise.all([
      fundsOf(network, RELAY_ADDRESS),
      l1.client.readContract({ address: dispute, abi: disputeAbi, functionName: 'costOf', args: [PLAIN_GAS] }),
    ]);
    const how = `leaf; award ${formatEther(award)} MIZU`;
    return { ...told, how, caught: told.caught && told.done === 1 && award > 0n && award <= most, lists: 0 };
  });
}

/**
 * Sends each pending call of the victim again, from the thief's account and at a higher price, until it is stopped. A block comes only
 * when he has looked at what it will hold, so a copy is in the block of its original, however slow the machine is.
 * `relay`: has that contract call in his place.
 */
async function copyFrom(network: TestNetwork, victim: Address, relay?: Address): Promise<Copies> {
  const { l1, deployment } = network;
  const { client, wallet, account } = withAccount(l1, keyOf(3));
  await network.holdBlocks();
  const seen = new Set<Hex>();
  const sent: Hex[] = [];
  let isOver = false;
  const copy = async ({ hash, to, input, from, maxFeePerGas, maxPriorityFeePerGas }: Transaction) => {
    if (from.toLowerCase() !== victim.toLowerCase() || seen.has(hash)) return;
    if (to?.toLowerCase() !== deployment.addresses.dispute.toLowerCase()) return;
    seen.add(hash);
    const fees = {
      maxFeePerGas: (maxFeePerGas ?? 0n) * TIP,
      maxPriorityFeePerGas: (maxPriorityFeePerGas ?? 0n) * TIP,
    };
    const head = [pad(deployment.addresses.dispute), toHex(BEHIND_BYTES, { size: 32 })];
    const call = relay === undefined ? { to, data: input } : { to: relay, data: concatHex([...head, input]) };
    sent.push(await wallet.sendTransaction({ account, chain: client.chain, ...call, gas: GAS, ...fees }));
  };
  const watching = (async () => {
    while (!isOver) {
      const pending = await client.getBlock({ blockTag: 'pending', includeTransactions: true });
      for (const transaction of pending.transactions) await copy(transaction);
      if (pending.transactions.length > 0) await network.mine();
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  })();
  return {
    async stop() {
      isOver = true;
      await watching.finally(() => network.releaseBlocks());
      const receipts = await Promise.all(
        sent.map((hash) => client.waitForTransactionReceipt({ hash, pollingInterval: 20 })),
      );
      const done = receipts.filter(({ status }) => status === 'success').length;
      return { done, reverted: receipts.length - done };
    },
  };
}
