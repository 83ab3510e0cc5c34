// docs/court.md#attacks: one row of the table of attacks: what it came to, who lost and won what, what it cost, and whether so it should be.
import { formatEther } from 'viem';
import { mizuTokenAbi } from '../../../protocol/generated/abi.ts';
import type { Address } from '../../../protocol/hex.ts';
import type { TestNetwork } from '../../network/network.fixture.ts';
import { fundsOf, gasSince } from '../funds.ts';

export type Change = 'loses' | 'gains' | 'keeps';

export type AttackParty = {
  readonly name: string;
  readonly accounts: readonly Address[];
  /** What it is to have less, more or as many tokens by the attack. */
  readonly change: Change;
  /** What it owns beside the L1 accounts, wei. */
  readonly more?: () => Promise<bigint>;
};

export type CourtAttack = {
  readonly name: string;
  readonly attackers: readonly AttackParty[];
  /** What becomes of all attackers' tokens together, where one of them is to gain. */
  readonly together?: Change;
  /** Whoever answers the attack, and whoever it is about. */
  readonly others: readonly AttackParty[];
  /** What it must come to. */
  readonly outcome: string;
  /** That contracts keep of what is lost, because they round. Default 0. */
  readonly roundedWei?: bigint;
  /** Says what it has come to. It ends when nothing of it is open on L1 any more. */
  play(): Promise<string>;
};

export type PartyResult = { readonly name: string; readonly wonWei: bigint; readonly isExpected: boolean };

export type AttackRow = {
  readonly attack: string;
  readonly outcome: string;
  /** What is not as it should be; empty: the row passes. */
  readonly faults: readonly string[];
  readonly attackers: readonly PartyResult[];
  readonly others: readonly PartyResult[];
  readonly burnedWei: bigint;
  readonly gas: { readonly attack: bigint; readonly answer: bigint };
  readonly seconds: number;
};

/** Plays the attack, and reads from L1 what has become of the tokens. All that the parties lose and do not gain is burned. */
export async function playAttack(network: TestNetwork, attack: CourtAttack): Promise<AttackRow> {
  const { attackers, others } = attack;
  const read = () => Promise.all([...attackers, ...others].map((party) => wealthOf(network, party)));
  const [before, supply, block] = await Promise.all([read(), supplyOf(network), network.l1.client.getBlockNumber()]);
  const startMs = performance.now();
  const outcome = await attack.play();
  const seconds = (performance.now() - startMs) / 1000;
  const [after, burnedWei] = [await read(), supply - (await supplyOf(network))];
  const results = [...attackers, ...others].map(({ name, change }, i): PartyResult => {
    const wonWei = (after[i] as bigint) - (before[i] as bigint);
    return { name, wonWei, isExpected: changeOf(wonWei) === change };
  });
  const row = {
    attack: attack.name,
    outcome,
    attackers: results.slice(0, attackers.length),
    others: results.slice(attackers.length),
    burnedWei,
    gas: { attack: await gasOf(network, block, attackers), answer: await gasOf(network, block, others) },
    seconds,
  };
  return { ...row, faults: faultsOf(attack, row) };
}

function faultsOf(
  { outcome, attackers, others, together, roundedWei = 0n }: CourtAttack,
  row: Omit<AttackRow, 'faults'>,
): string[] {
  const results = [...row.attackers, ...row.others];
  const wanted = [...attackers, ...others].map(({ change }) => change);
  const lost = results.reduce((sum, { wonWei }) => sum - wonWei, 0n);
  const isBurned = lost >= row.burnedWei && lost - row.burnedWei <= roundedWei;
  const won = row.attackers.reduce((sum, { wonWei }) => sum + wonWei, 0n);
  return [
    ...(together === undefined || changeOf(won) === together ? [] : [`attackers together: ${together} expected`]),
    ...(row.outcome === outcome ? [] : [`expected: ${outcome}`]),
    ...results.flatMap(({ name, isExpected }, i) => (isExpected ? [] : [`${name}: ${wanted[i]} expected`])),
    ...(isBurned ? [] : [`${inMizu(lost - row.burnedWei)} MIZU are nowhere`]),
  ];
}

async function wealthOf(network: TestNetwork, { accounts, more }: AttackParty): Promise<bigint> {
  const parts = await Promise.all(accounts.map((account) => fundsOf(network, account)));
  return parts.reduce((sum, part) => sum + part, (await more?.()) ?? 0n);
}

function supplyOf({ l1, deployment }: TestNetwork): Promise<bigint> {
  return l1.client.readContract({
    address: deployment.addresses.token,
    abi: mizuTokenAbi,
    functionName: 'totalSupply',
  });
}

async function gasOf(network: TestNetwork, block: bigint, parties: readonly AttackParty[]): Promise<bigint> {
  const use = await gasSince(
    network,
    block,
    parties.flatMap(({ accounts }) => accounts),
  );
  return [...use.values()].reduce((sum, { gas }) => sum + gas, 0n);
}

function changeOf(wei: bigint): Change {
  if (wei === 0n) return 'keeps';
  return wei < 0n ? 'loses' : 'gains';
}

export const ATTACK_HEADINGS = [
  'attack',
  'outcome',
  'as expected',
  'attackers, MIZU',
  'others, MIZU',
  'burned, MIZU',
  'gas of the attack',
  'gas of the answer',
  'seconds',
] as const;

export function attackCells({
  attack,
  outcome,
  faults,
  attackers,
  others,
  burnedWei,
  gas,
  seconds,
}: AttackRow): string[] {
  const told = (results: readonly PartyResult[]) =>
    results.map(({ name, wonWei }) => `${name} ${wonWei > 0n ? '+' : ''}${inMizu(wonWei)}`).join(', ');
  return [
    attack,
    outcome,
    faults.length === 0 ? 'yes' : `NO: ${faults.join('; ')}`,
    told(attackers),
    told(others),
    inMizu(burnedWei),
    String(gas.attack),
    String(gas.answer),
    seconds.toFixed(1),
  ];
}

/** To the fourth decimal, and what is less as what it is. */
function inMizu(wei: bigint): string {
  const unit = 10n ** 14n;
  return formatEther(wei !== 0n && wei / unit === 0n ? wei : (wei / unit) * unit);
}
