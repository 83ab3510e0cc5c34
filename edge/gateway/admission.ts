// docs/edge.md#admission: who may be a worker: addresses that the operator names or has invited, and accounts with a
// stake.
import { MizuError } from '../../protocol/errors.ts';
import type { Address, Hex } from '../../protocol/hex.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import { readInvitation } from '../invitation.ts';
import { readRevoked } from '../revoked.ts';

export type WorkerAdmission =
  | { readonly kind: 'named' }
  | { readonly kind: 'invited'; readonly name: string; readonly expiry: number }
  /** Unix seconds until which the stake is not looked up again. */
  | { readonly kind: 'staked'; readonly until: number };

/** Whether the account has the stake that workers must have. */
export type StakeCheck = (worker: Address) => Promise<boolean>;

export type Admissions = {
  /**
   * Judges a worker that has proven that the key is its own.
   * @throws MizuError `edge/worker-refused` if it may not connect
   */
  admit(worker: Address, invitation: string | undefined): Promise<WorkerAdmission>;
  /** Why the admission has ended, undefined if it has not. The worker may come again if another ground admits it. */
  endOf(admission: WorkerAdmission, revoked: ReadonlySet<string>): string | undefined;
  revoked(): ReadonlySet<string>;
};

export type AdmissionOptions = {
  readonly domain: Domain;
  readonly gatewayKey: Hex;
  readonly dataDir: string;
  /** Addresses that need neither invitation nor stake; undefined: nobody is named. */
  readonly named: ReadonlySet<Address> | undefined;
  /** Undefined if no stakes are looked up. */
  readonly isStaked: StakeCheck | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
};

const STAKE_SECONDS = 3_600;
const MAX_LOOKUPS = 8;

export function createAdmissions(options: AdmissionOptions): Admissions {
  const { domain, gatewayKey, dataDir, named, isStaked } = options;
  const seconds = () => Math.floor(options.now() / 1000);
  const revoked = () => readRevoked(dataDir);
  let lookups = 0;

  const endOf: Admissions['endOf'] = (admission, names) => {
    if (admission.kind === 'staked') return admission.until > seconds() ? undefined : 'the stake is looked up again';
    if (admission.kind === 'named') return undefined;
    if (admission.expiry <= seconds()) return 'the invitation has expired';
    return names.has(admission.name) ? 'the invitation is revoked' : undefined;
  };

  const admitInvited = (worker: Address, text: string): WorkerAdmission => {
    const invitation = readInvitation(domain, gatewayKey, text);
    if (invitation === undefined) throw refuse('an invitation of this gateway', 'another text or signature');
    if (invitation.worker !== worker) throw refuse(`an invitation of ${worker}`, `one of ${invitation.worker}`);
    const admission = { kind: 'invited', name: invitation.name, expiry: invitation.expiry } as const;
    const end = endOf(admission, revoked());
    if (end !== undefined) throw refuse('an invitation that counts', end);
    return admission;
  };

  return {
    endOf,
    revoked,
    admit: async (worker, invitation) => {
      if (named?.has(worker)) return { kind: 'named' };
      if (named !== undefined) throw refuse('a worker of the list', worker);
      if (invitation !== undefined) return admitInvited(worker, invitation);
      if (isStaked === undefined) throw refuse('an invitation', 'none');
      if (lookups >= MAX_LOOKUPS) throw refuse(`at most ${MAX_LOOKUPS} look-ups of stakes at once`, 'one more');
      lookups += 1;
      const staked = await isStaked(worker).finally(() => {
        lookups -= 1;
      });
      if (!staked) throw refuse('an invitation, or the stake of a gateway', 'neither');
      return { kind: 'staked', until: seconds() + STAKE_SECONDS };
    },
  };
}

export function refuse(expected: string, actual: string): MizuError {
  return new MizuError({
    code: 'edge/worker-refused',
    message: 'The worker is refused.',
    expected,
    actual,
    hint: 'See docs/edge.md#admission.',
  });
}
