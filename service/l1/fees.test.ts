// docs/operations.md#fee-caps: whatever a node names, no transaction offers more than the caps, nor after any number of attempts.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { parseGwei } from 'viem';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../../devnet/anvil.ts';
import type { Hex } from '../../protocol/hex.ts';
import { capFees, toFeeCaps } from './fees.ts';
import { connectL1, withAccount } from './l1.ts';
import { submit } from './submit.ts';

const KEY: Hex = '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80';
const GWEI = 10n ** 9n;
const CAPS = toFeeCaps({});

test('the defaults are 1,000 gwei, of which 20 are for the builder', () => {
  expect(CAPS).toEqual({ maxFeePerGas: 1_000n * GWEI, maxPriorityFeePerGas: 20n * GWEI });
});

test('what is below the caps is offered as it is, and raised by each attempt until it meets them', () => {
  const named = { maxFeePerGas: 30n * GWEI, maxPriorityFeePerGas: 2n * GWEI };
  expect(capFees(named, 0, CAPS)).toEqual(named);
  expect(capFees(named, 1, CAPS)).toEqual({
    maxFeePerGas: 37_500_000_002n,
    maxPriorityFeePerGas: 2_500_000_001n,
  });
  expect(capFees(named, 30, CAPS)).toEqual(CAPS);
});

test('a priority fee that is too high is cut down, also where it makes the whole too high', () => {
  const named = { maxFeePerGas: 5_030n * GWEI, maxPriorityFeePerGas: 5_000n * GWEI };
  expect(capFees(named, 0, CAPS)).toEqual({ maxFeePerGas: 50n * GWEI, maxPriorityFeePerGas: 20n * GWEI });
});

test('nothing is signed where the price itself is above the cap', () => {
  const named = { maxFeePerGas: 1_001n * GWEI, maxPriorityFeePerGas: GWEI };
  expect(() => capFees(named, 0, CAPS)).toThrow(
    expect.objectContaining({
      code: 'l1/fee-too-high',
      expected: 'at most 1000 gwei for one unit of gas',
      actual: '1001 gwei',
      retryable: true,
    }),
  );
  expect(capFees(named, 0, toFeeCaps({ maxFeeGwei: 2_000 }))).toEqual(named);
});

test('no fees and no attempt make an offer above the caps, nor one whose parts do not fit each other', () => {
  const fee = fc.bigInt({ min: 0n, max: parseGwei('2000') });
  fc.assert(
    fc.property(fee, fee, fc.integer({ min: 0, max: 40 }), fee, fee, (base, tip, attempt, most, mostTip) => {
      const caps = { maxFeePerGas: most, maxPriorityFeePerGas: mostTip };
      const named = { maxFeePerGas: base + tip, maxPriorityFeePerGas: tip };
      const isAbove = base + tip > most && base + mostTip > most;
      if (isAbove) expect(() => capFees(named, attempt, caps)).toThrow('above the cap');
      else {
        const offered = capFees(named, attempt, caps);
        expect(offered.maxFeePerGas <= most && offered.maxPriorityFeePerGas <= mostTip).toBe(true);
        expect(offered.maxPriorityFeePerGas <= offered.maxFeePerGas).toBe(true);
      }
    }),
  );
});

let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil();
});
afterAll(() => anvil.close());

/** A node that answers as the true one does, except for what a block or a tip costs. */
async function lyingNode(lies: { readonly tip?: Hex; readonly baseFee?: Hex }) {
  const sent: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(anvil.url, { method: 'POST', headers, body: JSON.stringify(body) });
    const json = (await answer.json()) as { result?: { baseFeePerGas?: string } | string };
    if (body.method === 'eth_sendRawTransaction') sent.push(json.result as string);
    if (body.method === 'eth_maxPriorityFeePerGas' && lies.tip !== undefined) json.result = lies.tip;
    if (body.method === 'eth_getBlockByNumber' && lies.baseFee !== undefined && typeof json.result === 'object')
      json.result.baseFeePerGas = lies.baseFee;
    response.writeHead(200, headers).end(JSON.stringify(json));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = () => new Promise((resolve) => server.close(resolve).closeAllConnections());
  return { l1: withAccount(await connectL1(url), KEY), sent, close };
}

test('a node that lies about the tip gets the cap, one that lies about the price gets nothing', async () => {
  const transaction = { name: 'nothing', to: `0x${'aa'.repeat(20)}` as const, data: '0x' as const, gas: 21_000n };
  const greedy = await lyingNode({ tip: '0x38d7ea4c68000' });
  const nonce = await greedy.l1.client.getTransactionCount({ address: greedy.l1.address });
  const hash = (await submit(greedy.l1, transaction, nonce, 0)) as Hex;
  const { maxPriorityFeePerGas } = await greedy.l1.client.getTransaction({ hash });
  expect(maxPriorityFeePerGas).toBe(20n * GWEI);
  await greedy.close();
  const dear = await lyingNode({ baseFee: '0x38d7ea4c68000' });
  await expect(submit(dear.l1, transaction, nonce + 1, 0)).rejects.toMatchObject({ code: 'l1/fee-too-high' });
  expect(dear.sent).toEqual([]);
  await dear.close();
});
