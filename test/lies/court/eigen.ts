// docs/contracts.md#eigenlayer: operators whose stake lies in EigenLayer, and who take it out before they are slashed.
import type { Address, Hex } from '../../../protocol/hex.ts';
import { ROLE } from '../../../protocol/roles.ts';
import { eigenLayerOf } from '../../network/eigen-layer.fixture.ts';
import { keyOf, startTestNetwork, type TestNetwork } from '../../network/network.fixture.ts';
import { type Actor, actorOf, createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { party } from './parts.ts';
import { askForLost, promiseTwice, signersOf } from './services.ts';

const FUNDS = 1_000n * MIZU;
const MEMBER_KEYS: readonly Hex[] = [6, 7, 8, 9].map(keyOf);
const SEQUENCER_KEY = keyOf(1);
/** Per operator, of EigenLayer's roundings. */
const DUST_WEI = 100_000n;

export async function* playEigen(): AsyncGenerator<AttackRow, undefined> {
  const network = await startTestNetwork({}, 'eigenLayer');
  try {
    const user = await createActor(network, FUNDS, []);
    yield await deallocate(network, user);
    yield await deregister(network, user);
    return undefined;
  } finally {
    await network.close();
  }
}

/** They have signed, and take their allocation back before anybody asks for the bytes: it can be slashed until it is out. */
async function deallocate(network: TestNetwork, user: Actor): Promise<AttackRow> {
  const { stakeManager, daChallenges } = network.deployment.addresses;
  const { strategy, ...eigenLayer } = await eigenLayerOf(network.l1.client, { stakeManager });
  const { signers } = await signersOf(network);
  const members = signers.map(({ address }) => memberAt(network, address));
  return playAttack(network, {
    name: 'DA members take their stake out of EigenLayer before lost bytes are asked for',
    attackers: [party('signers', 'loses', signers)],
    others: [party('who asks', 'gains', [user])],
    roundedWei: BigInt(members.length) * DUST_WEI,
    outcome: 'expired',
    play: async () => {
      for (const member of members)
        await member.send(eigenLayer, 'allocate', [stakeManager, ROLE.daMember, strategy, 0n]);
      await askForLost(network, user, daChallenges);
      return 'expired';
    },
  });
}

/** It leaves the operator set as soon as it has promised one place twice. */
async function deregister(network: TestNetwork, user: Actor): Promise<AttackRow> {
  const { stakeManager } = network.deployment.addresses;
  const { strategy: _, ...eigenLayer } = await eigenLayerOf(network.l1.client, { stakeManager });
  const sequencer = actorOf(network, SEQUENCER_KEY);
  return playAttack(network, {
    name: 'a sequencer leaves its operator set before its two promises are shown',
    attackers: [party('sequencer', 'loses', [sequencer])],
    others: [party('who shows it', 'gains', [user])],
    roundedWei: DUST_WEI,
    outcome: 'proven',
    play: async () => {
      await sequencer.send(eigenLayer, 'deregister', [stakeManager, [ROLE.sequencer]]);
      return promiseTwice(network, user);
    },
  });
}

function memberAt(network: TestNetwork, address: Address): Actor {
  const member = MEMBER_KEYS.map((key) => actorOf(network, key)).find((each) => each.address === address.toLowerCase());
  if (member === undefined) throw new Error(`no key of ${address}`);
  return member;
}
