// docs/operations.md#l1: clients of the L1; its chain id comes from the node itself.
import {
  type Account,
  createPublicClient,
  createWalletClient,
  defineChain,
  fallback,
  type PublicClient,
  type Transport,
  type WalletClient,
} from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { type FeeCapConfig, type Fees, toFeeCaps } from './fees.ts';
import { l1Transport } from './transport.ts';

export type L1 = {
  /** The URL of the first node. */
  readonly url: string;
  readonly chainId: number;
  /** Asks the nodes in turn until one answers. */
  readonly client: PublicClient;
  /** One client for each URL: a follower of the chain holds what one node says against the others. */
  readonly nodes: readonly PublicClient[];
};

export type L1Account = L1 & {
  readonly wallet: WalletClient;
  readonly account: Account;
  readonly address: Address;
  /** True if transactions go to another URL than `url`: the nodes may then not know them until they are mined. */
  readonly isPrivate: boolean;
  /** No transaction is signed that offers more. */
  readonly feeCaps: Fees;
};

const RETRIES = 3;
const POLLING_MS = 500;

/**
 * Connects to one node or several.
 * @throws MizuError `l1/unreachable` if none answers, `l1/other-chain` if two are of different chains
 */
export async function connectL1(urls: string | readonly string[]): Promise<L1> {
  const all = typeof urls === 'string' ? [urls] : urls;
  const transports = all.map((url) =>
    l1Transport(url, { retryCount: all.length === 1 ? RETRIES : 1, retryDelay: 200 }),
  );
  const chainId = await readChainId(all, transports);
  const chain = defineChain({
    id: chainId,
    name: `chain ${chainId}`,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [...all] } },
  });
  // Without a cache, because a follower must see the head as it is.
  const connect = (transport: Transport) =>
    createPublicClient({ chain, transport, pollingInterval: POLLING_MS, cacheTime: 0 }) as PublicClient;
  const nodes = transports.map(connect);
  const [first] = nodes;
  const client = nodes.length === 1 && first !== undefined ? first : connect(fallback(transports));
  return { url: all[0] as string, chainId, client, nodes };
}

async function readChainId(urls: readonly string[], transports: readonly Transport[]): Promise<number> {
  const asked = transports.map((transport) => createPublicClient({ transport }).getChainId());
  const answers = await Promise.allSettled(asked);
  const ids = answers.flatMap((answer, i) => (answer.status === 'fulfilled' ? [{ id: answer.value, i }] : []));
  const [first] = ids;
  if (first === undefined)
    throw unreachable(urls.join(', '), (answers[0] as PromiseRejectedResult | undefined)?.reason);
  const other = ids.find(({ id }) => id !== first.id);
  if (other !== undefined)
    throw otherChain(`chain ${first.id}, as ${urls[first.i]}`, `chain ${other.id} at ${urls[other.i]}`);
  return first.id;
}

/**
 * Adds an account that signs. `sendUrl`: where its transactions go, if not where L1 is read.
 * @throws MizuError `l1/bad-key`
 */
export function withAccount(l1: L1, key: Hex, sendUrl = l1.url, caps: FeeCapConfig = {}): L1Account {
  const account = parseKey(key);
  const wallet = createWalletClient({
    account,
    chain: l1.client.chain,
    transport: l1Transport(sendUrl, { retryCount: RETRIES }),
  });
  const isPrivate = sendUrl !== l1.url;
  return {
    ...l1,
    wallet: wallet as WalletClient,
    account,
    address: account.address,
    isPrivate,
    feeCaps: toFeeCaps(caps),
  };
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

function otherChain(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'l1/other-chain',
    message: 'The L1 nodes are of different chains.',
    expected,
    actual,
    hint: 'Name nodes of one chain.',
  });
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
