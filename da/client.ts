// docs/da.md#client: writes to all members until a quorum has signed; reads that believe no member.
import { setMaxListeners } from 'node:events';
import type { Certificate } from '../protocol/certificate.ts';
import { MAX_OUTPUT_BYTES } from '../protocol/constants.ts';
import { MizuError } from '../protocol/errors.ts';
import type { Hex } from '../protocol/hex.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import type { Domain } from '../protocol/typed-data.ts';
import type { Logger } from '../service/process/log.ts';
import type { CommitteeSource, DaCommittee } from './committee.ts';
import { hashInPieces } from './hash.ts';
import { createMember, type Member, type MemberAddress } from './member.ts';
import { type DaAccount, signRequest } from './storage-request.ts';

export type DaClientOptions = {
  readonly committee: CommitteeSource;
  /** That of the DACommittee contract. */
  readonly domain: Domain;
  /** Signs what is to be kept, and is charged for it. Absent: the client only reads. */
  readonly account?: DaAccount | undefined;
  readonly log?: Logger;
};

export type DaClient = {
  /**
   * Stores the objects with a quorum and returns its certificate over them, in this order. The other members are still
   * being written to when it returns; `close` waits for them.
   * @throws MizuError `da/no-quorum` (retryable), `da/too-large`, `da/unknown-member`, `da/no-account`
   */
  put(
    objects: readonly Uint8Array[],
    options: { expiry: bigint },
  ): Promise<{ refs: ObjectRef[]; certificate: Certificate }>;
  /** A certificate over objects that the members hold already. @throws MizuError `da/no-quorum` */
  certify(objects: readonly ObjectRef[], expiry: bigint): Promise<Certificate>;
  /** Verified against the root. @throws MizuError `da/unavailable` (retryable) if no member gives it */
  get(root: Hex, options?: { length?: number; signal?: AbortSignal }): Promise<Uint8Array>;
  close(): Promise<void>;
};

/** A member that has not answered a read by then gets a rival. */
const HEDGE_MS = 1_000;
const WRITE_SECONDS = 120;

export function createDaClient({ committee, domain, account, log }: DaClientOptions): DaClient {
  const clients = new Map<string, Member>();
  const failures = new Map<Member, number>();
  const running = new Set<Promise<unknown>>();
  const closed = new AbortController();
  let turn = 0;

  const succeeded = (member: Member) => void failures.delete(member);
  const failed = (member: Member, err: unknown) => {
    failures.set(member, (failures.get(member) ?? 0) + 1);
    if (!closed.signal.aborted) log?.warn({ err, member: member.url }, 'a DA member failed');
  };

  const memberAt = (address: MemberAddress): Member => {
    const key = `${address.address.toLowerCase()} ${address.url}`;
    const member = clients.get(key) ?? createMember(address, domain);
    clients.set(key, member);
    return member;
  };

  const collect = async (
    objects: readonly ObjectRef[],
    expiry: bigint,
    bytesOf: (root: Hex) => Uint8Array | undefined,
  ): Promise<Certificate> => {
    const before = await committee.current();
    try {
      return await collectFrom(before, objects, expiry, bytesOf);
    } catch (error) {
      // Members that sign for another epoch know of a change that is news here.
      if (!isOtherEpoch(error)) throw error;
      const now = await committee.current(true);
      if (now.epoch === before.epoch) throw error;
      return collectFrom(now, objects, expiry, bytesOf);
    }
  };

  const collectFrom = async (
    { epoch, threshold, members }: DaCommittee,
    objects: readonly ObjectRef[],
    expiry: bigint,
    bytesOf: (root: Hex) => Uint8Array | undefined,
  ): Promise<Certificate> => {
    const all = members.map(memberAt);
    if (account === undefined) throw noAccount();
    const request = await signRequest(account, domain, objects, expiry);
    const signal = AbortSignal.any([closed.signal, AbortSignal.timeout(WRITE_SECONDS * 1000)]);
    // Each upload listens to it while it lasts.
    setMaxListeners(0, signal);
    const signatures = new Map<number, Hex>();
    const errors: unknown[] = [];
    await new Promise<void>((resolve) => {
      all.forEach((member, i) => {
        const write = member.certify(request, epoch, bytesOf, signal).then(
          (signature) => {
            succeeded(member);
            if (signatures.size < threshold) signatures.set(i, signature);
          },
          (error: unknown) => {
            failed(member, error);
            errors.push(error);
          },
        );
        const tracked = write.finally(() => {
          running.delete(tracked);
          if (signatures.size >= threshold || errors.length > all.length - threshold) resolve();
        });
        running.add(tracked);
      });
    });
    if (signatures.size < threshold) throw noQuorum(threshold, all.length, errors);
    const signers = [...signatures.keys()].sort((a, b) => a - b);
    return {
      epoch,
      expiry,
      signers: signers.reduce((bits, i) => bits | (1n << BigInt(i)), 0n),
      signatures: signers.map((i) => signatures.get(i) as Hex),
    };
  };

  return {
    put: async (objects, { expiry }) => {
      for (const bytes of objects) if (bytes.length > MAX_OUTPUT_BYTES) throw tooLarge(bytes.length);
      const refs: ObjectRef[] = [];
      for (const bytes of objects) refs.push({ root: await hashInPieces(bytes), length: bytes.length });
      const bytes = new Map(refs.map(({ root }, i) => [root, objects[i] as Uint8Array]));
      return { refs, certificate: await collect(refs, expiry, (root) => bytes.get(root)) };
    },
    certify: (objects, expiry) => collect(objects, expiry, () => undefined),
    get: (root, options = {}) => {
      const start = turn++;
      const all = committee.known().map(memberAt);
      // Those that failed lately come last; among the others each gets its turn.
      const order = all
        .map((member, i) => ({
          member,
          faults: failures.get(member) ?? 0,
          place: (i + all.length - (start % all.length)) % all.length,
        }))
        .sort((a, b) => Math.min(a.faults, 3) - Math.min(b.faults, 3) || a.place - b.place)
        .map(({ member }) => member);
      const signals = options.signal === undefined ? [closed.signal] : [closed.signal, options.signal];
      const object = options.length === undefined ? { root } : { root, length: options.length };
      return readFirst(order, object, AbortSignal.any(signals), { succeeded, failed });
    },
    close: async () => {
      if (running.size > 0)
        await Promise.race([Promise.allSettled(running), new Promise((resolve) => setTimeout(resolve, 2_000).unref())]);
      closed.abort();
      await Promise.allSettled(running);
    },
  };
}

type Report = { succeeded: (member: Member) => void; failed: (member: Member, error: unknown) => void };

// Asks one after another; the next is asked early if the one before is slow. The first verified answer wins.
async function readFirst(
  order: readonly Member[],
  object: { root: Hex; length?: number },
  outer: AbortSignal,
  report: Report,
): Promise<Uint8Array> {
  const won = new AbortController();
  const signal = AbortSignal.any([outer, won.signal]);
  const reasons: string[] = [];
  let outage: unknown;
  return new Promise<Uint8Array>((resolve, reject) => {
    let next = 0;
    let open = 0;
    let timer: NodeJS.Timeout | undefined;
    const ask = () => {
      clearTimeout(timer);
      const member = order[next++];
      if (member === undefined) {
        if (open === 0) reject(outer.aborted ? outer.reason : unavailable(object.root, reasons, outage));
        return;
      }
      open += 1;
      timer = setTimeout(ask, HEDGE_MS);
      member.get(object, signal).then(
        (bytes) => {
          open -= 1;
          if (bytes !== undefined) {
            report.succeeded(member);
            clearTimeout(timer);
            won.abort();
            resolve(bytes);
            return;
          }
          reasons.push(`${member.url}: not there`);
          ask();
        },
        (error: unknown) => {
          open -= 1;
          if (won.signal.aborted) return;
          if (!outer.aborted) report.failed(member, error);
          if (isRetryable(error)) outage = error;
          reasons.push(`${member.url}: ${error instanceof Error ? error.message : String(error)}`);
          ask();
        },
      );
    };
    ask();
  });
}

function noQuorum(threshold: number, count: number, errors: readonly unknown[]): MizuError {
  const reasons = errors.map((error) =>
    error instanceof MizuError ? `${error.message} ${error.actual ?? ''}` : String(error),
  );
  return new MizuError({
    code: 'da/no-quorum',
    message: 'Too few DA members have signed.',
    expected: `${threshold} of ${count}`,
    actual: reasons.join('; '),
    hint: 'Check that the members are up and have room.',
    retryable: true,
    cause: errors.find(isOtherEpoch) ?? errors.find(isRetryable) ?? errors[0],
  });
}

function isOtherEpoch(error: unknown): boolean {
  if (!(error instanceof MizuError)) return false;
  return error.code === 'da/other-epoch' || (error.code === 'da/no-quorum' && isOtherEpoch(error.cause));
}

function isRetryable(error: unknown): boolean {
  return error instanceof MizuError && error.retryable;
}

// Its cause is the failure of a member that may hold it; without one, all have said that they do not.
function unavailable(root: Hex, reasons: readonly string[], outage: unknown): MizuError {
  return new MizuError({
    code: 'da/unavailable',
    message: 'No DA member has given the object.',
    expected: root,
    actual: reasons.join('; ') || 'no members',
    retryable: true,
    cause: outage,
  });
}

function noAccount(): MizuError {
  return new MizuError({
    code: 'da/no-account',
    message: 'DA members keep nothing for nobody: storing needs an account that signs.',
    expected: 'an account',
    actual: 'none',
    hint: 'Give a key.',
  });
}

function tooLarge(length: number): MizuError {
  return new MizuError({
    code: 'da/too-large',
    message: 'The object is too large for the committee.',
    expected: `at most ${MAX_OUTPUT_BYTES} bytes`,
    actual: `${length} bytes`,
    hint: 'Split it into partitions.',
  });
}
