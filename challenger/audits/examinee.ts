// docs/audits.md#bot: a validator shows that it looks: it runs again what is drawn for it, commits to what it has found, and
// reveals it. All of it is decided by L1 and by what is in the store, so the process may be killed anywhere.
import { randomBytes } from 'node:crypto';
import type { Abi } from 'viem';
import type { ContractAddresses } from '../../contracts/deploy.ts';
import type { AuditTimes } from '../../node/l1/audit-times.ts';
import type { LoopRound } from '../../node/loop.ts';
import type { NetworkNode } from '../../node/node.ts';
import { auditsAbi, stakeManagerAbi } from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import { ROLE } from '../../protocol/roles.ts';
import type { Logger } from '../../service/process/log.ts';
import { numberKey } from '../../service/storage/store.ts';
import type { Caller } from '../caller.ts';
import type { Looker, PeriodItem } from './looker.ts';

export type ExamineeParts = {
  readonly node: NetworkNode;
  readonly contracts: Pick<ContractAddresses, 'audits' | 'stakeManager'>;
  readonly caller: Caller;
  readonly times: AuditTimes;
  readonly looker: Looker;
  readonly log: Logger;
};

export type ExamCounts = { committed: number; revealed: number };

export type Examinee = { readonly tasks: readonly LoopRound[]; readonly counts: Readonly<ExamCounts> };

/** What we have committed to. It is written before the commitment is sent: whoever knows it can reveal. */
type Secret = { readonly period: bigint; readonly findings: readonly Hex[]; readonly salt: Hex };

/** So long before the end of the commit phase we commit to what we have found: a transaction must be mined in it. */
const MARGIN_SECONDS = 15n;
const DRAW_GAS = 60_000n;
const ZERO: Hex = `0x${'00'.repeat(32)}`;

export function createExaminee({ node, contracts, caller, times, looker, log }: ExamineeParts): Examinee {
  const { client } = node.l1;
  const audits = { address: contracts.audits, abi: auditsAbi } as const;
  const call = { ...audits, abi: auditsAbi as Abi };
  const secrets = node.store.table<Secret>('audit-findings');
  const counts: ExamCounts = { committed: 0, revealed: 0 };

  const lookOf = (period: bigint) =>
    client.readContract({ ...audits, functionName: 'lookOf', args: [period, caller.address] });
  const seedBlockOf = async (period: bigint) =>
    (await client.readContract({ ...audits, functionName: 'periodAt', args: [period] })).seedBlock;

  /** Whether a plant was good at any time of the period: else it has no canaries. */
  async function isPlanted(period: bigint): Promise<boolean> {
    const { begin, end } = times.phasesOf(period);
    const [first, last, good] = await Promise.all([
      client.readContract({ ...audits, functionName: 'firstPlantAt' }),
      client.readContract({ ...audits, functionName: 'lastPlantAt' }),
      client.readContract({ ...audits, functionName: 'plantSeconds' }),
    ]);
    return first !== 0n && first < end && begin <= last + BigInt(good);
  }

  async function isValidatorIn(period: bigint): Promise<boolean> {
    const before = Number(times.phasesOf(period).begin - 1n);
    const stakes = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
    const args = [caller.address, ROLE.validator, before] as const;
    return (await client.readContract({ ...stakes, functionName: 'weightAt', args })) > 0n;
  }

  /** Undefined: the next block is not there yet, or nobody could close the period. */
  async function seedOf(period: bigint): Promise<Hex | undefined> {
    const { commit } = times.phasesOf(period);
    const isDone = async () => (await seedBlockOf(period)) > 0n || (await node.headSeconds()) >= commit;
    if (!(await isDone()))
      await caller.send({ ...call, functionName: 'close', args: [period], isDone }, `period ${period}`);
    const seedBlock = await seedBlockOf(period);
    if (seedBlock === 0n || seedBlock >= (await client.getBlockNumber())) return undefined;
    return (await client.getBlock({ blockNumber: seedBlock })).hash;
  }

  async function secretOf(period: bigint, drawn: readonly PeriodItem[], signal: AbortSignal) {
    const kept = await secrets.get(numberKey(period));
    if (kept !== undefined) return kept;
    const { commit } = times.phasesOf(period);
    const goesOn = async () => (await node.headSeconds()) + MARGIN_SECONDS < commit;
    const findings = await looker.look(drawn, signal, goesOn);
    // Stopped: it looks again when it is started.
    if (signal.aborted) return undefined;
    const secret = { period, findings, salt: bytesToHex(randomBytes(32)) };
    await node.store.write([secrets.put(numberKey(period), secret)]);
    log.info({ period: Number(period), drawn: drawn.length, found: findings.length }, 'looked at what was drawn');
    return secret;
  }

  async function commit(period: bigint, signal: AbortSignal): Promise<boolean> {
    if (!(await isPlanted(period)) || (await lookOf(period)).commitment !== ZERO) return false;
    if (!(await isValidatorIn(period))) return false;
    const items = await looker.itemsOf(times.phasesOf(period));
    if (items === undefined || items.length === 0) return false;
    const seed = await seedOf(period);
    if (seed === undefined) return false;
    const drawn = await looker.drawnOf(items, seed);
    if (drawn.length === 0) return false;
    const secret = await secretOf(period, drawn, signal);
    if (secret === undefined) return false;
    const args = [period, caller.address, secret.findings, secret.salt] as const;
    const commitment = await client.readContract({ ...audits, functionName: 'hashFindings', args });
    const isDone = async () =>
      (await lookOf(period)).commitment === commitment || (await node.headSeconds()) >= times.phasesOf(period).commit;
    const sent = await caller.send(
      // The first one writes the seed down too, which the latest block need not know yet.
      { ...call, functionName: 'commit', args: [period, commitment], isDone, extraGas: DRAW_GAS },
      `period ${period}`,
    );
    if (sent) counts.committed++;
    return sent;
  }

  async function commitNext(signal: AbortSignal): Promise<boolean> {
    let sent = false;
    const now = await node.headSeconds();
    for (let period = times.periodOf(now) - 1n; period >= 0n && now < times.phasesOf(period).commit; period--)
      sent = (await commit(period, signal)) || sent;
    return sent;
  }

  async function reveal({ period, findings, salt }: Secret): Promise<boolean> {
    const { length } = await client.readContract({ ...audits, functionName: 'canariesIn', args: [period] });
    const look = await lookOf(period);
    if (length === 0 || look.revealed || look.commitment === ZERO) return false;
    const isDone = async () =>
      (await lookOf(period)).revealed || (await node.headSeconds()) >= times.phasesOf(period).reveal;
    const args = [period, caller.address, findings, salt] as const;
    const sent = await caller.send({ ...call, functionName: 'reveal', args, isDone }, `period ${period}`);
    if (sent) counts.revealed++;
    return sent;
  }

  async function revealNext(): Promise<boolean> {
    let sent = false;
    const now = await node.headSeconds();
    for await (const [key, secret] of secrets.entries()) {
      const phases = times.phasesOf(secret.period);
      if (now >= phases.open && now < phases.reveal) sent = (await reveal(secret)) || sent;
      if (now >= phases.reveal) await node.store.write([secrets.delete(key)]);
    }
    return sent;
  }

  return { counts, tasks: [commitNext, revealNext] };
}
