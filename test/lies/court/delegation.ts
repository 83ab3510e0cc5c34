// docs/staking.md#delegate: delegators who leave before a slash, and an operator that raises its commission.
import type { Abi } from 'viem';
import { DEVNET_CONFIG } from '../../../contracts/config.ts';
import { proveDoubleNonce } from '../../../dispute/double-nonce.ts';
import { delegationPoolAbi, stakeManagerAbi } from '../../../protocol/generated/abi.ts';
import type { Address } from '../../../protocol/hex.ts';
import { ROLE, type Role } from '../../../protocol/roles.ts';
import { startTestNetwork, type TestNetwork } from '../../network/network.fixture.ts';
import { type Actor, allow, createActor, MIZU } from './actors.ts';
import { type AttackRow, playAttack } from './attack.ts';
import { party } from './parts.ts';
import { signedTwice } from './services.ts';

const OWN = 1_000n * MIZU;
const DELEGATED = 5_000n * MIZU;
const YIELD = 200n * MIZU;
const [COMMISSION, ALL] = [1_000, 10_000];

export async function* playDelegation(): AsyncGenerator<AttackRow, undefined> {
  const network = await startTestNetwork();
  try {
    yield await flight(network);
    yield await commission(network);
    return undefined;
  } finally {
    await network.close();
  }
}

/** An operator with a pool, and somebody who has delegated to it. */
async function createPool(network: TestNetwork, role: Role) {
  const { stakeManager } = network.deployment.addresses;
  const stakes = { address: stakeManager, abi: stakeManagerAbi as Abi };
  const [operator, delegator] = [await createActor(network, 0n, []), await createActor(network, DELEGATED, [])];
  await network.stake(operator.address, role, OWN);
  await operator.send(stakes, 'openPool', [ROLE[role], COMMISSION]);
  const read = { address: stakeManager, abi: stakeManagerAbi } as const;
  const args = [operator.address, ROLE[role]] as const;
  const pool: Address = await network.l1.client.readContract({ ...read, functionName: 'poolOf', args });
  await allow(network, delegator, pool);
  const call = { address: pool, abi: delegationPoolAbi as Abi };
  await delegator.send(call, 'deposit', [DELEGATED, delegator.address]);
  const commissionOf = async () =>
    (await network.l1.client.readContract({ ...read, functionName: 'commissionOf', args }))[0];
  return { operator, delegator, stakes, call, commissionOf, worth: () => delegatedOf(network, pool, delegator) };
}

/** What an account has in a pool, also what is on its way out. */
async function delegatedOf({ l1 }: TestNetwork, address: Address, account: Actor): Promise<bigint> {
  const pool = { address, abi: delegationPoolAbi } as const;
  const args = [account.address] as const;
  const [shares, [amounts]] = await Promise.all([
    l1.client.readContract({ ...pool, functionName: 'balanceOf', args }),
    l1.client.readContract({ ...pool, functionName: 'unbondingsOf', args }),
  ]);
  const value = await l1.client.readContract({ ...pool, functionName: 'convertToAssets', args: [shares] });
  return amounts.reduce((sum, amount) => sum + amount, value);
}

/** A gateway breaks two nonces: the first takes its own stake, the second what was delegated, though that is leaving. */
async function flight(network: TestNetwork): Promise<AttackRow> {
  const { operator, delegator, call, worth } = await createPool(network, 'gateway');
  const watcher = await createActor(network, 0n, []);
  const { gatewayRegistry } = network.deployment.addresses;
  return playAttack(network, {
    name: 'a delegator leaves before its gateway is slashed',
    attackers: [party('gateway', 'loses', [operator]), { ...party('delegator', 'loses', [delegator]), more: worth }],
    others: [party('who shows it', 'gains', [watcher])],
    outcome: 'slashed on its way out',
    play: async () => {
      await delegator.send(call, 'unbond', [DELEGATED]);
      for (const nonce of [1n, 2n]) {
        const [first, second] = await signedTwice(network, operator, nonce);
        await watcher.sender.sendAndWait(proveDoubleNonce(network.l1, gatewayRegistry, first, second));
      }
      return (await worth()) < DELEGATED ? 'slashed on its way out' : 'nothing taken';
    },
  });
}

/** Yield comes before and after the announced commission holds; the delegator leaves as soon as it is announced. */
async function commission(network: TestNetwork): Promise<AttackRow> {
  const { operator, delegator, stakes, call, commissionOf, worth } = await createPool(network, 'validator');
  const payer = await createActor(network, 2n * YIELD, [stakes.address]);
  const pay = () => payer.send(stakes, 'fundFor', [operator.address, ROLE.validator, YIELD]);
  return playAttack(network, {
    name: 'an operator takes all yield of what was delegated to it',
    attackers: [party('operator', 'gains', [operator])],
    others: [
      { ...party('delegator', 'gains', [delegator]), more: worth },
      party('who pays the yield', 'loses', [payer]),
    ],
    roundedWei: 1n,
    outcome: '10 % at first, 100 % when the delegator has left',
    play: async () => {
      await operator.send(stakes, 'setCommission', [ROLE.validator, ALL]);
      const first = await commissionOf();
      await pay();
      await delegator.send(call, 'unbond', [DELEGATED]);
      await network.clock.advance(DEVNET_CONFIG.unbondingSeconds);
      await delegator.send(call, 'withdrawUnbonded', []);
      await pay();
      await operator.send(stakes, 'settle', [operator.address, ROLE.validator]);
      const last = await commissionOf();
      return `${first / 100} % at first, ${last / 100} % when the delegator has left`;
    },
  });
}
