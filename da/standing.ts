// docs/da.md#quotas: what an account may have a member keep: by its stake on L1, by its tokens on the network, or because the operator says so.

import { MizuError } from '../protocol/errors.ts';
import { daCommitteeAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import { ROLES } from '../protocol/roles.ts';
import { createRpcClient } from '../service/http/client.ts';
import { connectL1 } from '../service/l1/l1.ts';
import { loadOnce } from '../service/l1/once.ts';
import { createStakeReader } from '../service/l1/stakes.ts';
import { createTurnstile } from '../service/l1/turnstile.ts';
import type { Logger } from '../service/process/log.ts';
import { createBalanceReader } from './balance.ts';

export const CLASSES = ['staked', 'paying', 'free'] as const;
export type Class = (typeof CLASSES)[number];

export type Standing = {
  readonly class: Class;
  /** Tokens on the network as L1 has confirmed them, of an account of the class `paying`. */
  readonly balanceWei: bigint;
};

export type Standings = (account: Address) => Promise<Standing>;

/** Reads one account. */
export type StandingSource = {
  isStaked(account: Address): Promise<boolean>;
  balanceWei(account: Address): Promise<bigint>;
};

export const FREE: Standing = { class: 'free', balanceWei: 0n };

const FRESH_MS = 60_000;
/** A free account may have deposited since: nobody waits a minute for what has been paid. */
const FREE_FRESH_MS = 5_000;
/** A stake takes longer than this to leave; while L1 does not answer, the last answer serves. */
const STALE_MS = 3_600_000;
const MAX_REMEMBERED = 4_096;
const LOOKUPS_AT_ONCE = 8;
const LOOKUP_MS = 5_000;

/**
 * Staked accounts are remembered apart from the others: however many names strangers think of, they are not forgotten for it.
 * An account that cannot be looked up, and never was, counts as free.
 */
export function createStandings(
  source: StandingSource,
  log: Logger,
  isGranted: (account: Address) => boolean = () => false,
): Standings {
  const staked = new Map<Address, { readonly standing: Standing; readonly at: number }>();
  const others = new Map<Address, { readonly standing: Standing; readonly at: number }>();
  const looking = new Map<Address, Promise<Standing>>();
  const inTurn = createTurnstile(LOOKUPS_AT_ONCE);

  const look = async (account: Address): Promise<Standing> => {
    try {
      const standing = await inTurn(() => inTime(read(source, account)));
      const [into, from] = standing.class === 'staked' ? [staked, others] : [others, staked];
      from.delete(account);
      into.delete(account);
      into.set(account, { standing, at: Date.now() });
      for (const oldest of into.keys()) {
        if (into.size <= MAX_REMEMBERED) break;
        into.delete(oldest);
      }
      return standing;
    } catch (err) {
      log.warn({ err, account }, 'the standing of an account could not be read');
      return (staked.get(account) ?? others.get(account))?.standing ?? FREE;
    }
  };

  const lookOnce = (account: Address): Promise<Standing> => {
    const running = looking.get(account) ?? look(account).finally(() => looking.delete(account));
    looking.set(account, running);
    return running;
  };

  return async (account) => {
    if (isGranted(account)) return { class: 'staked', balanceWei: 0n };
    const known = staked.get(account) ?? others.get(account);
    const age = known === undefined ? Number.POSITIVE_INFINITY : Date.now() - known.at;
    if (known !== undefined && age < (known.standing.class === 'free' ? FREE_FRESH_MS : FRESH_MS))
      return known.standing;
    // Its next request has the new answer; this one does not wait for an L1 that is slow.
    const isServed = known?.standing.class === 'staked' && age < STALE_MS;
    const answer = lookOnce(account);
    return isServed ? known.standing : answer;
  };
}

async function inTime<T>(read: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(tooLate()), LOOKUP_MS);
  });
  return Promise.race([read, late]).finally(() => clearTimeout(timer));
}

async function read(source: StandingSource, account: Address): Promise<Standing> {
  if (await source.isStaked(account)) return { class: 'staked', balanceWei: 0n };
  const balanceWei = await source.balanceWei(account);
  return balanceWei > 0n ? { class: 'paying', balanceWei } : FREE;
}

/** Stakes of any role, from L1; what L1 has confirmed that an account has, by proofs of a sequencer, if one is named. */
export function followStandings(
  l1Url: string | readonly string[],
  committee: Address,
  sequencerUrl: string | undefined,
): StandingSource {
  const connect = loadOnce(async (): Promise<StandingSource> => {
    const { client } = await connectL1(l1Url);
    const address = await client.readContract({ address: committee, abi: daCommitteeAbi, functionName: 'stakes' });
    const isActive = createStakeReader(client, address);
    return {
      isStaked: async (account) =>
        (await Promise.all(ROLES.map((role) => isActive(account, role)))).some((active) => active),
      balanceWei:
        sequencerUrl === undefined
          ? async () => 0n
          : createBalanceReader(client, committee, createRpcClient(sequencerUrl)),
    };
  });
  return {
    isStaked: async (account) => (await connect()).isStaked(account),
    balanceWei: async (account) => (await connect()).balanceWei(account),
  };
}

function tooLate(): MizuError {
  return new MizuError({
    code: 'da/no-standing',
    message: 'Neither L1 nor the sequencer has told an account’s standing in time.',
    expected: `an answer within ${LOOKUP_MS} ms`,
    actual: 'none',
    retryable: true,
  });
}
