// docs/disputes.md#game: plays the games of one account on one side, until they are decided, and claims what they paid.
import type { Abi } from 'viem';
import { type GameRecord, type Side, turnOf } from '../node/l1/game-record.ts';
import type { Mirror } from '../node/l1/mirror.ts';
import { demandsAbi, disputeAbi, stakeManagerAbi } from '../protocol/generated/abi.ts';
import { GAME_STATUS } from '../protocol/generated/enums.ts';
import { type Address, bytesToHex, type Hex, isSameAddress } from '../protocol/hex.ts';
import type { ContractCall } from '../service/l1/call.ts';
import type { L1 } from '../service/l1/l1.ts';
import type { Sender } from '../service/l1/send.ts';
import { createTurnstile } from '../service/l1/turnstile.ts';
import type { Logger } from '../service/process/log.ts';
import { encodeGameKey, encodePosted, encodeSegment, type MessageProof } from './calls.ts';
import { createDryRun } from './dry-run.ts';
import { isJudged, isWindowOver } from './judged.ts';
import { tellKeptBack } from './kept-back.ts';
import { describeRange } from './narrate.ts';
import type { OneStepVerifier } from './osp.ts';
import { type Action, type Disputed, type Game, nextAction, type TraceOracle } from './play.ts';
import type { ProofTrial } from './proof-trial.ts';
import { createRounds } from './rounds.ts';

export type PlayerContracts = {
  readonly dispute: Address;
  readonly demands: Address;
  readonly rollup: Address;
  readonly stakeManager: Address;
};

export type PlayerParts = {
  readonly l1: L1;
  readonly mirror: Mirror;
  readonly contracts: PlayerContracts;
  readonly sender: Sender;
  readonly side: Side;
  /**
   * The account whose games are played and who claims what they pay. It differs from the sender if the sender is its
   * delegate.
   */
  readonly owner: Sender;
  /** Our own trace of the judged step. It is undefined while we have not executed that far. */
  readonly oracleOf: (game: GameRecord) => Promise<TraceOracle | undefined>;
  /**
   * What refutes a game that was opened with bytes which are not the message. It is undefined if nothing refutes it.
   */
  readonly refutationOf: (game: GameRecord) => Promise<Refutation | undefined>;
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
  /**
   * Claims payouts of games and demands, and rewards out of slashed stakes. The result is true if something was sent.
   */
  claim(): Promise<boolean>;
  readonly counts: PlayerCounts;
  /** Resolves when no move is under way. */
  idle(): Promise<void>;
};

export function createPlayer(parts: PlayerParts): Player {
  const { l1, mirror, contracts, sender, side, owner, oracleOf, verifier, log } = parts;
  const dispute = { address: contracts.dispute, abi: disputeAbi } as const;
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
  let nothingOwedAt: number | undefined;
  const reported = new Set<string>();
  const tellDryRun = createDryRun(log);
  const rounds = createRounds<GameRecord>({ log });
  // The questions of one game about its trace are asked in one turn, because a thread holds few traces.
  const onThread = createTurnstile(parts.threads);
  const read = async (id: Hex) => l1.client.readContract({ ...dispute, functionName: 'gameOf', args: [id] });

  async function isOurs(game: GameRecord): Promise<boolean> {
    const account = side === 'challenger' ? game.challenger : (await mirror.assertion(game.assertion))?.asserter;
    return isSameAddress(account, owner.address);
  }

  type Named = Pick<GameRecord, 'id' | 'assertion' | 'step' | 'challenger'>;
  async function send(functionName: string, game: Named, more: readonly unknown[], isDone: () => Promise<boolean>) {
    if (parts.dryRun) {
      tellDryRun(functionName, game.id);
      return false;
    }
    const args = [encodeGameKey(game), ...more];
    const sending = sendCall({ ...dispute, abi: dispute.abi as Abi, functionName, args, isDone });
    return tellKeptBack(sending, log, () => ({ game: game.id, secondsLeft: clocks.get(game.id) ?? fullClock }));
  }

  function count(what: 'moves' | 'proofs' | 'timeouts', sent: boolean): boolean {
    if (sent) counts[what]++;
    return sent;
  }

  async function sendCall(call: ContractCall, by = sender): Promise<boolean> {
    const sent = await by.sendAndWait(call);
    if (sent.kind === 'mined') counts.gasUsed += sent.receipt.gasUsed;
    return sent.kind === 'mined';
  }

  async function act(game: Game, action: Action, traceSeconds: number): Promise<boolean> {
    const { id, lists } = game;
    const isPast = async () => {
      const now = await read(id);
      return now.status !== GAME_STATUS.open || now.lists > lists || !(await isOn(game));
    };
    switch (action.kind) {
      case 'wait':
        return false;
      case 'lost':
        return reportLost(game, action.reason);
      case 'timeout':
        log.info({ game: id }, 'the other side has no time left');
        return count('timeouts', await send('timeout', game, [], isPast));
      case 'move': {
        const { segment, list } = action;
        log.info({ game: id, list: lists + 1, traceSeconds }, `disputes what ${describeRange(segment)} do`);
        const args = [encodePosted(game), encodeSegment(game.list, segment), list];
        return count('moves', await send('move', game, args, isPast));
      }
      case 'prove': {
        const { segment, proof } = action;
        const refused = await refusalOf(segment, proof);
        if (refused !== undefined) return reportLost(game, `the proof does not win: ${refused}`);
        const args = [encodePosted(game), encodeSegment(game.list, segment), bytesToHex(proof)];
        const gas = await parts.tryProof(id, [encodeGameKey(game), ...args]);
        log.info({ game: id, proofBytes: proof.length, traceSeconds, gas }, `proves ${describeRange(segment)}`);
        return count('proofs', await send('prove', game, args, isPast));
      }
    }
  }

  // Only a wrong message can lead to another start than ours: L1 has read everything else itself.
  async function refute(game: GameRecord): Promise<boolean> {
    const refutation = await parts.refutationOf(game);
    if (refutation === undefined) return reportLost(game, 'it starts on another machine than ours');
    const { subtree, length, tail } = refutation;
    log.info({ game: game.id }, 'refutes the message that a game was opened with');
    const isPast = async () => (await read(game.id)).status !== GAME_STATUS.open || !(await isOn(game));
    const args = [encodePosted(game), subtree, length, tail];
    return count('moves', await send('refuteMessage', game, args, isPast));
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
    const verdict = await verifier.step(proof);
    if (verdict.kind === 'revert') return verdict.reason;
    const wins = verdict.before === segment.start && verdict.after !== segment.end;
    return wins ? undefined : `${verdict.before} to ${verdict.after}`;
  }

  async function playOne(record: GameRecord, now: bigint): Promise<boolean> {
    const onL1 = await read(record.id);
    // The mirror is behind: the events of what was done come with the next block that is read.
    if (onL1.status !== GAME_STATUS.open || onL1.lists !== record.lists) return false;
    const assertion = await mirror.assertion(record.assertion);
    if (assertion?.status === 'rejected') return side === 'challenger' && refund(record);
    if (assertion !== undefined && mirror.isMoot(assertion)) return refundMoot(record, now);
    const deadline = await l1.client.readContract({ ...dispute, functionName: 'deadlineOf', args: [record.id] });
    const turn = turnOf(record);
    if (turn === side) clocks.set(record.id, Number(deadline - now));
    const game: Game = { ...record, turn, deadline };
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
    return decided === undefined ? refute(record) : act(game, decided.action, decided.traceSeconds);
  }

  async function countClocks(games: readonly GameRecord[]): Promise<void> {
    fullClock ??= await l1.client.readContract({ ...dispute, functionName: 'clockSeconds' });
    const full = fullClock;
    for (const id of clocks.keys()) if (!games.some((game) => game.id === id)) clocks.delete(id);
    counts.clockLeftSeconds = games.length === 0 ? 0 : Math.min(...games.map(({ id }) => clocks.get(id) ?? full));
  }

  // No move of a game is possible once another game has decided its assertion, and none is worth its gas if the
  // assertion is moot.
  const isOn = ({ assertion }: Pick<GameRecord, 'assertion'>) => isJudged(l1, contracts.rollup, assertion);

  // The bond is the challenger's. The asserter gets its own back when no game is open any more and the window is over.
  async function refundMoot(game: GameRecord, now: bigint): Promise<boolean> {
    const isTurn = side === 'challenger' || (await isWindowOver(l1, contracts.rollup, game.assertion, now));
    return isTurn && refund(game);
  }

  async function refund(game: GameRecord): Promise<boolean> {
    return send('refund', game, [], async () => (await read(game.id)).status !== GAME_STATUS.open);
  }

  return {
    counts,
    async playNext(now) {
      const games: GameRecord[] = [];
      for (const game of await mirror.openGames()) if (await isOurs(game)) games.push(game);
      counts.openGames = games.length;
      await countClocks(games);
      const played = await rounds.play(games, (game) => playOne(game, now));
      counts.failures = rounds.counts.failures;
      return played;
    },
    idle: rounds.idle,
    async claim() {
      // A call that changes what is owed writes an event. Nothing was owed at the last look, and no event has come
      // since.
      const heard = mirror.heard();
      if (heard === nothingOwedAt) return false;
      const rewards = { address: contracts.stakeManager, abi: stakeManagerAbi } as const;
      const args = [owner.address] as const;
      const ledgers = [dispute, { address: contracts.demands, abi: demandsAbi }] as const;
      const rewardOf = () => l1.client.readContract({ ...rewards, functionName: 'rewardOf', args });
      if (parts.dryRun) return false;
      let sent = false;
      for (const { address, abi } of ledgers) {
        const balanceOf = () =>
          l1.client.readContract({ address, abi: abi as typeof disputeAbi, functionName: 'balanceOf', args });
        if ((await balanceOf()) === 0n) continue;
        const isDone = async () => (await balanceOf()) === 0n;
        const call = { address, abi: abi as Abi, functionName: 'withdraw', args: [], isDone };
        sent = (await sendCall(call, owner)) || sent;
      }
      if ((await rewardOf()) > 0n) {
        const isDone = async () => (await rewardOf()) === 0n;
        const abi = stakeManagerAbi as Abi;
        sent = (await sendCall({ ...rewards, abi, functionName: 'claimReward', args: [], isDone }, owner)) || sent;
      }
      if (!sent) nothingOwedAt = heard;
      return sent;
    },
  };
}
