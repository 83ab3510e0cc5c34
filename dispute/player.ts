// docs/disputes.md#game: plays the games of one account on one side, until they are decided.
import { type GameRecord, type Side, turnOf } from '../node/l1/game-record.ts';
import { disputeAbi } from '../protocol/generated/abi.ts';
import { GAME_STATUS } from '../protocol/generated/enums.ts';
import { type Address, bytesToHex, type Hex, isSameAddress } from '../protocol/hex.ts';
import type { ContractCall } from '../service/l1/call.ts';
import type { L1 } from '../service/l1/l1.ts';
import type { Sender } from '../service/l1/send.ts';
import { createTurnstile } from '../service/l1/turnstile.ts';
import type { Logger } from '../service/process/log.ts';
import type { Arena } from './arena.ts';
import { encodePosted, encodeSegment, type MessageProof } from './calls.ts';
import { createDryRun } from './dry-run.ts';
import { tellKeptBack } from './kept-back.ts';
import { describeRange } from './narrate.ts';
import type { OneStepVerifier } from './osp.ts';
import { type Action, type Disputed, type Game, nextAction, type TraceOracle } from './play.ts';
import type { ProofTrial } from './proof-trial.ts';
import { createRounds } from './rounds.ts';

export type PlayerParts<Played extends GameRecord> = {
  readonly l1: L1;
  readonly arena: Arena<Played>;
  readonly sender: Sender;
  readonly side: Side;
  /** The account whose games are played. It differs from the sender's if the sender is its delegate. */
  readonly owner: Address;
  /** Our own trace of the judged step. It is undefined while we have not executed that far. */
  readonly oracleOf: (game: Played) => Promise<TraceOracle | undefined>;
  /**
   * What refutes a game that was opened with bytes which are not the message. It is undefined if nothing refutes it.
   */
  readonly refutationOf: (game: Played) => Promise<Refutation | undefined>;
  /** Tries each one-step proof before gas is paid for it. */
  readonly verifier: OneStepVerifier;
  /** Tries the whole transaction of a proof that wins. */
  readonly tryProof: ProofTrial;
  readonly log: Logger;
  /** Says what would be sent, and sends nothing. */
  readonly dryRun?: boolean | undefined;
  /** The number of traces that are run at the same time. */
  readonly threads: number;
};

/** docs/disputes.md#judged: a leaf of the message's subtree that has a byte other than zero behind the message. */
export type Refutation = Pick<MessageProof, 'subtree' | 'tail'> & { readonly length: bigint };

export type PlayerCounts = {
  moves: number;
  proofs: number;
  timeouts: number;
  /** The number of our games in which we had nothing to dispute. */
  lost: number;
  gasUsed: bigint;
  /** The least time that we have left in any of our open games, in seconds. It is 0 if none is open. */
  clockLeftSeconds: number;
  openGames: number;
  /** The number of moves that failed and are tried again. */
  failures: number;
};

export type Player = {
  /** Makes every move that is ours now, in all games at once. The result is true if something was sent. */
  playNext(nowSeconds: bigint): Promise<boolean>;
  readonly counts: PlayerCounts;
  /** Resolves when no move is under way. */
  idle(): Promise<void>;
};

export function createPlayer<Played extends GameRecord>(parts: PlayerParts<Played>): Player {
  const { l1, arena, sender, side, owner, oracleOf, verifier, log } = parts;
  // The views that are read here are the same in each contract that games are played on.
  const views = { address: arena.address, abi: disputeAbi } as const;
  const counts: PlayerCounts = {
    moves: 0,
    proofs: 0,
    timeouts: 0,
    lost: 0,
    gasUsed: 0n,
    clockLeftSeconds: 0,
    openGames: 0,
    failures: 0,
  };
  /** The seconds that we had left at our last turn. Our time runs in our turn only. */
  const clocks = new Map<Hex, number>();
  let fullClock: number | undefined;
  const reported = new Set<string>();
  const tellDryRun = createDryRun(log);
  const rounds = createRounds<Played>({ log });
  // The questions of one game about its trace are asked in one turn, because a thread holds few traces.
  const onThread = createTurnstile(parts.threads);
  const read = async (id: Hex) => l1.client.readContract({ ...views, functionName: 'gameOf', args: [id] });

  type Call = readonly [functionName: string, more: readonly unknown[], isDone: () => Promise<boolean>];
  async function send(game: Played, ...[functionName, more, isDone]: Call): Promise<boolean> {
    if (parts.dryRun) {
      tellDryRun(functionName, game.id);
      return false;
    }
    const args = [arena.encodeKey(game), ...more];
    const sending = sendCall({ address: arena.address, abi: arena.abi, functionName, args, isDone });
    return tellKeptBack(sending, log, () => ({ game: game.id, secondsLeft: clocks.get(game.id) ?? fullClock }));
  }

  function count(what: 'moves' | 'proofs' | 'timeouts', sent: boolean): boolean {
    if (sent) counts[what]++;
    return sent;
  }

  async function sendCall(call: ContractCall): Promise<boolean> {
    const sent = await sender.sendAndWait(call);
    if (sent.kind === 'mined') counts.gasUsed += sent.receipt.gasUsed;
    return sent.kind === 'mined';
  }

  async function act(record: Played, game: Game, action: Action, traceSeconds: number): Promise<boolean> {
    const { id, lists } = game;
    const isPast = async () => {
      const now = await read(id);
      return now.status !== GAME_STATUS.open || now.lists > lists || !(await arena.isOn(record));
    };
    switch (action.kind) {
      case 'wait':
        return false;
      case 'lost':
        return reportLost(game, action.reason);
      case 'timeout':
        log.info({ game: id }, 'the other side has no time left');
        return count('timeouts', await send(record, 'timeout', [], isPast));
      case 'move': {
        const { segment, list } = action;
        log.info({ game: id, list: lists + 1, traceSeconds }, `disputes what ${describeRange(segment)} do`);
        const args = [encodePosted(game), encodeSegment(game.list, segment), list];
        return count('moves', await send(record, 'move', args, isPast));
      }
      case 'prove': {
        const { segment, proof } = action;
        const refused = await refusalOf(segment, proof);
        if (refused !== undefined) return reportLost(game, `the proof does not win: ${refused}`);
        const args = [encodePosted(game), encodeSegment(game.list, segment), bytesToHex(proof)];
        const gas = await parts.tryProof(id, [arena.encodeKey(record), ...args]);
        log.info({ game: id, proofBytes: proof.length, traceSeconds, gas }, `proves ${describeRange(segment)}`);
        return count('proofs', await send(record, 'prove', args, isPast));
      }
    }
  }

  // Only a wrong message can lead to another start than ours: L1 has read everything else itself.
  async function refute(game: Played): Promise<boolean> {
    const refutation = await parts.refutationOf(game);
    if (refutation === undefined) return reportLost(game, 'it starts on another machine than ours');
    const { subtree, length, tail } = refutation;
    log.info({ game: game.id }, 'refutes the message that a game was opened with');
    const isPast = async () => (await read(game.id)).status !== GAME_STATUS.open || !(await arena.isOn(game));
    const args = [encodePosted(game), subtree, length, tail];
    return count('moves', await send(game, 'refuteMessage', args, isPast));
  }

  function reportLost(game: Pick<GameRecord, 'id' | 'step'>, reason: string): boolean {
    if (reported.has(game.id)) return false;
    reported.add(game.id);
    counts.lost++;
    log.error({ game: game.id, step: game.step, reason }, 'nothing to answer in a game of ours');
    return false;
  }

  // Gas is paid for a proof only after the verifier's own bytecode has taken it.
  async function refusalOf(segment: Disputed, proof: Uint8Array): Promise<string | undefined> {
    // Where the trace stands still, L1 executes nothing either: the machine stays what it was.
    if (proof.length === 0) return segment.start === segment.end ? 'the trace stands still there' : undefined;
    const verdict = await verifier.step(proof);
    if (verdict.kind === 'revert') return verdict.reason;
    const wins = verdict.before === segment.start && verdict.after !== segment.end;
    return wins ? undefined : `${verdict.before} to ${verdict.after}`;
  }

  async function playOne(record: Played, now: bigint): Promise<boolean> {
    const onL1 = await read(record.id);
    // The mirror is behind: the events of what was done come with the next block that is read.
    if (onL1.status !== GAME_STATUS.open || onL1.lists !== record.lists) return false;
    const standing = await arena.standingOf(record, side, now);
    if (standing !== 'on') return standing === 'refund' && refund(record);
    const deadline = await l1.client.readContract({ ...views, functionName: 'deadlineOf', args: [record.id] });
    const turn = turnOf(record);
    if (turn === side) clocks.set(record.id, Number(deadline - now));
    const game: Game = { ...record, turn, deadline, range: arena.range };
    if (turn !== side && now < deadline) return false;
    const oracle = await oracleOf(record);
    if (oracle === undefined) return false;
    const decided = await onThread(async () => {
      const began = performance.now();
      if (turn === side && side === 'asserter' && game.lists === 1 && now < deadline) {
        const [start] = await oracle.hashesAt([0n]);
        if (start !== game.start) return undefined;
      }
      const action = await nextAction(game, side, oracle, now);
      return { action, traceSeconds: (performance.now() - began) / 1000 };
    });
    return decided === undefined ? refute(record) : act(record, game, decided.action, decided.traceSeconds);
  }

  async function countClocks(games: readonly GameRecord[]): Promise<void> {
    fullClock ??= await l1.client.readContract({ ...views, functionName: 'clockSeconds' });
    const full = fullClock;
    for (const id of clocks.keys()) if (!games.some((game) => game.id === id)) clocks.delete(id);
    counts.clockLeftSeconds = games.length === 0 ? 0 : Math.min(...games.map(({ id }) => clocks.get(id) ?? full));
  }

  async function refund(game: Played): Promise<boolean> {
    return send(game, 'refund', [], async () => (await read(game.id)).status !== GAME_STATUS.open);
  }

  return {
    counts,
    async playNext(now) {
      const games: Played[] = [];
      for (const game of await arena.openGames())
        if (isSameAddress(await arena.accountOf(game, side), owner)) games.push(game);
      counts.openGames = games.length;
      await countClocks(games);
      const played = await rounds.play(games, (game) => playOne(game, now));
      counts.failures = rounds.counts.failures;
      return played;
    },
    idle: rounds.idle,
  };
}
