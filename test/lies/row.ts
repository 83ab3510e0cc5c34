// docs/disputes.md#lies: one row of the table: a lie, what became of it, and what it cost whom.
import { formatEther } from 'viem';
import type { Address } from '../../protocol/hex.ts';
import type { TestNetwork } from '../network/network.fixture.ts';
import { fundsOf, gasSince } from './funds.ts';

export type Party = {
  readonly transactions: number;
  readonly gas: bigint;
  /** Tokens that it owns more (or less) than before. */
  readonly wonWei: bigint;
};

export type Row = {
  readonly lie: string;
  /** L1 has rejected or refused the lie, or confirmed the truth that was attacked. */
  readonly caught: boolean;
  readonly how: string;
  /** Lists posted in the game, or in all games. */
  readonly lists: number;
  readonly honest: Party;
  readonly liar: Party;
  readonly seconds: number;
};

export type LieOutcome = Pick<Row, 'caught' | 'how' | 'lists'>;

export type Parties = { readonly honest: readonly Address[]; readonly liars: readonly Address[] };

/** `play` ends when nothing of it is open on L1 any more. */
export async function measure(
  network: TestNetwork,
  lie: string,
  { honest, liars }: Parties,
  play: () => Promise<LieOutcome>,
): Promise<Row> {
  const all = [...honest, ...liars];
  const read = () => Promise.all(all.map((account) => fundsOf(network, account)));
  const [before, block, startMs] = [await read(), await network.l1.client.getBlockNumber(), performance.now()];
  const outcome = await play();
  const [after, use] = [await read(), await gasSince(network, block, all)];
  const sum = (accounts: readonly Address[]): Party =>
    accounts.reduce<Party>(
      (total, account) => {
        const at = all.indexOf(account);
        const { transactions, gas } = use.get(account) ?? { transactions: 0, gas: 0n };
        return {
          transactions: total.transactions + transactions,
          gas: total.gas + gas,
          wonWei: total.wonWei + (after[at] as bigint) - (before[at] as bigint),
        };
      },
      { transactions: 0, gas: 0n, wonWei: 0n },
    );
  return { lie, ...outcome, honest: sum(honest), liar: sum(liars), seconds: (performance.now() - startMs) / 1000 };
}

export const HEADINGS = [
  'lie',
  'caught',
  'by',
  'lists',
  'transactions',
  'gas of the honest',
  'gas of the liar',
  'tokens of the honest',
  'tokens of the liar',
  'seconds',
] as const;

export function cellsOf({ lie, caught, how, lists, honest, liar, seconds }: Row): string[] {
  return [
    lie,
    caught ? 'yes' : 'NO',
    how,
    String(lists),
    String(honest.transactions + liar.transactions),
    String(honest.gas),
    String(liar.gas),
    signed(honest.wonWei),
    signed(liar.wonWei),
    seconds.toFixed(1),
  ];
}

function signed(wei: bigint): string {
  return wei > 0n ? `+${formatEther(wei)}` : formatEther(wei);
}
