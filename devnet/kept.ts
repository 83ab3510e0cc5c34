// docs/operations.md#keep: a devnet that goes on after a restart: what is kept of its L1, beside the data of the
// processes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { MizuError } from '../protocol/errors.ts';
import type { Hex } from '../protocol/hex.ts';
import { createRpcClient, type RpcClient } from '../service/http/client.ts';
import type { DevnetChain } from './chain.ts';

export type Kept = {
  readonly chain: Omit<DevnetChain, 'l1Url'>;
  /** Hash of the block of the first contract. */
  readonly origin: Hex;
  /** Names of the models that are registered on L1. */
  readonly models: readonly string[];
};

export type Keeper = {
  /** To be called for each block. */
  block(isBusy: boolean): void;
  /**
   * Saves L1 once more, and then no more.
   * @throws MizuError if L1 does not answer
   */
  close(): Promise<void>;
};

const NETWORK_FILE = 'network.json';
const L1_FILE = 'l1-state.gz';
const VERSION = 2;
/** Blocks between two saves while nothing happens; followers can take back 256 blocks (docs/operations.md#l1). */
const IDLE_BLOCKS = 100;
/** Between two saves there is so many times the duration of a save: saving takes a twentieth of the time at most. */
const SHARE = 20;
const LONGEST_MS = 60_000;
/** The most bytes of a saved L1. A block takes some 360 bytes as anvil packs it. */
const MAX_STATE_BYTES = 1024 * 1024 * 1024;
const DUMP_SECONDS = 120;

/**
 * Undefined if no network was kept in this folder.
 * @throws MizuError `devnet/bad-keep` if its files cannot be read
 */
export function readKeptNetwork(folder: string): Kept | undefined {
  const file = join(folder, NETWORK_FILE);
  if (!existsSync(file)) return undefined;
  try {
    const { version, chain, origin, models } = JSON.parse(readFileSync(file, 'utf8'));
    if (version !== VERSION || !Array.isArray(models) || !existsSync(join(folder, L1_FILE))) throw new Error('another');
    const { fromBlock, epoch, genesis } = chain;
    const { minGasPrice, retention, committeeOverlap, committee } = genesis;
    const revived = {
      ...genesis,
      minGasPrice: BigInt(minGasPrice),
      retention: BigInt(retention),
      committeeOverlap: BigInt(committeeOverlap),
      committee: { ...committee, epoch: BigInt(committee.epoch) },
    };
    return {
      chain: { ...chain, fromBlock: BigInt(fromBlock), epoch: BigInt(epoch), genesis: revived },
      origin,
      models,
    };
  } catch (cause) {
    throw badKeep(folder, `${NETWORK_FILE} of another version, or damaged`, cause);
  }
}

/** Called for a new network when its contracts are there: from now on a restart can go on with it. */
export async function writeKept(folder: string, { chain, models }: Omit<Kept, 'origin'>, l1Url: string): Promise<void> {
  const rpc = createRpcClient(l1Url);
  const origin = await blockHash(rpc, chain.fromBlock);
  await saveL1(rpc, join(folder, L1_FILE));
  const { l1Url: _, ...rest } = chain as DevnetChain;
  const text = JSON.stringify({ version: VERSION, chain: rest, origin, models }, (_key, value) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  writeFileSync(join(folder, NETWORK_FILE), `${text}\n`, { mode: 0o600 });
}

/** Writes a file from which anvil loads the L1. */
export async function unpackL1(folder: string): Promise<string> {
  const file = join(folder, 'l1-state.json');
  try {
    const state = await promisify(gunzip)(readFileSync(join(folder, L1_FILE)), { maxOutputLength: MAX_STATE_BYTES });
    writeFileSync(file, state, { mode: 0o600 });
  } catch (cause) {
    throw badKeep(folder, `${L1_FILE}: ${(cause as Error).message}`, cause);
  }
  return file;
}

/**
 * Checks that L1 is the one on which the network was made.
 * @throws MizuError `devnet/bad-keep` if it is not
 */
export async function assertKept(folder: string, kept: Kept, l1Url: string): Promise<void> {
  await rm(join(folder, 'l1-state.json'), { force: true });
  const hash = await blockHash(createRpcClient(l1Url), kept.chain.fromBlock);
  if (hash !== kept.origin) throw badKeep(folder, `L1 with block ${kept.chain.fromBlock} ${hash}, not ${kept.origin}`);
}

/**
 * Saves L1 after each block with transactions, and after many without. `onFailure` is called for a save that has
 * failed; the next one may succeed.
 */
export function keepL1(folder: string, l1Url: string, onFailure: (error: unknown) => void): Keeper {
  const rpc = createRpcClient(l1Url);
  let idleBlocks = 0;
  let isDue = false;
  let restUntil = 0;
  let timer: NodeJS.Timeout | undefined;
  let saving: Promise<void> | undefined;
  const save = async (): Promise<void> => {
    [isDue, idleBlocks] = [false, 0];
    const began = Date.now();
    await saveL1(rpc, join(folder, L1_FILE)).catch(onFailure);
    const endedAt = Date.now();
    restUntil = endedAt + Math.min(LONGEST_MS, SHARE * (endedAt - began));
  };
  const next = (): void => {
    if (!isDue || saving !== undefined || timer !== undefined) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        saving = save().finally(() => {
          saving = undefined;
          next();
        });
      },
      Math.max(0, restUntil - Date.now()),
    );
  };
  return {
    block(isBusy) {
      idleBlocks += 1;
      if (!isBusy && idleBlocks < IDLE_BLOCKS) return;
      isDue = true;
      next();
    },
    async close() {
      clearTimeout(timer);
      isDue = false;
      await saving;
      await saveL1(rpc, join(folder, L1_FILE));
    },
  };
}

// The file is replaced as a whole: if the machine goes down in between, the one before is still there.
async function saveL1(rpc: RpcClient, file: string): Promise<void> {
  const dump = (await rpc('anvil_dumpState', [], {
    timeoutSeconds: DUMP_SECONDS,
    attempts: 1,
    limitBytes: MAX_STATE_BYTES,
  })) as Hex;
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.part`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(Buffer.from(dump.slice(2), 'hex'));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}

async function blockHash(rpc: RpcClient, number: bigint): Promise<Hex> {
  const block = (await rpc('eth_getBlockByNumber', [`0x${number.toString(16)}`, false])) as { hash: Hex } | null;
  return block?.hash ?? '0x';
}

function badKeep(folder: string, actual: string, cause?: unknown): MizuError {
  return new MizuError({
    code: 'devnet/bad-keep',
    message: `The network that was kept in ${folder} cannot be continued.`,
    expected: `${NETWORK_FILE} and ${L1_FILE} as this version of MIZU writes them`,
    actual,
    hint: `Delete the folder ${folder}, and start a new network. Datasets that were fetched are elsewhere and stay.`,
    cause,
  });
}
