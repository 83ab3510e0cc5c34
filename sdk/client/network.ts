// docs/rpc.md: a connection to a network: its sequencer, its DA committee, its constants.
import { createDaClient, type DaClient } from '../../da/client.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import { objectRoot } from '../../protocol/tree.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import { createRpcClient, type RpcClient, requestBytes, requestJson } from '../../service/client.ts';
import type { Signer } from './signer.ts';
import type { ChainView } from './views.ts';

export type Network = {
  readonly rpcUrl: string;
  readonly l1RpcUrl: string | undefined;
  readonly rpc: RpcClient;
  readonly chain: ChainView;
  readonly da: DaClient;
  readonly signer: Signer | undefined;
  /** Bytes by root, verified: from the sequencer if it is quick, else from the committee. @throws MizuError `da/unavailable` */
  object(root: Hex, length?: number): Promise<Uint8Array>;
  close(): Promise<void>;
};

export type ConnectOptions = {
  readonly rpcUrl: string;
  readonly l1RpcUrl?: string | undefined;
  readonly signer?: Signer | undefined;
};

/** @throws MizuError `http/unreachable` */
export async function connectNetwork({ rpcUrl, l1RpcUrl, signer }: ConnectOptions): Promise<Network> {
  const url = rpcUrl.replace(/\/$/, '');
  const rpc = createRpcClient(url);
  const chain = (await rpc('mizu_chain')) as ChainView;
  const members = await Promise.all(chain.da.members.map(memberOf));
  const da = createDaClient({
    members,
    threshold: chain.da.threshold,
    epoch: BigInt(chain.da.epoch),
    domain: createDomain(chain.chainId, chain.contracts.daCommittee),
  });
  return {
    rpcUrl: url,
    l1RpcUrl: l1RpcUrl ?? chain.l1RpcUrl,
    rpc,
    chain,
    da,
    signer,
    object: async (root, length) => {
      const answer = await requestBytes(`${url}/objects/${root}`, { attempts: 1, accept: [404, 500, 503] }).catch(
        () => null,
      );
      if (answer?.status === 200 && objectRoot(answer.bytes) === root) return answer.bytes;
      return da.get(root, length === undefined ? {} : { length });
    },
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

// A member tells its own address: one that lies only makes certificates that nobody accepts. The place in the list is the signer's bit.
async function memberOf(
  member: string | { url: string; address: Address },
): Promise<{ url: string; address: Address }> {
  if (typeof member !== 'string') return member;
  const health = await requestJson<{ member?: Address }>(`${member.replace(/\/$/, '')}/health`, {
    timeoutSeconds: 5,
  }).catch(() => null);
  return { url: member, address: health?.member ?? (`0x${'00'.repeat(20)}` as Address) };
}
