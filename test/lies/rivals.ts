// docs/disputes.md#lies: assertions beside and behind a false one, and a challenger who loses to it on purpose.
import type { Abi } from 'viem';
import { hashAssertion } from '../../contracts/claim.ts';
import { mizuTokenAbi, rollupAbi } from '../../protocol/generated/abi.ts';
import { ASSERTION_STATUS } from '../../protocol/generated/enums.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { EXECUTOR, keyOf, LIAR, USER, until, VALIDATOR } from '../network/network.fixture.ts';
import { TIMES } from './corpus-world.ts';
import type { Lie } from './lie.ts';
import { GARBAGE } from './moves.ts';
import { openingOf } from './openings.ts';
import { CLOCK_SECONDS, listOf } from './play.ts';
import { refusalOf } from './refusal.ts';
import { disputeCall, type Ring } from './ring.ts';
import { measure, type Row } from './row.ts';

const NO_OP: Message = { kind: 'Expire', run: `0x${'00'.repeat(32)}` };
const WINDOW_SECONDS = TIMES.windowSeconds + 1;

/** The last one confirms the range: nothing can be told of it afterwards. */
export async function* playRivals(ring: Ring, lieOf: (name: string) => Lie): AsyncGenerator<Row> {
  const { world } = ring;
  const { network, node } = world;
  const rollup = { address: network.deployment.addresses.rollup, abi: rollupAbi as Abi };
  const honest = [VALIDATOR.address];

  yield await measure(
    network,
    'rival: a challenger loses on purpose before the honest one comes',
    { honest, liars: [LIAR.address, USER.address] },
    async () => {
      const lie = lieOf('lost on purpose');
      const assertion = await ring.assert(lie);
      const record = await until('the assertion', () => node.mirror.assertion(assertion));
      const step = world.inputs.length - 1;
      const opening = await openingOf(node, record, { steps: listOf(world, lie), step, list: GARBAGE });
      const loser = createSender(withAccount(network.l1, keyOf(3)));
      const { token, dispute } = network.deployment.addresses;
      const approve = { address: token, abi: mizuTokenAbi as Abi, functionName: 'approve' };
      await loser.sendAndWait({ ...approve, args: [dispute, 10n ** 30n] });
      await loser.sendAndWait(disputeCall(world, 'open', [opening]));
      const liarUntil = (what: string, lists: number | undefined) =>
        until(what, async () => {
          await ring.liarTurn();
          return (await ring.gameOf(assertion, USER.address))?.lists === lists || undefined;
        });
      await liarUntil('his move', 2);
      await ring.wait(CLOCK_SECONDS);
      await liarUntil('his loss', undefined);
      const status = await ring.playOut(assertion);
      return { caught: status === ASSERTION_STATUS.rejected, how: 'one-step proof, after a lost game', lists: 10 };
    },
  );

  const liars = [LIAR.address];
  yield await measure(network, 'rival: an assertion that builds on a false one', { honest, liars }, async () => {
    const lie = lieOf('a false parent');
    const parent = await ring.assert(lie);
    await network.deposit(1n);
    await network.postBatch([NO_OP]);
    const batch = await until('the second batch', () => node.mirror.batch(1n));
    await node.execution.catchUp(new AbortController().signal);
    const from = BigInt(world.inputs.length);
    const list = await node.execution.leaves(from, from + BigInt(batch.messageCount));
    const claim = await world.claimOf(list, 0, parent);
    await world.sender.sendAndWait({ ...rollup, functionName: 'createAssertion', args: [claim] });
    const child = hashAssertion(parent, list, 0);
    const status = await ring.playOut(parent);
    await ring.wait(WINDOW_SECONDS);
    const said = await refusalOf(ring.honestSender, { ...rollup, functionName: 'confirm', args: [child] });
    await ring.honestSender.sendAndWait({ ...rollup, functionName: 'orphan', args: [child] });
    const isDead = said === 'ParentNotConfirmed' && (await ring.statusOf(child)) === ASSERTION_STATUS.orphaned;
    return {
      caught: status === ASSERTION_STATUS.rejected && isDead,
      how: `rejected; its child: ${said}, orphaned`,
      lists: 8,
    };
  });

  const both = { honest: [...honest, EXECUTOR.address], liars };
  yield await measure(network, 'rival: a false assertion beside the true one', both, async () => {
    const executor = createSender(withAccount(network.l1, keyOf(2)));
    const falseOne = await ring.assert(lieOf('a false rival'));
    const claim = await world.claimOf(world.steps, 0);
    await executor.sendAndWait({ ...rollup, functionName: 'createAssertion', args: [claim] });
    const trueOne = hashAssertion(claim.parent as Hex, world.steps, 0);
    const status = await ring.playOut(falseOne);
    await ring.wait(WINDOW_SECONDS);
    await executor.sendAndWait({ ...rollup, functionName: 'confirm', args: [trueOne] });
    const isTrue = (await ring.statusOf(trueOne)) === ASSERTION_STATUS.confirmed;
    return {
      caught: status === ASSERTION_STATUS.rejected && isTrue,
      how: 'one-step proof; the true one is confirmed',
      lists: 8,
    };
  });
}
