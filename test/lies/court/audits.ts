// docs/audits.md: validators that do not look, or let others look, and gateways that call a lie, or the truth, a canary.
import { decodeFunctionData } from 'viem';
import { DEVNET_CONFIG } from '../../../contracts/config.ts';
import { attestationsAbi, auditsAbi, bridgeAbi } from '../../../protocol/generated/abi.ts';
import type { Hex } from '../../../protocol/hex.ts';
import { createDomain, TYPES } from '../../../protocol/typed-data.ts';
import { startExecutor } from '../../../prover/main.ts';
import { createLogger } from '../../../service/process/log.ts';
import { EXECUTOR, keyOf, until } from '../../network/network.fixture.ts';
import { type Actor, createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { type AuditWorld, type Canary, openAuditWorld } from './audit-world.ts';
import { party, sayOutcome } from './parts.ts';

const STAKE = 1_000n * MIZU;
const UNKNOWN: Hex = `0x${'c0'.repeat(32)}`;

export async function* playAudits(): AsyncGenerator<AttackRow, undefined> {
  const world = await openAuditWorld();
  try {
    yield await inAnothersRun(world);
    yield await excusedAfterwards(world);
    yield await canaryThatIsRight(world);
    yield await neverLooks(world);
    yield await copies(world);
    return undefined;
  } finally {
    await world.close();
  }
}

/** Who is found out by the validator, and cannot excuse himself: it is disputed after the open phase, and voided. */
function playExcuse(
  world: AuditWorld,
  name: string,
  refusals: string,
  post: () => Promise<Canary>,
  excuse: (canary: Canary) => Promise<readonly (string | undefined)[]>,
): Promise<AttackRow> {
  const { network, cases, gateway, looker } = world;
  return playAttack(network, {
    name,
    attackers: [party('gateway', 'loses', [gateway])],
    others: [
      party('validator', 'gains', [looker]),
      party("the item's run", 'gains', [{ address: network.deployment.addresses.bridge }]),
    ],
    outcome: `refused: ${refusals}; voided`,
    play: async () => {
      const before = await cases.count();
      const period = await world.startPeriod();
      const canary = await post();
      await world.lookedAt(period);
      await world.reach(period, 'open');
      const refused = await excuse(canary);
      await world.reach(period, 'reveal');
      await until('a case', async () => (await cases.count()) > before);
      const played = await cases.play(new Map([[before + 1n, { ballots: new Map() }]]));
      return `refused: ${refused.join(', ')}; ${sayOutcome(played)}`;
    },
  });
}

/** It plants what is to be a lie before it signs it, and nobody but the run's account can say that it has wanted it. */
function inAnothersRun(world: AuditWorld) {
  const { planter, gateway } = world;
  const own = async ({ posted, planted }: Canary) => [
    await planter.open(posted, planted),
    await planter.open(posted, { ...planted, owner: gateway.address }),
  ];
  return playExcuse(
    world,
    "a gateway plants a canary in another's run",
    'OwnerMismatch, RunMismatch',
    () => world.postCanary('lie', (asked) => planter.plant(asked, gateway.account)),
    own,
  );
}

/** The run's account is its friend and signs all, but the item stands in a batch already; an older plant is another run's. */
function excusedAfterwards(world: AuditWorld) {
  const { planter, items } = world;
  const asked: Parameters<typeof planter.plant>[0][] = [];
  let older: Canary['planted'];
  return playExcuse(
    world,
    'a lie is called a canary afterwards',
    'NotPlanted, RunMismatch',
    async () => {
      ({ planted: older } = await world.postCanary('truth'));
      const [posted] = await items.post('lie', 1, async (run) => void asked.push(run));
      const [planted] = await planter.plant(asked[0]!);
      return { posted: posted!, planted: planted! };
    },
    async ({ posted, planted }) => [await planter.open(posted, planted), await planter.open(posted, older)],
  );
}

/** Nobody can find it: so it counts for nobody, and is not rewarded. */
function canaryThatIsRight(world: AuditWorld) {
  const { network, planter, gateway, looker, watcher, audits } = world;
  return playAttack(network, {
    name: 'a canary of a gateway is right',
    attackers: [party('gateway', 'keeps', [gateway])],
    others: [party('validator', 'keeps', [looker])],
    outcome: 'opened; refused: CanaryDoesNotCount; the validator has found 0 of 0',
    play: async () => {
      const period = await world.startPeriod();
      const { posted, planted } = await world.postCanary('truth');
      await world.lookedAt(period);
      await world.reach(period, 'open');
      const opened = (await planter.open(posted, planted)) ?? 'opened';
      await world.reach(period, 'reveal');
      await world.revealed(period);
      const refused = await watcher.try(audits, 'reward', [period, 0n]);
      return `${opened}; refused: ${refused}; the validator has found ${await world.scoreOf(period, looker.address)}`;
    },
  });
}

async function neverLooks(world: AuditWorld): Promise<AttackRow> {
  const idle = await createActor(world.network, 0n, []);
  return playShares(world, 'a validator never looks', idle, '', {});
}

/** It commits to what the process has committed to, and reveals what that has revealed. */
async function copies(world: AuditWorld): Promise<AttackRow> {
  const { network, looker, audits } = world;
  const { client } = network.l1;
  const read = { address: audits.address, abi: auditsAbi } as const;
  const copier = await createActor(network, 0n, []);
  return playShares(world, 'a validator copies the commitment of another', copier, 'refused: CommitmentMismatch; ', {
    async commit(period) {
      const { commitment } = await client.readContract({
        ...read,
        functionName: 'lookOf',
        args: [period, looker.address],
      });
      await copier.send(audits, 'commit', [period, commitment]);
    },
    async reveal(period) {
      const event = { ...read, eventName: 'FindingsRevealed', args: { period, validator: looker.address } } as const;
      const [shown] = await until('what is copied', async () => {
        const events = await client.getContractEvents({ ...event, fromBlock: 0n });
        return events.length > 0 ? events : undefined;
      });
      const { input } = await client.getTransaction({ hash: shown!.transactionHash });
      const { args = [] } = decodeFunctionData({ abi: auditsAbi, data: input });
      const [, , findings, salt] = args as [bigint, Hex, readonly Hex[], Hex];
      return `refused: ${await copier.try(audits, 'reveal', [period, copier.address, findings, salt])}; `;
    },
  });
}

type Cheat = {
  commit?(period: bigint): Promise<void>;
  reveal?(period: bigint): Promise<string>;
};

/** Both attest the same assertion, behind a period with a canary: the process is paid, and what the other loses is withheld. */
async function playShares(world: AuditWorld, name: string, cheat: Actor, said: string, tricks: Cheat) {
  const { network, planter, gateway, looker, watcher, audits, attestations } = world;
  await network.stake(cheat.address, 'validator', STAKE);
  return playAttack(network, {
    name,
    attackers: [party('validator', 'keeps', [cheat])],
    others: [
      party('validator that looks', 'gains', [looker]),
      party('gateway that plants', 'gains', [gateway]),
      party('executor', 'gains', [EXECUTOR]),
      party('fees of the runs', 'loses', [{ address: network.deployment.addresses.bridge }]),
    ],
    // The shares of two, of each of the assertions.
    roundedWei: 32n,
    outcome: `${said}it has found 0 of 1, and its share is withheld; the other 1 of 1`,
    play: async () => {
      const period = await world.startPeriod();
      const { posted, planted } = await world.postCanary('lie');
      await world.lookedAt(period);
      await tricks.commit?.(period);
      await world.reach(period, 'open');
      const refused = await planter.open(posted, planted);
      if (refused !== undefined) throw new Error(`a canary is refused: ${refused}`);
      await world.reach(period, 'reveal');
      const trick = (await tricks.reveal?.(period)) ?? '';
      await world.revealed(period);
      const [own, other] = [await world.scoreOf(period, cheat.address), await world.scoreOf(period, looker.address)];
      const assertion = await payFees(world, cheat);
      await watcher.send(attestations, 'collect', [cheat.address, [assertion]]);
      const withheld = await network.l1.client.readContract({
        ...{ address: attestations.address, abi: attestationsAbi, functionName: 'isWithheld' },
        args: [cheat.address, assertion],
      });
      await watcher.send(audits, 'reward', [period, 0n]);
      await gateway.send(audits, 'withdraw', []);
      return `${trick}it has found ${own}, and its share is ${withheld ? 'withheld' : 'paid'}; the other ${other}`;
    },
  });
}

/** An executor asserts all batches, both attest the last assertion, and the Bridge pays in what validators earn. */
async function payFees(world: AuditWorld, cheat: Actor): Promise<Hex> {
  const { network, attestations } = world;
  const log = createLogger('lies', process.env.MIZU_LOG ?? 'silent');
  const settings = { key: keyOf(2), policy: { intervalSeconds: 0 }, payoutWei: 1n, log };
  const executor = await startExecutor({ ...network.config('executor'), ...settings });
  try {
    const id = await lastAttested(world);
    const domain = createDomain(network.deployment.chainId, attestations.address);
    const message = { assertion: id, commitment: UNKNOWN };
    const signature = await cheat.account.signTypedData({ domain, types: TYPES, primaryType: 'Attestation', message });
    await cheat.send(attestations, 'record', [id, [{ commitment: UNKNOWN, signature }]]);
    await network.clock.advance(DEVNET_CONFIG.windowSeconds + 1);
    await until('the fees are paid out', async () => (await isPaidOut(world, id)) || undefined);
    return id;
  } finally {
    await executor.close();
  }
}

/** The pending assertion of all batches, once two thirds have attested it. */
const lastAttested = ({ validator, items }: AuditWorld): Promise<Hex> =>
  until('an attested assertion', async () => {
    const { mirror } = validator.node;
    const last = (await mirror.pending()).find(({ post }) => post.batch >= items.batches());
    if (last === undefined) return undefined;
    return (await mirror.attestations(last.id))?.attested === undefined ? undefined : last.id;
  });

/** Fees are claimed in the order of the assertions, so those before `last` are paid out too. */
async function isPaidOut({ network, validator, looker, attestations }: AuditWorld, last: Hex): Promise<boolean> {
  const { client } = network.l1;
  const bridge = { address: network.deployment.addresses.bridge, abi: bridgeAbi } as const;
  if (!(await client.readContract({ ...bridge, functionName: 'feesClaimed', args: [last] }))) return false;
  if ((await client.readContract({ ...bridge, functionName: 'earningsOf', args: [EXECUTOR.address] })) > 0n)
    return false;
  const read = { address: attestations.address, abi: attestationsAbi } as const;
  for await (const { id } of validator.node.mirror.assertions(0n)) {
    const share = await client.readContract({ ...read, functionName: 'shareOf', args: [looker.address, id] });
    if (share > 0n) return false;
  }
  return true;
}
