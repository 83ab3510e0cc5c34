// docs/court.md#phases: plays cases to their end: scripted voters do what the plan says, the validators' processes what they find.
import { type Abi, parseEventLogs } from 'viem';
import { inferenceCourtAbi, stakeManagerAbi } from '../../../protocol/generated/abi.ts';
import { CASE_PHASE, CASE_STATUS, OUTCOME, VERDICT } from '../../../protocol/generated/enums.ts';
import { type Address, type Hex, isSameAddress, ZERO_HASH } from '../../../protocol/hex.ts';
import { keccakHex } from '../../../protocol/tree.ts';
import { type TestNetwork, until } from '../../network/network.fixture.ts';
import type { Actor, Call } from './actors.ts';
import type { Posted } from './items.ts';

/**
 * What a scripted voter does in each round. `silent` commits and never reveals, `late` reveals when the time is over, `copies`
 * commits what another has committed.
 */
export type VoterConduct =
  | { readonly kind: 'votes' | 'silent' | 'late'; readonly verdict: number }
  | { readonly kind: 'absent' }
  | { readonly kind: 'copies'; readonly of: Actor };

export type Plan = {
  readonly ballots: ReadonlyMap<Actor, VoterConduct>;
  /** Of the second round, if it is another than that of the first. */
  readonly second?: ReadonlyMap<Actor, VoterConduct>;
  /** Who appeals against the first round. */
  readonly appellant?: Actor;
  /** The guardian, if it vetoes. */
  readonly guardian?: Actor;
};

export type Played = {
  /** How each case ended, in their order. */
  readonly statuses: readonly string[];
  /** What L1 has refused, by the names of its errors. */
  readonly refused: readonly string[];
  /** What voters' penalties have brought to those whose processes have sent them, in wei. */
  readonly rewardsWei: bigint;
};

export type Cases = {
  open(by: Actor, posted: Posted): Promise<bigint>;
  play(plans: ReadonlyMap<bigint, Plan>): Promise<Played>;
  count(): Promise<bigint>;
  readonly court: Call;
};

export type CasesParts = {
  readonly network: TestNetwork;
  /** Of validators whose processes vote by themselves, and say of lies that they are lies. */
  readonly bots: () => readonly Address[];
  /** Makes the calls that are anyone's. */
  readonly watcher: Actor;
};

const ROUNDS = [1n, 2n];
const ALL = { fromBlock: 0n, strict: true } as const;
const STATUS = Object.fromEntries(Object.entries(CASE_STATUS).map(([name, number]) => [number, name]));

export function createCases({ network, bots, watcher }: CasesParts): Cases {
  const { client } = network.l1;
  const court = { address: network.deployment.addresses.inferenceCourt, abi: inferenceCourtAbi } as const;
  const call: Call = { ...court, abi: inferenceCourtAbi as Abi };
  const phaseOf = (id: bigint) => client.readContract({ ...court, functionName: 'phaseOf', args: [id] });
  const caseOf = (id: bigint) => client.readContract({ ...court, functionName: 'caseOf', args: [id] });
  const ballotOf = (id: bigint, round: bigint, voter: Address) =>
    client.readContract({ ...court, functionName: 'ballotOf', args: [id, round, voter] });
  const items = new Map<bigint, Hex>();
  const secretOf = (id: bigint, round: bigint, voter: Actor) =>
    keccakHex(new TextEncoder().encode(`${id} ${round} ${voter.address}`));

  async function commit(id: bigint, round: bigint, voter: Actor, conduct: VoterConduct): Promise<void> {
    if (conduct.kind === 'absent') return;
    if (conduct.kind === 'copies') {
      const { commitment } = await until('what is copied', async () => {
        const ballot = await ballotOf(id, round, conduct.of.address);
        return ballot.commitment === ZERO_HASH ? undefined : ballot;
      });
      return voter.send(call, 'commit', [id, round, commitment]);
    }
    const args = [id, round, voter.address, conduct.verdict, ZERO_HASH, secretOf(id, round, voter)] as const;
    const commitment = await client.readContract({ ...court, functionName: 'hashCommitment', args });
    await voter.send(call, 'commit', [id, round, commitment]);
  }

  async function reveal(id: bigint, round: bigint, voter: Actor, verdict: number, by = voter) {
    return voter.try(call, 'reveal', [id, round, voter.address, verdict, ZERO_HASH, secretOf(id, round, by)]);
  }

  /** In the phase for it: whoever votes, and whoever shows what another has committed to. */
  async function revealInTime(id: bigint, round: bigint, ballots: Plan['ballots']): Promise<string[]> {
    const revealed = [...ballots].map(async ([voter, conduct]) => {
      const refusal = conduct.kind === 'votes' ? await reveal(id, round, voter, conduct.verdict) : undefined;
      if (refusal !== undefined) throw new Error(`a vote is refused: ${refusal}`);
    });
    await Promise.all(revealed);
    const refused: string[] = [];
    for (const [voter, conduct] of ballots) {
      if (conduct.kind !== 'copies') continue;
      const { verdict } = await ballotOf(id, round, conduct.of.address);
      refused.push((await reveal(id, round, voter, verdict, conduct.of)) ?? 'nothing');
    }
    return refused;
  }

  const botsDo = (what: string, done: (bot: Address) => Promise<boolean>) =>
    Promise.all(bots().map((bot) => until(`${what} by ${bot}`, async () => (await done(bot)) || undefined)));

  /** What a process knows better than the first round it appeals against. */
  async function isAppealed(id: bigint, outcome: number): Promise<boolean> {
    const ballots = await Promise.all(bots().map((bot) => ballotOf(id, 1n, bot)));
    const faulty: number[] = [VERDICT.wrong, VERDICT.unavailable];
    return ballots.some(({ verdict }) => (faulty.includes(verdict) ? OUTCOME.faulty : OUTCOME.upheld) !== outcome);
  }

  async function appealPhase(id: bigint, { appellant }: Plan): Promise<void> {
    // A process that has voted counts the round itself: two who count it at once would have one of them refused.
    if (bots().length === 0 && (await caseOf(id)).outcome === OUTCOME.none) await watcher.try(call, 'tally', [id]);
    const { outcome } = await until('an outcome', async () => {
      const record = await caseOf(id);
      return record.outcome === OUTCOME.none && bots().length > 0 ? undefined : record;
    });
    if (appellant !== undefined) await appellant.send(call, 'appeal', [id]);
    else if (await isAppealed(id, outcome))
      await until('an appeal', async () => (await phaseOf(id))[0] !== CASE_PHASE.appeal || undefined);
  }

  /** What is done in a phase of a case, once. */
  async function act(id: bigint, phase: number, round: bigint, plan: Plan, refused: string[]): Promise<void> {
    const ballots = ballotsIn(plan, round);
    const isOver = async () => (await phaseOf(id))[0] !== phase || undefined;
    switch (phase) {
      case CASE_PHASE.commit:
        await Promise.all([...ballots].map(([voter, conduct]) => commit(id, round, voter, conduct)));
        await botsDo('a commitment', async (bot) => (await ballotOf(id, round, bot)).commitment !== ZERO_HASH);
        return;
      case CASE_PHASE.reveal:
        refused.push(...(await revealInTime(id, round, ballots)));
        await botsDo('a reveal', async (bot) => (await ballotOf(id, round, bot)).verdict !== VERDICT.none);
        return;
      case CASE_PHASE.appeal:
        return appealPhase(id, plan);
      case CASE_PHASE.veto:
        return plan.guardian?.send(call, 'veto', [id]);
      case CASE_PHASE.tally:
      case CASE_PHASE.execute:
        if (bots().length > 0) await until('the next phase', isOver);
        else if (phase === CASE_PHASE.tally) await watcher.send(call, 'tally', [id]);
        else await watcher.send(call, 'execute', [id, items.get(id)]);
    }
  }

  async function revealLate(id: bigint, round: bigint, plan: Plan, refused: string[]): Promise<void> {
    for (const [voter, conduct] of ballotsIn(plan, round))
      if (conduct.kind === 'late') refused.push((await reveal(id, round, voter, conduct.verdict)) ?? 'nothing');
  }

  /** Lets the next of all phases end once everybody has done what it is for. */
  async function playOn(plans: ReadonlyMap<bigint, Plan>, refused: string[]): Promise<void> {
    const last = new Map<bigint, { phase: number; round: bigint }>();
    for (;;) {
      const ends: bigint[] = [];
      let isMoving = false;
      await Promise.all(
        [...plans].map(async ([id, plan]) => {
          const [phase, round, end] = await phaseOf(id);
          const before = last.get(id);
          if (phase === CASE_PHASE.closed) return;
          if (before?.phase === phase && before.round === round) return void ends.push(end);
          isMoving = true;
          last.set(id, { phase, round });
          if (before?.phase === CASE_PHASE.reveal) await revealLate(id, before.round, plan, refused);
          await act(id, phase, round, plan, refused);
        }),
      );
      if (isMoving) continue;
      if (ends.length === 0) return;
      const [first] = ends.sort((a, b) => (a < b ? -1 : 1));
      await network.clock.advanceTo(first as bigint);
    }
  }

  const succeeds = (functionName: 'claim' | 'punish', args: readonly [bigint, bigint, Address]) =>
    client.simulateContract({ ...court, functionName, args, account: watcher.address }).then(
      () => true,
      () => false,
    );

  /** Fees, as far as the processes do not see to them themselves, and penalties, which they all send. */
  async function settle(id: bigint, plan: Plan): Promise<void> {
    const { round: last } = await caseOf(id);
    const scripted = [...plan.ballots.keys()];
    for (const round of ROUNDS.filter((each) => each <= BigInt(last))) {
      await Promise.all(scripted.map((voter) => voter.try(call, 'claim', [id, round, voter.address])));
      await botsDo('its fee', async (bot) => !(await succeeds('claim', [id, round, bot])));
      if (bots().length === 0) continue;
      for (const { address } of scripted)
        await until('a penalty', async () => !(await succeeds('punish', [id, round, address])) || undefined);
    }
  }

  /** @throws Error if a penalty has paid another than a process */
  async function rewardsOf(id: bigint): Promise<bigint> {
    const punished = await client.getContractEvents({ ...court, eventName: 'VoterPunished', args: { id }, ...ALL });
    let rewardsWei = 0n;
    for (const { args, transactionHash } of punished) {
      const { logs } = await client.getTransactionReceipt({ hash: transactionHash });
      const [slashed] = parseEventLogs({ abi: stakeManagerAbi, eventName: 'Slashed', logs });
      const isPaid = bots().some((bot) => isSameAddress(bot, slashed!.args.beneficiary));
      if (!isPaid || !isSameAddress(slashed!.args.account, args.voter as Address))
        throw new Error(`${args.voter} is punished for ${slashed?.args.beneficiary}`);
      rewardsWei += slashed!.args.reward;
    }
    return rewardsWei;
  }

  return {
    court: call,
    count: () => client.readContract({ ...court, functionName: 'caseCount' }),
    async open(by, { shown }) {
      await by.send(call, 'open', [shown]);
      const args = [shown.batch, shown.message, shown.index] as const;
      const place = await client.readContract({ ...court, functionName: 'placeOf', args });
      const id = await client.readContract({ ...court, functionName: 'caseAbout', args: [place] });
      items.set(id, shown.item);
      // Else what a commitment costs would hang on whether it is the first.
      await network.chain.mine({ blocks: 2 });
      await watcher.send(call, 'draw', [id]);
      return id;
    },
    async play(plans) {
      const refused: string[] = [];
      await playOn(plans, refused);
      const statuses: string[] = [];
      let rewardsWei = 0n;
      for (const [id, plan] of plans) {
        await settle(id, plan);
        statuses.push(STATUS[(await caseOf(id)).status] as string);
        rewardsWei += await rewardsOf(id);
      }
      return { statuses, refused, rewardsWei };
    },
  };
}

function ballotsIn({ ballots, second }: Plan, round: bigint): Plan['ballots'] {
  return round === 2n ? (second ?? ballots) : ballots;
}
