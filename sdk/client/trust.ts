// docs/sdk.md#trust: what a verification believes before it looks: never what the sequencer says that is being checked.

import { BlockNotFoundError } from 'viem';
import { MizuError } from '../../protocol/errors.ts';
import { type Address, isSameAddress } from '../../protocol/hex.ts';
import type { L1 } from '../../service/l1/l1.ts';
import type { CheckedFolder } from '../output/check-folder.ts';
import { shellWord } from '../output/shell-word.ts';
import type { PinnedNetwork } from './discover.ts';
import type { TrustFlags } from './trust-flags.ts';
import type { ChainView } from './views.ts';

export type TrustRoot = {
  readonly chainId: number;
  readonly rollup: Address;
  readonly l1Urls: readonly string[];
  /** One line for people: each part with where it comes from. */
  readonly described: string;
};

type Sourced<T> = { readonly value: T; readonly source: string };

/**
 * Part by part: options, the network's pinned file, the folder's manifest. The L1's URL never comes from the manifest.
 * @throws MizuError `sdk/no-trust-root`; `verify/other-network` if the manifest contradicts what goes before it
 */
export function resolveTrust(
  flags: TrustFlags,
  pinned: PinnedNetwork | undefined,
  folder: Origin | undefined,
): TrustRoot {
  const file = pinned?.file ?? 'the network file';
  const chainId = first<number>([
    [flags.chainId, '--chain-id'],
    [pinned?.chainId, file],
    [folder?.chainId, "the dataset's manifest"],
  ]);
  const rollup = first<Address>([
    [flags.rollup, '--rollup'],
    [pinned?.rollup, file],
    [folder?.rollup, "the dataset's manifest"],
  ]);
  const urls = first<readonly string[]>([
    [flags.l1Urls?.length === 0 ? undefined : flags.l1Urls, '--l1-url or MIZU_L1_RPC'],
    [pinned === undefined ? undefined : [pinned.l1RpcUrl], file],
  ]);
  if (chainId === undefined || rollup === undefined || urls === undefined) throw noTrustRoot(chainId, rollup, urls);
  const isOther =
    folder !== undefined &&
    (folder.chainId !== chainId.value || (folder.rollup !== undefined && !isSameAddress(folder.rollup, rollup.value)));
  if (isOther)
    throw otherNetwork(folder, `chain ${chainId.value}, Rollup ${rollup.value} (${chainId.source}, ${rollup.source})`);
  const described = [
    `chain ${chainId.value} (${chainId.source})`,
    `Rollup ${rollup.value} (${rollup.source})`,
    `L1 ${urls.value.join(', ')} (${urls.source})`,
  ].join(', ');
  return { chainId: chainId.value, rollup: rollup.value, l1Urls: urls.value, described };
}

/** @throws MizuError `verify/other-network` */
export function assertSequencer(trust: TrustRoot, inbox: Address, chain: ChainView): void {
  const said = { chainId: chain.chainId, rollup: chain.contracts.rollup, inbox: chain.contracts.inbox };
  assertSame('the trust root', { chainId: trust.chainId, rollup: trust.rollup, inbox }, 'the sequencer', said);
}

/**
 * That the folder was made on this very network: a devnet that was started anew has the chain id and the addresses of the one before.
 * @throws MizuError `verify/other-network`, `sdk/no-origin`
 */
export async function assertOrigin(target: string, folder: CheckedFolder, trust: TrustRoot, l1: L1): Promise<void> {
  const { origin, fromBlock } = folder;
  if (origin === undefined || fromBlock === undefined) throw noOrigin(target, folder);
  const hash = await l1.client.getBlock({ blockNumber: BigInt(fromBlock) }).then(
    (block) => block.hash,
    (error: unknown) => {
      if (error instanceof BlockNotFoundError) return undefined;
      throw error;
    },
  );
  if (hash === origin) return;
  const block = hash === undefined ? `no block ${fromBlock}` : `block ${fromBlock} ${hash}`;
  throw otherNetwork(folder, `chain ${trust.chainId}, Rollup ${trust.rollup}, ${block} (L1)`);
}

function otherNetwork({ chainId, rollup, fromBlock, origin }: Origin, here: string): MizuError {
  const block = origin === undefined ? [] : [`block ${fromBlock} ${origin}`];
  return new MizuError({
    code: 'verify/other-network',
    message: 'This dataset was made on another network than the one that it is verified on.',
    expected: `${here}: this network`,
    actual: `${[`chain ${chainId}`, `Rollup ${rollup ?? 'unknown'}`, ...block].join(', ')} (the dataset's manifest.json)`,
    hint: 'Name its network with --l1-url, --rollup, --chain-id and --rpc. A devnet that was started anew is another network: run the workflow again.',
  });
}

function noOrigin(target: string, { run }: CheckedFolder): MizuError {
  return new MizuError({
    code: 'sdk/no-origin',
    message: `The manifest.json of ${target} does not say on which network the dataset was made.`,
    expected: 'fromBlock and origin: the L1 block of the first contract and its hash',
    actual: 'not there: an earlier version of MIZU has written it, or its sequencer did not tell',
    hint: `Fetch it again, which costs nothing: npx mizu dataset get ${run} --output ${shellWord(target)}`,
  });
}

type Origin = Pick<CheckedFolder, 'chainId' | 'rollup' | 'fromBlock' | 'origin'>;

type Named = {
  readonly chainId?: number | undefined;
  readonly rollup?: Address | undefined;
  readonly inbox?: Address | undefined;
};

export function assertSame(trusted: string, right: Named, other: string, said: Named): void {
  for (const name of ['chainId', 'rollup', 'inbox'] as const) {
    const [expected, actual] = [right[name], said[name]];
    if (expected === undefined || actual === undefined) continue;
    if (String(expected).toLowerCase() === String(actual).toLowerCase()) continue;
    throw new MizuError({
      code: 'verify/other-network',
      message: `The verification failed at: network. What ${other} says is of another network than ${trusted}.`,
      expected: `${name} ${expected}`,
      actual: `${name} ${actual}`,
      hint: 'Either it is not honest, or you mean another network: then name it with --l1-url, --rollup and --chain-id.',
    });
  }
}

function first<T>(candidates: readonly (readonly [T | undefined, string])[]): Sourced<T> | undefined {
  for (const [value, source] of candidates) if (value !== undefined) return { value, source };
  return undefined;
}

function noTrustRoot(...parts: readonly (Sourced<unknown> | undefined)[]): MizuError {
  const names = ['--chain-id', '--rollup', '--l1-url'].filter((_, i) => parts[i] === undefined);
  return new MizuError({
    code: 'sdk/no-trust-root',
    message:
      'A verification needs to know which network to believe, and does not take the word of its sequencer for it.',
    expected: `${names.join(', ')} (or the devnet's file, or the folder of a dataset)`,
    actual: 'not given',
    hint: 'Take the chain id and the address of the Rollup from a source that you trust, and name an L1 node.',
  });
}
