// docs/operations.md#cheat: a dispute as it happens on L1, for people and as JSON.
import pc from 'picocolors';
import { type Output, shorten } from '../cli/output.ts';
import { segmentLength, TRACE_END } from '../dispute/play.ts';
import type { AssertionRecord } from '../node/l1/mirror.ts';
import { SIDE } from '../protocol/generated/enums.ts';
import type { Address, Hex } from '../protocol/hex.ts';
import { type StepInAssertion, toStepInAssertion } from '../protocol/step-numbers.ts';
import { formatCount, formatMizu } from '../sdk/client/money.ts';
import type { Metadata } from '../sdk/compile/definition.ts';
import { describeFunction, describeMessage, describeProgram, row, shortHash } from './cheat-text.ts';
import type { DisputeEvent } from './dispute-feed.ts';
import type { Seen, WatchedFault, Watcher } from './watcher.ts';

export type Cast = ReadonlyMap<string, string>;

export type StoryParts = {
  readonly watcher: Watcher;
  readonly output: Output;
  readonly heading: (text: string) => void;
  /** Names of the accounts, by address in lower case. */
  readonly cast: Cast;
  readonly metadata: Metadata;
  /** Wei that an asserter and a challenger stand to lose. */
  readonly bonds: { readonly asserter: bigint; readonly challenger: bigint };
  /** Columns of the terminal. */
  readonly columns?: number | undefined;
};

export type Story = {
  tell(event: DisputeEvent): Promise<void>;
  /** The assertions that the story has told of. */
  readonly assertions: ReadonlyMap<Hex, { readonly by: string; readonly wrong: boolean }>;
  /** Accounts that were slashed. */
  readonly slashed: ReadonlySet<string>;
};

type Told = { readonly assertion: AssertionRecord; readonly by: string; readonly wrong: boolean };
type Game = {
  readonly assertion: AssertionRecord;
  readonly step: StepInAssertion;
  readonly challenger: string;
  transactions: number;
  gasUsed: bigint;
};

const LABEL = 11;
const SIDES = Object.keys(SIDE) as readonly (keyof typeof SIDE)[];

export function createStory({ watcher, output, heading, cast, metadata, bonds, columns = 80 }: StoryParts): Story {
  const told = new Map<Hex, Told>();
  const games = new Map<Hex, Game>();
  const slashed = new Set<string>();
  const nameOf = (account: Address) => cast.get(account.toLowerCase()) ?? account;
  const line = (label: string, text: string) => output.say(`  ${pc.dim(label.padEnd(LABEL))}${text}`);
  const gas = (event: DisputeEvent) => `${formatCount(event.gasUsed)} gas`;

  async function tellAssertion(event: DisputeEvent & { name: 'AssertionCreated' }): Promise<void> {
    const { assertion, fault } = await watcher.check(event.args.id);
    const by = nameOf(assertion.asserter);
    const wrong = fault !== undefined;
    told.set(assertion.id, { assertion, by, wrong });
    const from = assertion.post.step - BigInt(assertion.stepCount) + 1n;
    if (wrong) heading('3. A lie: an executor asserts what nobody else gets');
    const states = `asserts the states after steps ${formatCount(from)} to ${formatCount(assertion.post.step)} since genesis`;
    const cost = `${shortHash(event.transaction)}, ${gas(event)}`;
    if (wrong || games.size === 0) {
      output.say(`  ${pc.bold(by)} ${states}: ${wrong ? pc.red('wrong') : pc.green('right')}`);
      line('on L1', cost);
    } else line('meanwhile', `${pc.bold(by)} ${states}: ${pc.green('right')}`);
    output.data({
      event: 'asserted',
      by,
      account: assertion.asserter,
      assertion: assertion.id,
      firstStep: from,
      lastStep: assertion.post.step,
      right: !wrong,
      ...paid(event),
    });
    if (fault !== undefined) tellFault(fault, assertion);
  }

  function tellFault(fault: WatchedFault, assertion: AssertionRecord): void {
    const { step, sinceGenesis: number, claimed, own, instructions } = fault;
    const message = describeMessage(fault, metadata);
    line('first lie', `step ${formatCount(number)} since genesis: ${message}`);
    line('', `message ${fault.place.message} of batch ${fault.place.batch}`);
    line('it says', `state root ${shortHash(claimed.stateRoot)} after that step`);
    line('we get', `state root ${shortHash(own.stateRoot)}`);
    line('the step', `runs ${formatCount(instructions)} instructions. Which of them went wrong?`);
    output.data({
      event: 'fault',
      assertion: assertion.id,
      step,
      stepSinceGenesis: number,
      message,
      claimedStateRoot: claimed.stateRoot,
      stateRoot: own.stateRoot,
      instructions,
    });
  }

  async function tellOpening(event: DisputeEvent & { name: 'GameOpened' }): Promise<void> {
    const { game, assertion, challenger, index } = event.args;
    const record = told.get(assertion)?.assertion ?? (await watcher.check(assertion)).assertion;
    const by = nameOf(challenger);
    games.set(game, {
      assertion: record,
      step: toStepInAssertion(Number(index)),
      challenger: by,
      transactions: 0,
      gasUsed: 0n,
    });
    heading(`4. The ${by} disagrees, and opens a game on L1`);
    const [own, other] = [formatMizu(bonds.challenger), formatMizu(bonds.asserter)];
    output.say(`  Bonds: ${own} of ${by}, ${other} of ${nameOf(record.asserter)}. Who is wrong loses his.`);
    output.data({
      event: 'game-opened',
      by,
      assertion,
      game,
      bondWei: bonds.challenger,
      asserterBondWei: bonds.asserter,
    });
    output.say(
      '  Each move picks the part where the two traces begin to differ, and cuts it\n  into 32. Each is 2^40 instructions long: a halted machine stays as it is.\n',
    );
    output.say(pc.dim(row('list', 'by', 'disputed instructions', 'how many', 'gas')));
    tellList(event, 1, by, 0n);
  }

  function count(event: DisputeEvent & { args: { game: Hex } }): Game {
    const game = games.get(event.args.game);
    if (game === undefined) throw new Error(`game ${event.args.game} was not seen to begin`);
    game.transactions++;
    game.gasUsed += event.gasUsed;
    return game;
  }

  function tellList(event: DisputeEvent & { args: { game: Hex } }, lists: number, by: string, position: bigint): void {
    count(event);
    const length = lists === 1 ? TRACE_END : segmentLength(lists - 1);
    const [first, last] = [position + 1n, position + length];
    output.say(
      row(
        String(lists),
        by,
        `${formatCount(first)} to ${formatCount(last)}`,
        formatCount(length),
        formatCount(event.gasUsed),
      ),
    );
    output.data({
      event: 'list',
      list: lists,
      by,
      firstInstruction: first,
      lastInstruction: last,
      left: length,
      ...paid(event),
    });
  }

  async function tellProof(event: DisputeEvent & { name: 'StepProven' }): Promise<void> {
    const { start, end, provenEnd } = event.args;
    const position = BigInt(event.args.position);
    const game = count(event);
    const by = nameOf(event.sender);
    output.say(row('proof', by, formatCount(position + 1n), '1', formatCount(event.gasUsed)));
    output.say(pc.dim(row('', '', `${game.transactions} transactions`, '', formatCount(game.gasUsed))));
    const seen = await watcher.see(game.assertion, game.step, position);
    heading('5. One instruction is left: L1 executes it');
    line(
      'it is',
      `${pc.bold(seen.place.instruction ?? 'a fault')} (${seen.place.family ?? 'no family'}), instruction ${formatCount(position + 1n)} of the step`,
    );
    line('where', describeProgram(seen));
    if (seen.source !== undefined) line('', describeFunction(seen.source));
    if (seen.written !== undefined) tellWritten(seen.written);
    line(
      'before it',
      `${shortHash(start)}  both say so, and so do we${start === seen.before ? '' : pc.red(': NOT US')}`,
    );
    const loser = by === game.challenger ? nameOf(game.assertion.asserter) : game.challenger;
    line('after it', `${shortHash(end)}  says ${pc.red(loser)}`);
    line('', `${shortHash(seen.after)}  says our own trace`);
    line('', `${shortHash(provenEnd)}  says ${pc.bold('L1')}: ${pc.red(`${loser} is wrong`)}`);
    output.data({
      event: 'instruction',
      by,
      instruction: seen.place.instruction,
      family: seen.place.family,
      machine: seen.place.machine,
      programId: seen.place.programId,
      pc: seen.place.pc,
      function: seen.source?.name,
      functionIndex: seen.source?.index,
      position,
      before: start,
      claimedAfter: end,
      ownAfter: seen.after,
      l1After: provenEnd,
      ...paid(event),
    });
  }

  function tellWritten({ offset, bytes }: NonNullable<Seen['written']>): void {
    line(
      'it writes',
      `bytes ${formatCount(offset + 1)} to ${formatCount(offset + bytes.length)} of these rows; the liar has others:`,
    );
    const rows = new TextDecoder().decode(bytes).trimEnd().split('\n');
    for (const text of rows) line('', shorten(text, columns - LABEL - 3));
  }

  function tellSlash({ args }: DisputeEvent & { name: 'Slashed' }): void {
    const by = nameOf(args.account);
    slashed.add(by);
    heading('6. Who pays');
    line(by, `is slashed ${pc.red(formatMizu(args.slashed))} of its stake:`);
    line(
      '',
      `${formatMizu(args.burned)} burned, ${formatMizu(args.reward)} for the gas of ${nameOf(args.beneficiary)}`,
    );
    output.data({ event: 'slashed', party: by, ...args });
  }

  function tellConfirmation(event: DisputeEvent & { name: 'AssertionConfirmed' }): void {
    const { id } = event.args;
    const known = told.get(id);
    if (known === undefined) return;
    line(pc.green('confirmed'.padEnd(LABEL)), `what ${pc.bold(known.by)} has asserted: ${shortHash(id)}`);
    output.data({ event: 'assertion-confirmed', assertion: id, by: known.by, ...paid(event) });
  }

  return {
    assertions: told,
    slashed,
    async tell(event) {
      switch (event.name) {
        case 'AssertionCreated':
          return tellAssertion(event);
        case 'GameOpened':
          return tellOpening(event);
        case 'Moved':
          return tellList(event, event.args.lists, nameOf(event.sender), BigInt(event.args.position));
        case 'StepProven':
          return tellProof(event);
        case 'Slashed':
          return tellSlash(event);
        case 'Withdrawn':
          line(nameOf(event.args.account), `takes its bond back: ${formatMizu(event.args.amount)}`);
          return output.data({
            event: 'bond-returned',
            by: nameOf(event.args.account),
            amount: event.args.amount,
            ...paid(event),
          });
        case 'RewardClaimed':
          line(nameOf(event.args.account), `is paid ${pc.green(formatMizu(event.args.amount))}`);
          return output.data({
            event: 'paid',
            by: nameOf(event.args.account),
            amount: event.args.amount,
            ...paid(event),
          });
        case 'AssertionRejected':
          line('the lie', `is rejected: ${shortHash(event.args.id)} and all that builds on it`);
          return output.data({ event: 'rejected', assertion: event.args.id, ...paid(event) });
        case 'AssertionConfirmed':
          return tellConfirmation(event);
        case 'LeafRejected':
          line(
            'one call',
            `${nameOf(event.args.challenger)} shows a state that is malformed in itself: no game is needed`,
          );
          return output.data({
            event: 'leaf-rejected',
            by: nameOf(event.args.challenger),
            ...event.args,
            ...paid(event),
          });
        case 'TimedOut':
          line('late', `the ${SIDES[event.args.side]} has not moved in time: the other side wins`);
          return output.data({ event: 'timed-out', side: SIDES[event.args.side], ...paid(event) });
        case 'GameWon':
          return output.data({ event: 'game-won', winner: SIDES[event.args.winner], ...paid(event) });
      }
    },
  };
}

function paid({ transaction, gasUsed }: DisputeEvent) {
  return { transaction, gasUsed };
}
