// docs/disputes.md#bytes: a liar whose step list no DA member holds, and who shows on L1 what he wants to.
import { createClaim, hashAssertion } from '../../contracts/claim.ts';
import { DEVNET_CONFIG } from '../../contracts/config.ts';
import { createPublisher } from '../../dispute/publisher.ts';
import { type Told, takeSeat } from '../../dispute/seat.ts';
import { NO_BODY } from '../../node/body/recorder.ts';
import { openNode } from '../../node/node.ts';
import { rollupAbi } from '../../protocol/generated/abi.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { Message } from '../../protocol/messages.ts';
import { decodeStateLeaf } from '../../protocol/state.ts';
import { keccakHex, LEAF_BYTES, objectRef } from '../../protocol/tree.ts';
import { joinExecutors } from '../../prover/executor.ts';
import { withAccount } from '../../service/l1/l1.ts';
import { createSender } from '../../service/l1/send.ts';
import { createLogger } from '../../service/process/log.ts';
import { keyOf, startTestNetwork, until } from './network.fixture.ts';

/** More than 512 leaves, so that nodes are demanded twice before a leaf. */
const MESSAGES = 600;
const LIE_POSITION = 1_000n;
const BODY_SECONDS = 40n * 24n * 3600n;

export const DEMAND_SECONDS = DEVNET_CONFIG.demandSeconds;
export const WINDOW_SECONDS = DEVNET_CONFIG.windowSeconds;

export type Withheld = Awaited<ReturnType<typeof createWithheld>>;

/** A network with one batch of 600 messages that do nothing, and the liar's node, which has executed it. */
export async function createWithheld() {
  const network = await startTestNetwork();
  const log = createLogger('liar', process.env.MIZU_LOG ?? 'silent');
  const node = await openNode(network.config('liar'), { log, recorder: () => NO_BODY });
  const stop = new AbortController();
  const following = node.follow(stop.signal, () => undefined);
  const contracts = network.deployment.addresses;
  const sender = createSender(withAccount(node.l1, keyOf(5)), { signal: stop.signal });
  await joinExecutors(node, contracts, sender);
  const nothing: Hex = `0x${'77'.repeat(32)}`;
  await network.postBatch(Array.from({ length: MESSAGES }, (): Message => ({ kind: 'Expire', run: nothing })));
  const batch = await until('the batch', () => node.mirror.batch(0n));
  await node.execution.catchUp(stop.signal);
  const truth = await node.execution.leaves(0n, BigInt(batch.messageCount));
  const publisher = createPublisher({ node, contracts, sender, log });
  const told: Told = (own, game) => ({
    prove: own.prove,
    hashesAt: async (positions) =>
      (await own.hashesAt(positions)).map((hash, i) =>
        (positions[i] as bigint) < LIE_POSITION ? hash : keccakHex(new TextEncoder().encode(hash + game.id)),
      ),
  });
  const seat = await takeSeat({ node, contracts, sender, side: 'asserter', log, told });
  const rollup = { address: contracts.rollup, abi: rollupAbi } as const;
  const headSeconds = async () => (await node.l1.client.getBlock()).timestamp;

  return {
    network,
    node,
    /** Claims a list whose states are wrong from a leaf on. DA has promised it and has none of it. */
    async assertFrom(wrongLeaf: number): Promise<Hex> {
      const steps = truth.slice();
      for (let at = wrongLeaf * LEAF_BYTES; at < steps.length; at += LEAF_BYTES) steps[at] = (steps[at] as number) ^ 1;
      await node.objects.put(steps);
      const parent = await node.l1.client.readContract({ ...rollup, functionName: 'genesis' });
      const objects = [objectRef(new TextEncoder().encode('no body'))];
      const expiry = (await headSeconds()) + BODY_SECONDS;
      const certificate = await network.certifyUnheld([objectRef(steps), ...objects], expiry);
      const post = decodeStateLeaf(steps.subarray(steps.length - LEAF_BYTES));
      const claim = createClaim({ parent, steps, post, objects, certificate });
      await sender.sendAndWait({ ...rollup, functionName: 'createAssertion', args: [claim] });
      return hashAssertion(parent, steps);
    },
    /** Shows what is demanded of the liar. */
    publish: async () => publisher.publishNext(await headSeconds()),
    /** Answers the games. */
    play: async () => seat.player.playNext(await headSeconds()),
    statusOf: (id: Hex) => node.l1.client.readContract({ ...rollup, functionName: 'statusOf', args: [id] }),
    async close() {
      stop.abort();
      await following;
      await seat.close();
      await node.close();
      await network.close();
    },
  };
}
