// docs/operations.md#l1: clients of the L1; its chain id comes from the node itself.
import {
  type Account,
  createPublicClient,
  createWalletClient,
  defineChain,
  http,
  type PublicClient,
  type WalletClient,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { MizuError } from '../protocol/errors.ts';
import type { Address, Hex } from '../protocol/hex.ts';

export type L1 = {
  readonly url: string;
  readonly chainId: number;
  readonly client: PublicClient;
};

export type L1Account = L1 & {
  readonly wallet: WalletClient;
  readonly account: Account;
  readonly address: Address;
  /** Transactions go to another URL than `url`: there they may be unknown until they are mined. */
  readonly isPrivate: boolean;
};

const TIMEOUT_MS = 20_000;
const RETRIES = 3;
const POLLING_MS = 500;

/** @throws MizuError `l1/unreachable` */
export async function connectL1(url: string): Promise<L1> {
  const transport = http(url, { timeout: TIMEOUT_MS, retryCount: RETRIES, retryDelay: 200 });
  const chainId = await createPublicClient({ transport })
    .getChainId()
    .catch((cause: unknown) => {
      throw unreachable(url, cause);
    });
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [url] } },
  });
  // cacheTime 0: a follower must see the head as it is.
  const client = createPublicClient({ chain, transport, pollingInterval: POLLING_MS, cacheTime: 0 }) as PublicClient;
  return { url, chainId, client };
}

/** Adds an account that signs. `sendUrl`: where its transactions go, if not where L1 is read. @throws MizuError `l1/bad-key` */
export function withAccount(l1: L1, key: Hex, sendUrl = l1.url): L1Account {
  const account = parseKey(key);
  const wallet = createWalletClient({
    account,
    chain: l1.client.chain,
    transport: http(sendUrl, { timeout: TIMEOUT_MS, retryCount: RETRIES }),
  });
  const isPrivate = sendUrl !== l1.url;
  return { ...l1, wallet: wallet as WalletClient, account, address: account.address, isPrivate };
}

function parseKey(key: Hex): Account & ReturnType<typeof privateKeyToAccount> {
  try {
    return privateKeyToAccount(key);
  } catch {
    throw new MizuError({
      code: 'l1/bad-key',
      message: 'The private key cannot be used.',
      expected: '0x and 64 hex digits, between 1 and the order of secp256k1',
      actual: 'something else (not shown)',
    });
  }
}

function unreachable(url: string, cause: unknown): MizuError {
  return new MizuError({
    code: 'l1/unreachable',
    message: 'The L1 does not answer.',
    expected: `an Ethereum JSON-RPC at ${url}`,
    actual: (cause as { shortMessage?: string }).shortMessage ?? String(cause),
    hint: 'Check the URL and that the node is up.',
    retryable: true,
    cause,
  });
}
