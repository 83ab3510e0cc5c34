// docs/disputes.md#lies: true assertions of an honest executor under attack: each is confirmed, and the attackers pay.

import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { firstList } from '../../dispute/play.ts';
import type { AssertionRecord } from '../../node/l1/mirror.ts';
import type { NetworkNode } from '../../node/node.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { toStepInAssertion } from '../../protocol/step-numbers.ts';
import { type Executor, startExecutor } from '../../prover/main.ts';
import { createLogger } from '../../service/process/log.ts';
import { hashHalted } from '../../vm/step/encode.ts';
import { assembleSource, createRunMessages } from '../network/chain.fixture.ts';
import { EXECUTOR, keyOf, startTestNetwork, type TestNetwork, until } from '../network/network.fixture.ts';
import { createFakes, type Fakes } from './fakes.ts';
import { slashedAccounts } from './funds.ts';
import type { Conduct } from './lie.ts';
import { conductOracle, openSeat } from './mimic.ts';
import { GARBAGE } from './moves.ts';
import { openingOf } from './openings.ts';
import { END_SECONDS } from './play.ts';
import { EVERY_FAMILY } from './program.ts';
import { refusalOf } from './refusal.ts';
import { disputeCall } from './ring.ts';
import { measure, type Row } from './row.ts';

export type Defended = {
  /** Of the honest executor. */
  readonly node: NetworkNode;
  /** Of the first batch. */
  readonly messages: readonly Message[];
  rows(wanted: (name: string) => boolean): AsyncGenerator<Row>;
  readonly network: TestNetwork;
  close(): Promise<void>;
};

const WINDOW_SECONDS = DEVNET_CONFIG.windowSeconds;
const CLOCK_SECONDS = DEVNET_CONFIG.clockSeconds;
const CROWD = 50;
const NO_OP: Message = { kind: 'Expire', run: `0x${'00'.repeat(32)}` };

/** `messagesOf`: of the first batch, after a deposit. */
export async function openDefended(messagesOf = runMessages): Promise<Defended> {
  const network = await startTestNetwork();
  const log = createLogger('executor', process.env.MIZU_LOG ?? 'silent');
  const policy = { intervalSeconds: 0 };
  const executor = await startExecutor({ ...network.config('executor'), key: keyOf(2), policy, log });
  await network.deposit(10n ** 18n);
  const messages = await messagesOf(network);
  return {
    network,
    node: executor.node,
    messages,
    rows: (wanted) => playDefended(network, executor, messages, wanted),
    async close() {
      await executor.close();
      await network.close();
    },
  };
}

async function runMessages({ author }: TestNetwork): Promise<readonly Message[]> {
  const source = await assembleSource(EVERY_FAMILY);
  return (await createRunMessages(author, 2, 0n, author, { source })).messages;
}

async function* playDefended(
  network: TestNetwork,
  executor: Executor,
  firstMessages: readonly Message[],
  wanted: (name: string) => boolean,
): AsyncGenerator<Row> {
  const { node } = executor;
  let messages = firstMessages;
  let made = 0;
  const accounts = async (count: number) => {
    made += count;
    return createFakes(network, node, count, made - count);
  };

  async function nextAssertion(): Promise<AssertionRecord> {
    await network.postBatch(messages);
    messages = [NO_OP];
    return until('the assertion', async () => (await node.mirror.pending())[0], END_SECONDS);
  }

  /** Until the asserter has answered every game as far as it goes, then the challengers' time, then the window. */
  async function decide(assertion: AssertionRecord, lists: number, move: () => Promise<void>): Promise<boolean> {
    const play = async () => {
      await move();
      const games = await node.mirror.openGames();
      return (games.length > 0 && games.every((game) => game.lists === lists)) || undefined;
    };
    await until('the last lists', play, END_SECONDS);
    await network.clock.advance(CLOCK_SECONDS + 1);
    await until('the end of the games', async () => (await node.mirror.openGames()).length === 0, END_SECONDS);
    await network.clock.advance(WINDOW_SECONDS + 1);
    const statusOf = async () => (await node.mirror.assertion(assertion.id))?.status;
    const status = await until(
      'a decision',
      async () => ((await statusOf()) === 'pending' ? undefined : statusOf()),
      END_SECONDS,
    );
    return status === 'confirmed' && !(await slashedAccounts(network)).includes(EXECUTOR.address);
  }

  async function* attack(name: string, fakes: Fakes, lists: number): AsyncGenerator<Row> {
    const parties = { honest: [EXECUTOR.address], liars: fakes.addresses };
    const row = await measure(network, name, parties, async () => {
      const assertion = await nextAssertion();
      await fakes.open(assertion);
      const isConfirmed = await decide(assertion, lists, () => fakes.move(lists));
      const how = `confirmed; ${fakes.senders.length} games won by time`;
      return { caught: isConfirmed, how, lists: lists * fakes.senders.length };
    });
    yield { ...row, caught: row.caught && row.honest.wonWei > 0n };
  }

  const every = firstMessages.length + 2;
  const name = `fake: each of ${every} honest steps is challenged`;
  if (wanted(name)) yield* attack(name, await accounts(every), 8);
  for (const lists of [1, 3, 5]) {
    const silent = `fake: is silent after his list ${lists}`;
    if (wanted(silent)) yield* attack(silent, await accounts(1), lists + 1);
  }
  const crowd = `fake: ${CROWD} at once`;
  if (wanted(crowd)) yield* attack(crowd, await accounts(CROWD), 8);

  const conducts: readonly (readonly [string, Conduct])[] = [
    ['his trace ends in a failed machine', { halted: { kind: 'failed' } }],
    ['his trace ends in the leaf before', { halted: { kind: 'commit', leaf: new Uint8Array(128) } }],
    ['garbage from list 3 on', { garbageFrom: 3 }],
    ['garbage from list 5 on', { garbageFrom: 5 }],
    ['garbage from list 7 on', { garbageFrom: 7 }],
  ];
  for (const [what, conduct] of conducts) {
    if (!wanted(`fake: ${what}`)) continue;
    const [sender] = (await accounts(1)).senders;
    if (sender === undefined) throw new Error('there is no account');
    const seat = await openSeat(network, node, sender, conduct);
    try {
      const parties = { honest: [EXECUTOR.address], liars: [sender.address] };
      const row = await measure(network, `fake: ${what}`, parties, async () => {
        const assertion = await nextAssertion();
        const steps = await node.execution.leaves(
          assertion.post.step - BigInt(assertion.stepCount),
          assertion.post.step,
        );
        const own = await seat.oracles.of(assertion, toStepInAssertion(0));
        if (own === undefined) throw new Error('the fake has no trace');
        const list = await firstList(conductOracle(own, steps, 0, conduct));
        const opening = await openingOf(node, assertion, { steps, step: 0, list });
        await sender.sendAndWait(disputeCall({ network }, 'open', [opening]));
        const isConfirmed = await decide(assertion, 8, seat.play);
        return { caught: isConfirmed, how: 'confirmed; the game won by time', lists: 8 };
      });
      yield { ...row, caught: row.caught && row.honest.wonWei > 0n };
    } finally {
      await seat.close();
    }
  }
  if (wanted('fake: calls')) yield* playRefusedCalls();

  async function* playRefusedCalls(): AsyncGenerator<Row> {
    const fakes = await accounts(1);
    const [by] = fakes.senders;
    if (by === undefined) throw new Error('there is no account');
    const parties = { honest: [EXECUTOR.address], liars: fakes.addresses };
    const assertion = await nextAssertion();
    const steps = await node.execution.leaves(assertion.post.step - BigInt(assertion.stepCount), assertion.post.step);
    const good = await openingOf(node, assertion, { steps, step: 0, list: GARBAGE });
    const refuse = (what: string, error: string, functionName: string, args: readonly unknown[]) =>
      measure(network, `fake: calls ${what}`, parties, async () => {
        const said = await refusalOf(by, disputeCall({ network }, functionName, args));
        return { caught: said === error, how: `refused by L1: ${said ?? 'it is not'}`, lists: 0 };
      });
    yield await refuse('a right leaf malformed', 'LeafWellFormed', 'challengeLeaf', [good.step]);
    const ended = { ...good, list: [...GARBAGE.slice(0, 31), endOf(good)] };
    yield await refuse('the right end wrong', 'EndsAgree', 'open', [ended]);
    const other = { ...good, step: { ...good.step, post: good.step.pre } };
    yield await refuse('another leaf the asserted one', 'StepListMismatch', 'open', [other]);
    const kernel = { ...good, kernel: { ...good.kernel, codeCount: good.kernel.codeCount - 1 } };
    yield await refuse('another kernel the right one', 'CodeMismatch', 'open', [kernel]);
    await network.clock.advance(WINDOW_SECONDS + 1);
    await until('confirmation', async () => (await node.mirror.assertion(assertion.id))?.status === 'confirmed');
    yield await refuse('a game about a confirmed assertion', 'StatusMismatch', 'open', [good]);
  }
}

function endOf({ step }: { readonly step: { readonly post: Hex } }): Hex {
  return hashHalted({ kind: 'commit', leaf: Buffer.from(step.post.slice(2), 'hex') });
}
