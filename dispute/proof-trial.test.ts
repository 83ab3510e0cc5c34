// docs/disputes.md#trial: L1 has the last word about a proof: what fails in its trial is told, and sent all the same.
import { type Abi, decodeFunctionData, type Hex, keccak256, toHex } from 'viem';
import { expect, test } from 'vitest';
import { MizuError } from '../protocol/errors.ts';
import { disputeAbi } from '../protocol/generated/abi.ts';
import type { Address } from '../protocol/hex.ts';
import type { Logger } from '../service/process/log.ts';
import { createProofTrial } from './proof-trial.ts';
import type { Outcome, WholeTransaction } from './trial.ts';

const HASH = keccak256('0x01');
const [FROM, DISPUTE]: Address[] = [`0x${'11'.repeat(20)}`, `0x${'22'.repeat(20)}`];
const GAME: Hex = '0x07';
const GAS = { transaction: 300_000n, execution: 250_000n, floor: 60_000n };
const ARGS = [
  { assertion: HASH, index: 2n, challenger: FROM },
  { number: 8n, root: HASH, start: HASH, message: HASH },
  { index: 3n, start: HASH, end: HASH, path: [HASH] },
  toHex('proof'),
];

async function tellOf(tried: (transaction: WholeTransaction) => Outcome) {
  const told: unknown[] = [];
  const log = { warn: (fields: unknown) => told.push(fields) } as unknown as Logger;
  const trial = async (transaction: WholeTransaction) => tried(transaction);
  const gas = await createProofTrial({ trial, from: FROM!, arena: { address: DISPUTE!, abi: disputeAbi as Abi }, log })(
    GAME,
    ARGS,
  );
  return { gas, told };
}

test('the transaction that will be sent is tried, and its gas told', async () => {
  const seen: WholeTransaction[] = [];
  const { gas, told } = await tellOf((transaction) => {
    seen.push(transaction);
    return { kind: 'success', output: '0x', created: undefined, gas: GAS };
  });
  expect({ gas, told }).toEqual({ gas: 300_000, told: [] });
  expect(seen).toMatchObject([{ name: 'prove', from: FROM, to: DISPUTE }]);
  expect(decodeFunctionData({ abi: disputeAbi, data: seen[0]!.data })).toMatchObject({
    functionName: 'prove',
    args: ARGS,
  });
});

test('what fails is a warning with the reason', async () => {
  const error = new MizuError({ code: 'l1/reverted', message: 'prove would be reverted.', actual: 'NotPlayer(1, 2)' });
  const outcomes: Outcome[] = [
    { kind: 'revert', error, gas: GAS },
    { kind: 'halt', error, gas: GAS },
    { kind: 'refused', error },
  ];
  for (const outcome of outcomes)
    expect(await tellOf(() => outcome)).toEqual({ gas: undefined, told: [{ game: GAME, err: error }] });
});

test('a node that does not answer is a warning, too', async () => {
  const down = new Error('down');
  const tried = await tellOf(() => {
    throw down;
  });
  expect(tried).toEqual({ gas: undefined, told: [{ game: GAME, err: down }] });
});
