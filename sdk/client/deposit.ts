// docs/contracts.md: tokens from the L1 to an account of the network.
import { setTimeout as delay } from 'node:timers/promises';
import type { Abi } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { inboxAbi, mizuTokenAbi } from '../../protocol/generated/abi.ts';
import { connectL1, withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { formatMizu } from './money.ts';
import { type Network, requireSigner } from './network.ts';
import type { AccountView } from './views.ts';

const CREDIT_SECONDS = 120;
const POLL_MS = 250;

/**
 * What the account of the network's signer has on the network, in wei of MIZU.
 *
 * @example
 * console.log(formatMizu(await balanceOf(network)));
 */
export async function balanceOf(network: Network): Promise<bigint> {
  const account = (await network.rpc('mizu_getAccount', [requireSigner(network).address])) as AccountView;
  return BigInt(account.balance);
}

/**
 * Approves, deposits on L1 and waits until the network has credited it.
 *
 * @example
 * await deposit(network, parseMizu('2.5'));
 * @throws MizuError `sdk/no-tokens`, `sdk/no-l1`, `sdk/no-trust-root`, `sdk/other-network`, `l1/…`
 */
export async function deposit(network: Network, amountWei: bigint): Promise<void> {
  const signer = requireSigner(network);
  if (network.l1RpcUrl === undefined || signer.privateKey === undefined) throw noL1();
  await network.assertTrusted();
  const l1 = withAccount(await connectL1(network.l1RpcUrl), signer.privateKey, undefined, network.feeCaps);
  const { token, inbox } = network.chain.contracts;
  const held = (await l1.client.readContract({
    address: token,
    abi: mizuTokenAbi,
    functionName: 'balanceOf',
    args: [signer.address],
  })) as bigint;
  if (held < amountWei) throw noTokens(amountWei, held);
  const before = await balanceOf(network);
  const sender = createSender(l1);
  await sender.sendAndWait({
    address: token,
    abi: mizuTokenAbi as Abi,
    functionName: 'approve',
    args: [inbox, amountWei],
  });
  await sender.sendAndWait({
    address: inbox,
    abi: inboxAbi as Abi,
    functionName: 'deposit',
    args: [signer.address, amountWei],
  });
  for (let poll = 0; poll * POLL_MS < CREDIT_SECONDS * 1000; poll++) {
    if ((await balanceOf(network)) >= before + amountWei) return;
    await delay(POLL_MS);
  }
  throw notCredited(amountWei);
}

/** Deposits what is missing to `neededWei`, if anything. Returns what was deposited. */
export async function ensureBalance(network: Network, neededWei: bigint): Promise<bigint> {
  const missing = neededWei - (await balanceOf(network));
  if (missing <= 0n) return 0n;
  await deposit(network, missing);
  return missing;
}

function noL1(): MizuError {
  return new MizuError({
    code: 'sdk/no-l1',
    message: 'The account has too little on the network, and a deposit needs the L1.',
    expected: '--l1 URL (or MIZU_L1_RPC) and a private key',
    actual: 'one of them is missing',
    hint: 'Give both, or deposit with your own wallet: approve the Inbox, then Inbox.deposit(account, amount).',
  });
}

function noTokens(neededWei: bigint, heldWei: bigint): MizuError {
  return new MizuError({
    code: 'sdk/no-tokens',
    message: 'The account has too few tokens on the L1.',
    expected: formatMizu(neededWei),
    actual: formatMizu(heldWei),
    hint: 'Get tokens, or lower what the run may cost with --max.',
  });
}

function notCredited(amountWei: bigint): MizuError {
  return new MizuError({
    code: 'sdk/not-credited',
    message: 'The deposit is on the L1 but not on the network yet.',
    expected: `${formatMizu(amountWei)} within ${CREDIT_SECONDS} s`,
    actual: 'no credit',
    hint: 'Nothing is lost: run the same command again later.',
    retryable: true,
  });
}
