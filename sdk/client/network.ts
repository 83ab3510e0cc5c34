// docs/rpc.md: a connection to a network: its sequencer, its DA committee, its constants.
import { createDaClient, type DaClient } from '../../da/client.ts';
import { type Appointed, followCommittee } from '../../da/committee.ts';
import { MAX_OUTPUT_BYTES } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createRpcClient, type RpcClient, requestBytes } from '../../service/http/client.ts';
import type { FeeCapConfig } from '../../service/l1/fees.ts';
import { loadOnce } from '../../service/l1/once.ts';
import { type Patience, waitOut } from './patience.ts';
import { parseAnswer } from './shapes.ts';
import type { Signer } from './signer.ts';
import type { NetworkTrust } from './trust-flags.ts';
import { assertTrusted } from './trusted.ts';
import type { ChainView } from './views.ts';

/** Its calls and transfers may be repeated, and wait out a service that is down (docs/sdk.md#outages). */
export type Network = {
  readonly rpcUrl: string;
  /** As the user names it: no node is asked that a sequencer names. */
  readonly l1RpcUrl: string | undefined;
  readonly rpc: RpcClient;
  readonly chain: ChainView;
  readonly da: DaClient;
  readonly signer: Signer | undefined;
  /** Of transactions on L1. */
  readonly feeCaps: FeeCapConfig;
  /** For other calls that may be repeated. */
  readonly patience: Patience;
  /** Bytes by root, verified: from the sequencer, else from the committee; waited for while one of them is down. @throws MizuError `da/unavailable` */
  object(root: Hex, length?: number): Promise<Uint8Array>;
  /** Before anything is signed or paid; asks L1 once. @throws MizuError `sdk/no-trust-root`, `sdk/other-network` */
  assertTrusted(): Promise<void>;
  close(): Promise<void>;
};

/** Where a network is, and who speaks to it. */
export type ConnectOptions = {
  readonly rpcUrl: string;
  readonly l1RpcUrl?: string | undefined;
  /** Which network it must be. Without it nothing is signed or paid. */
  readonly trust?: NetworkTrust | undefined;
  readonly signer?: Signer | undefined;
  /** Fees of L1 above which nothing is signed: docs/operations.md#fee-caps. */
  readonly feeCaps?: FeeCapConfig | undefined;
  readonly patience?: Patience;
};

/** A sequencer that has never answered is rather a wrong address than one that restarts. */
const FIRST_CONTACT_SECONDS = 20;
const COMMITTEE = 'the DA committee';
const OBJECT_PLACES = 'the sequencer or the DA committee';

/**
 * Connects to a network by the RPC of its sequencer. Without `trust` and `l1RpcUrl` it can be read, and nothing is signed or paid.
 *
 * @example
 * const network = await connectNetwork({
 *   rpcUrl: 'https://rpc.example',
 *   l1RpcUrl: 'https://l1.example',
 *   trust: { chainId: 1, rollup: '0x…' },
 *   signer: fromPrivateKey(await readKeyFile('key.txt')),
 * });
 * try {
 *   console.log(formatMizu(await balanceOf(network)));
 * } finally {
 *   await network.close();
 * }
 * @throws MizuError `http/unreachable`
 */
export async function connectNetwork({
  rpcUrl,
  l1RpcUrl,
  trust,
  signer,
  feeCaps = {},
  patience = {},
}: ConnectOptions): Promise<Network> {
  const url = rpcUrl.replace(/\/$/, '');
  const unparsed = createRpcClient(url);
  const direct: RpcClient = async (method, params, options) =>
    parseAnswer(method, await unparsed(method, params, options));
  const rpc: RpcClient = (method, params, options) =>
    waitOut(url, () => direct(method, params, options), patience, options?.signal);
  const first = { limitSeconds: FIRST_CONTACT_SECONDS, ...patience };
  const chain = (await waitOut(url, () => direct('mizu_chain'), first)) as ChainView;
  const members = chain.da.members.flatMap(({ address, url: place }) =>
    place === null ? [] : { address, url: place },
  );
  const committee = followCommittee(async () => toAppointed((await rpc('mizu_chain')) as ChainView), members);
  const domain = createDomain(chain.chainId, chain.contracts.daCommittee);
  const da = createDaClient({ committee, domain, account: signer });
  return {
    rpcUrl: url,
    l1RpcUrl,
    rpc,
    chain,
    da: patientClient(da, patience),
    signer,
    feeCaps,
    patience,
    object: (root, length) => waitOut(OBJECT_PLACES, () => readObject(url, da, root, length), patience),
    assertTrusted: loadOnce(() => waitOut(l1RpcUrl ?? 'the L1', () => assertTrusted(chain, trust, l1RpcUrl), patience)),
    close: () => da.close(),
  };
}

// What programs give lies with the sequencer alone until it is a dataset's: as long as it has not said that it lacks the object, waiting helps.
async function readObject(url: string, da: DaClient, root: Hex, length: number | undefined): Promise<Uint8Array> {
  let outage: MizuError | undefined;
  try {
    const answer = await requestBytes(`${url}/objects/${root}`, {
      attempts: 1,
      accept: [404],
      // Whoever names an object may name any length.
      limitBytes: Math.min(length ?? MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES),
    });
    if (answer.status === 200 && objectRoot(answer.bytes) === root) return answer.bytes;
  } catch (error) {
    if (!(error instanceof MizuError)) throw error;
    if (error.retryable) outage = error;
  }
  try {
    return await da.get(root, length === undefined ? {} : { length });
  } catch (error) {
    if (outage === undefined || !(error instanceof MizuError) || error.code !== 'da/unavailable') throw error;
    const { code, expected, retryable } = error;
    throw new MizuError({
      code,
      message: 'Neither the sequencer nor a DA member has given the object.',
      expected,
      actual: `${outage.message} ${outage.actual ?? ''}; ${error.actual}`,
      hint: 'Check that the sequencer is up.',
      retryable,
      cause: outage,
    });
  }
}

function patientClient(da: DaClient, patience: Patience): DaClient {
  return {
    put: (objects, options) => waitOut(COMMITTEE, () => da.put(objects, options), patience),
    certify: (objects, expiry) => waitOut(COMMITTEE, () => da.certify(objects, expiry), patience),
    get: (root, options) => waitOut(COMMITTEE, () => da.get(root, options), patience, options?.signal),
    close: () => da.close(),
  };
}

/** @throws MizuError `sdk/no-account` */
export function requireSigner({ signer }: { readonly signer: Signer | undefined }): Signer {
  if (signer !== undefined) return signer;
  throw new MizuError({
    code: 'sdk/no-account',
    message: 'This needs an account that signs and pays.',
    expected: '--key FILE or MIZU_PRIVATE_KEY',
    actual: 'neither',
    hint: 'On the devnet the developer account is used by itself; elsewhere give your key.',
  });
}

function toAppointed({ da }: ChainView): Appointed {
  return { ...da, epoch: BigInt(da.epoch) };
}
