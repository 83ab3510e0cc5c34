// docs/sdk.md#trust: what a verification believes before it looks: never what the sequencer says that is being checked.
import { MizuError } from '../../protocol/errors.ts';
import type { Address } from '../../protocol/hex.ts';
import type { CheckedFolder } from '../output/check-folder.ts';
import type { PinnedNetwork } from './discover.ts';
import type { ChainView } from './views.ts';

export type TrustFlags = {
  /** Of the L1: one node, or two and more that must agree. */
  readonly l1Urls?: readonly string[] | undefined;
  readonly rollup?: Address | undefined;
  readonly chainId?: number | undefined;
};

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
  folder: Pick<CheckedFolder, 'chainId' | 'rollup'> | undefined,
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
  if (folder !== undefined)
    assertSame(`${file}, or the options`, { chainId: chainId.value, rollup: rollup.value }, 'the folder', folder);
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
