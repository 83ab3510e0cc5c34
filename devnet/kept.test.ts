import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createRpcClient, type RpcClient } from '../service/http/client.ts';
import { startAnvil } from './anvil.ts';
import type { DevnetChain } from './chain.ts';
import { watchL1 } from './heads.ts';
import { assertKept, keepL1, readKeptNetwork, unpackL1, writeKept } from './kept.ts';

const SENDER = '0x70997970c51812dc3a010c7d01b50e0d17dc79c8';
const genesis = {
  chainId: 31337,
  minGasPrice: 10n ** 9n,
  retention: 5n,
  committeeOverlap: 6n,
  committee: { epoch: 0n, threshold: 1, members: [SENDER] },
};
const chain = { chainId: 31337, fromBlock: 1n, epoch: 1n, genesis } as unknown as DevnetChain;
const failed = (error: unknown) => expect(error).toBeUndefined();

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-kept-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const send = (rpc: RpcClient) => rpc('eth_sendTransaction', [{ from: SENDER, to: SENDER, gas: '0x5208' }]);
const blocks = (rpc: RpcClient) => Promise.all([0, 1, 2, 3].map((n) => rpc('eth_getBlockByNumber', [`0x${n}`, false])));

test('an L1 that is killed is gone on with from its last block with a transaction, and told from another one', async () => {
  expect(readKeptNetwork(folder)).toBeUndefined();
  const first = await startAnvil();
  const rpc = createRpcClient(first.url);
  await rpc('evm_mine', []);
  await writeKept(folder, { chain: { ...chain, l1Url: first.url } as DevnetChain, models: ['a'] }, first.url);
  const told: boolean[] = [];
  let pending = 0;
  const keeper = keepL1(folder, first.url, failed);
  const heads = await watchL1(first.url, {
    onBlock: (isBusy) => {
      told.push(isBusy);
      keeper.block(isBusy);
    },
    onPending: () => {
      pending += 1;
    },
    onLost: () => undefined,
  });
  await send(rpc);
  await rpc('evm_mine', []);
  await send(rpc);
  await vi.waitFor(() => expect([told, pending]).toEqual([[true, false, true], 2]), { timeout: 60_000 });
  const before = await blocks(rpc);
  heads.close();
  await keeper.close();
  await first.close();

  const kept = readKeptNetwork(folder);
  expect(kept).toMatchObject({ models: ['a'], chain: { ...chain, genesis } });
  expect(kept?.chain).not.toHaveProperty('l1Url');
  const second = await startAnvil({ stateFile: await unpackL1(folder) });
  const again = createRpcClient(second.url);
  await assertKept(folder, kept!, second.url);
  expect((await readdir(folder)).sort()).toEqual(['l1-state.gz', 'network.json']);
  expect(await blocks(again)).toEqual(before);
  expect(await again('eth_getTransactionCount', [SENDER, 'latest'])).toBe('0x2');
  await second.close();

  // With a transaction: its first block must differ from the other's also if both are of the same second.
  const other = await startAnvil();
  await send(createRpcClient(other.url));
  await expect(assertKept(folder, kept!, other.url)).rejects.toMatchObject({ code: 'devnet/bad-keep' });
  await other.close();
});

test('what is damaged is refused with what to do', async () => {
  await writeFile(join(folder, 'l1-state.gz'), 'nothing');
  await expect(unpackL1(folder)).rejects.toMatchObject({ code: 'devnet/bad-keep' });
  await writeFile(join(folder, 'network.json'), '{"version":3}');
  expect(() => readKeptNetwork(folder)).toThrow(expect.objectContaining({ hint: expect.stringContaining(folder) }));
});
