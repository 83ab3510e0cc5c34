// docs/edge.md#run-money: what runs have left for items, so that signed and unsettled items of a run never cost more
// than it has.
import type { Hex } from '../../protocol/hex.ts';
import type { Operation, Store } from '../../service/storage/store.ts';
import type { TaskInfo } from './task.ts';

/** The most, in wei, that a run pays for an item: for its tokens and bytes, and for the gas beside them. */
export type ItemCost = { readonly run: Hex; readonly wei: bigint; readonly fee: bigint };

export type Ledger = {
  /** Takes over what the sequencer's list says of the run. */
  note(info: TaskInfo): void;
  /**
   * The most, in wei, that the tokens and bytes of one more item may cost. Below 0 there is not even enough for its
   * gas.
   */
  room(info: TaskInfo): bigint;
  /** Whether items of the run are signed and not settled: what they leave of its money is not known yet. */
  hasSigned(run: Hex): boolean;
  sign(task: string, cost: ItemCost): void;
  /** The item was not taken, or its batch is taken back. */
  release(task: string): void;
  /** The item was taken in this step. */
  take(task: string, step: number): void;
  /** What to write together with the end of the batch of these items: so a restart forgets nothing that was taken. */
  save(costs: readonly ItemCost[]): Operation[];
};

type Taken = ItemCost & { readonly step: number };
/** What a run has left by the state after a step, and the items that were taken in later ones. */
type Saved = {
  readonly step: number;
  readonly escrow: bigint;
  readonly inference: bigint;
  readonly taken: readonly Taken[];
};

type RunMoney = {
  step: number;
  escrow: bigint;
  inference: bigint;
  signed: number;
  /** The cost of signed items and of those that were taken in later steps, together. */
  wei: bigint;
  fee: bigint;
  taken: Taken[];
};

/** The most runs without signed items that are remembered. */
const MAX_REMEMBERED = 10_000;

export async function openLedger(store: Store): Promise<Ledger> {
  const table = store.table<Saved>('run-money');
  const runs = new Map<Hex, RunMoney>();
  const forgotten: Hex[] = [];
  const signed = new Map<string, ItemCost>();

  const find = (run: Hex): RunMoney => {
    // For items signed before a restart: what their run has is not known before it is listed.
    const unknown = { step: -1, escrow: 0n, inference: 0n, signed: 0, wei: 0n, fee: 0n, taken: [] };
    const money: RunMoney = runs.get(run) ?? unknown;
    // The run that was asked for last stands last.
    runs.delete(run);
    runs.set(run, money);
    for (const [oldest, old] of runs) {
      if (runs.size <= MAX_REMEMBERED) break;
      if (old === money || old.signed > 0) continue;
      runs.delete(oldest);
      forgotten.push(oldest);
    }
    return money;
  };

  const count = (money: RunMoney, { wei, fee }: ItemCost, times: 1n | -1n): void => {
    money.wei += times * wei;
    money.fee += times * fee;
  };

  const note = ({ run, step, escrowLeft, inferenceLeft }: TaskInfo): RunMoney => {
    const money = find(run);
    Object.assign(money, { step, escrow: BigInt(escrowLeft), inference: BigInt(inferenceLeft) });
    for (const item of money.taken) if (item.step <= step) count(money, item, -1n);
    money.taken = money.taken.filter((item) => item.step > step);
    return money;
  };

  const release = (task: string): ItemCost | undefined => {
    const cost = signed.get(task);
    if (cost === undefined || !signed.delete(task)) return undefined;
    const money = find(cost.run);
    money.signed -= 1;
    count(money, cost, -1n);
    return cost;
  };

  for await (const [run, { taken, ...left }] of table.entries()) {
    const money: RunMoney = { ...left, signed: 0, wei: 0n, fee: 0n, taken: [...taken] };
    for (const item of taken) count(money, item, 1n);
    runs.set(run as Hex, money);
  }

  return {
    note: (info) => void note(info),
    room: (info) => {
      const known = find(info.run);
      const { escrow, inference, wei, fee } = known.step < info.step ? note(info) : known;
      const limits = [escrow - BigInt(info.itemFee) - wei - fee, inference - wei];
      return limits.reduce((least, limit) => (limit < least ? limit : least), BigInt(info.maxCost));
    },
    hasSigned: (run) => (runs.get(run)?.signed ?? 0) > 0,
    sign: (task, cost) => {
      const money = find(cost.run);
      signed.set(task, cost);
      money.signed += 1;
      count(money, cost, 1n);
    },
    release: (task) => void release(task),
    take: (task, step) => {
      const cost = release(task);
      if (cost === undefined) return;
      const money = find(cost.run);
      if (step <= money.step) return;
      money.taken.push({ ...cost, step });
      count(money, cost, 1n);
    },
    save: (costs) => {
      const puts = [...new Set(costs.map(({ run }) => run))].map((run) => {
        const { step, escrow, inference, taken } = find(run);
        return table.put(run, { step, escrow, inference, taken });
      });
      return [...forgotten.splice(0).map((run) => table.delete(run)), ...puts];
    },
  };
}
