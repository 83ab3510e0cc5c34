import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { createRpcClient } from '../service/http/client.ts';
import { startAnvil } from './anvil.ts';

afterEach(() => vi.unstubAllEnvs());

// Anvil's own default: states older than 500 blocks go to files of the home folder, gigabytes in an hour, and stay there
// if it is killed.
test('anvil writes nothing into the home folder, however many blocks there are', async () => {
  const home = await mkdtemp(join(tmpdir(), 'mizu-anvil-home-'));
  vi.stubEnv('HOME', home);
  const anvil = await startAnvil();
  try {
    const rpc = createRpcClient(anvil.url);
    await rpc('anvil_mine', ['0x320'], { attempts: 1, timeoutSeconds: 60 });
    expect(BigInt((await rpc('eth_blockNumber', [], { attempts: 1, timeoutSeconds: 10 })) as string)).toBe(800n);
    expect(filesIn(home)).toEqual([]);
  } finally {
    await anvil.close();
    await rm(home, { recursive: true });
  }
});

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}
