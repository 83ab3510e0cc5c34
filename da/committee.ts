// docs/da.md#epochs: who signs now. The committee may change while clients run; addresses of members come from the configuration.
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';
import type { Logger } from '../service/process/log.ts';
import { createMutex } from '../service/process/mutex.ts';
import type { MemberAddress } from './member.ts';

export type DaCommittee = {
  readonly epoch: bigint;
  readonly threshold: number;
  /** In the committee's order: bit i of a certificate is member i. */
  readonly members: readonly MemberAddress[];
};

/** A committee as L1 or the state has it: it does not know where its members are. */
export type Appointed = Omit<DaCommittee, 'members'> & {
  readonly members: readonly { readonly address: Address; readonly url?: string | null | undefined }[];
};

export type CommitteeSource = {
  /** At most 5 s old; `fresh` asks at once. @throws MizuError `da/unknown-member` if nobody has told where a member is */
  current(fresh?: boolean): Promise<DaCommittee>;
  /** As appointed, with the addresses that are known. Not older than 5 s if L1 answers. */
  appointed(): Promise<Appointed>;
  /** All that are or were members: what an earlier committee promised is still with its members. */
  known(): readonly MemberAddress[];
};

const FRESH_MS = 5_000;

export function fixedCommittee(committee: DaCommittee): CommitteeSource {
  return {
    current: async () => committee,
    appointed: async () => committee,
    known: () => committee.members,
  };
}

/**
 * Reads the committee when it is needed. While it cannot be read, the last one serves: a certificate of an old epoch is refused, never wrong.
 * `members` tells where members are; an address that `read` tells serves for those that are missing there.
 */
export function followCommittee(
  read: () => Promise<Appointed>,
  members: readonly MemberAddress[],
  log?: Logger,
): CommitteeSource {
  const urls = new Map<string, MemberAddress>();
  for (const member of members) urls.set(member.address.toLowerCase(), member);
  const inOrder = createMutex();
  let last: { readonly appointed: Appointed; readonly at: number } | undefined;

  const refresh = async (maxAgeMs: number): Promise<Appointed> => {
    if (last !== undefined && Date.now() - last.at < maxAgeMs) return last.appointed;
    try {
      const appointed = await read();
      for (const { address, url } of appointed.members) {
        if (typeof url === 'string' && !urls.has(address.toLowerCase()))
          urls.set(address.toLowerCase(), { address, url });
      }
      if (last !== undefined && last.appointed.epoch !== appointed.epoch)
        log?.info(
          { epoch: Number(appointed.epoch), members: appointed.members.length },
          'the DA committee has changed',
        );
      last = { appointed, at: Date.now() };
      return appointed;
    } catch (error) {
      if (last === undefined) throw error;
      log?.warn({ err: error }, 'the DA committee could not be read; the last one is used');
      last = { ...last, at: Date.now() };
      return last.appointed;
    }
  };

  const appointed = () => inOrder(() => refresh(FRESH_MS));
  return {
    current: async (fresh = false) => {
      const { epoch, threshold, members: named } = await inOrder(() => refresh(fresh ? 0 : FRESH_MS));
      return { epoch, threshold, members: named.map(({ address }) => locate(urls, address, epoch)) };
    },
    appointed: async () => {
      const { members: named, ...rest } = await appointed();
      return { ...rest, members: withUrls(named, urls) };
    },
    known: () => [...urls.values()],
  };
}

/** With the addresses that the configuration tells, null for those that it does not. */
export function describeMembers(addresses: readonly Address[], members: readonly MemberAddress[]) {
  return withUrls(
    addresses.map((address) => ({ address })),
    new Map(members.map((member) => [member.address.toLowerCase(), member])),
  );
}

function withUrls(named: Appointed['members'], urls: ReadonlyMap<string, MemberAddress>) {
  return named.map(({ address }) => ({ address, url: urls.get(address.toLowerCase())?.url ?? null }));
}

function locate(urls: ReadonlyMap<string, MemberAddress>, address: Address, epoch: bigint): MemberAddress {
  const member = urls.get(address.toLowerCase());
  if (member !== undefined) return member;
  throw new MizuError({
    code: 'da/unknown-member',
    message: `It is not known where member ${address} of the DA committee is.`,
    expected: `an address for each member of epoch ${epoch}`,
    actual: `${[...urls.values()].map((known) => `${known.address} at ${known.url}`).join(', ') || 'none'}`,
    hint: 'Add it to da.members in the configuration and start again.',
  });
}
