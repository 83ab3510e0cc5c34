// docs/court.md#attacks: a gateway signs what its worker has made up: it is found, voted on and voided, and the task runs again.
import type { WorkerConfigInput } from '../../../edge/config.ts';
import type { Hex } from '../../../protocol/hex.ts';
import { keyOf, until } from '../../network/network.fixture.ts';
import { fundsOf } from '../funds.ts';
import { actorOf, createActor } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { createCases } from './cases.ts';
import { party, STAYS_AWAY, sayOutcome } from './parts.ts';
import { type ProcessWorld, runGateway, work } from './processes.ts';

export type SignedLie = {
  readonly name: string;
  readonly lying: WorkerConfigInput['backends'];
  readonly honest: WorkerConfigInput['backends'];
  /** What a run is done with, by the item of this attempt. */
  contentOf(world: ProcessWorld, run: Hex, attempt: number): Promise<string>;
};

/** It has nothing done twice; when the lie is void, an honest worker of it does the rows again. */
export async function playSignedLie(world: ProcessWorld, lie: SignedLie): Promise<AttackRow> {
  const { network, gateway, validators } = world;
  const { bridge } = network.deployment.addresses;
  const bridged = () => fundsOf(network, bridge);
  const watcher = await createActor(network, 0n, []);
  const cases = createCases({ network, watcher, bots: () => validators.map(({ actor }) => actor.address) });
  // Every test network has staked it, and its process does not run.
  const away = actorOf(network, keyOf(4));
  const process = await runGateway(world, 0);
  let worker = await work(world, process, lie.lying);
  try {
    return await playAttack(network, {
      name: lie.name,
      attackers: [party('gateway', 'loses', [gateway])],
      others: [
        party(
          'validators',
          'gains',
          validators.map(({ actor }) => actor),
        ),
        party('a validator that stays away', 'loses', [away]),
        party("the item's run", 'gains', [{ address: bridge }]),
      ],
      outcome:
        'done with a lie; voided; 5 MIZU for penalties to processes; done with the truth; the user has paid once',
      play: async () => {
        const [balance, held] = [await world.balance(), await bridged()];
        const run = await world.start();
        const first = await lie.contentOf(world, run, 0);
        await worker.close();
        await until('a case', async () => ((await cases.count()) === 1n ? true : undefined));
        const played = await cases.play(new Map([[1n, { ballots: new Map([[away, STAYS_AWAY]]) }]]));
        worker = await work(world, process, lie.honest);
        const last = await lie.contentOf(world, run, 1);
        const [paid, refund] = [balance - (await world.balance()), (await bridged()) - held];
        const times = paid < 2n * refund ? 'once' : 'twice';
        return `done with ${first}; ${sayOutcome(played)}; done with ${last}; the user has paid ${times}`;
      },
    });
  } finally {
    await worker.close();
    await process.close();
  }
}
