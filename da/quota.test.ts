// docs/da.md#quotas, #uploads, #full: whoever makes a member work has something to lose, or shares what is left.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { Address } from '../protocol/hex.ts';
import { objectRef } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { requestBytes } from '../service/http/client.ts';
import { createLogger } from '../service/process/log.ts';
import {
  askFor,
  askFrom,
  healthOf,
  inAnHour,
  memberBytes,
  memberKey,
  store,
  upload,
} from '../test/network/da-member.fixture.ts';
import { createDaNode, type DaNodeOptions } from './node.ts';
import { createStandings, type StandingSource } from './standing.ts';
import { accountOf } from './storage-request.ts';

const CONTRACT = '0x00000000000000000000000000000000000000da';
const domain = createDomain(31_337, CONTRACT);
const log = createLogger('test', 'silent');
const MIB = 2 ** 20;
const DAY = 24 * 3600;
const [STAKED, PAYING, GRANTED, STRANGER, OTHER] = [30, 31, 32, 33, 34].map((i) => accountOf(memberKey(i))) as [
  ReturnType<typeof accountOf>,
  ReturnType<typeof accountOf>,
  ReturnType<typeof accountOf>,
  ReturnType<typeof accountOf>,
  ReturnType<typeof accountOf>,
];
const standing: StandingSource = {
  isStaked: async (account) => account === STAKED.address.toLowerCase(),
  balanceWei: async (account) => (account === PAYING.address.toLowerCase() ? 2n * 10n ** 18n : 0n),
};
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<DaNodeOptions> = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'mizu-da-'));
  cleanups.push(() => rmSync(dataDir, { recursive: true, force: true }));
  const common = {
    dataDir,
    key: memberKey(0),
    port: 0,
    chainId: 31_337,
    contract: CONTRACT,
    epoch: 1n,
    log,
    standing,
  } as const;
  const node = await createDaNode({ spareBytes: 0, ...common, ...options });
  cleanups.push(() => node.close());
  return { ...node, dataDir, port: Number(new URL(node.url).port) };
}

test('each class has its quota, and strangers share one part of the member', async () => {
  const grants = [{ account: GRANTED.address.toLowerCase() as Address, bytes: 100_000 }];
  const { url } = await start({ capacityBytes: 16 * MIB, freeBytes: 600_000, bytesPerToken: MIB, grants });
  const put = (account: typeof STAKED, seed: number, length: number) =>
    store(url, domain, account, memberBytes(seed, length));
  await put(STRANGER, 1, 500_000);
  await expect(put(STRANGER, 2, 100_000)).rejects.toMatchObject({
    code: 'da/over-quota',
    expected: expect.stringContaining('at most 600000 bytes'),
    actual: expect.stringContaining('more asked for'),
    hint: expect.stringContaining('Deposit'),
  });
  await put(OTHER, 3, 500_000);
  // A sixteenth of 16 MiB is for all strangers together.
  await expect(put(accountOf(memberKey(99)), 4, 100_000)).rejects.toMatchObject({
    code: 'da/no-room',
    expected: 'at most 1048576 bytes',
    hint: expect.stringContaining('Deposit'),
  });
  // The same object again costs nothing.
  await put(accountOf(memberKey(98)), 3, 500_000);
  // Two tokens at 1 MiB each, besides what everybody has.
  await put(PAYING, 5, 2_500_000);
  await expect(put(PAYING, 6, 300_000)).rejects.toMatchObject({ code: 'da/over-quota' });
  await put(GRANTED, 7, 80_000);
  await expect(put(GRANTED, 8, 80_000)).rejects.toMatchObject({ code: 'da/over-quota' });
  await put(STAKED, 9, 4_000_000);
  await expect(put(STAKED, 10, 400_000)).rejects.toMatchObject({ code: 'da/over-quota' });
  expect((await healthOf(url)).objects).toBe(5);
});

test('many small objects are counted in blocks; what is refused leaves no charge', async () => {
  const { url } = await start({ freeBytes: 50_000 });
  const objects = Array.from({ length: 7 }, (_, i) => memberBytes(i, 1));
  await expect(askFor(url, domain, STRANGER, objects.map(objectRef))).rejects.toMatchObject({ code: 'da/over-quota' });
  for (const object of objects.slice(0, 5)) await store(url, domain, STRANGER, object);
  const wrong = objectRef(memberBytes(9, 100));
  for (let i = 0; i < 5; i++) {
    const { upload: id = '' } = await askFor(url, domain, STRANGER, [wrong]);
    await expect(upload(url, id, wrong.root, memberBytes(8, 100))).rejects.toMatchObject({ code: 'da/wrong-root' });
  }
  // More requests than there are ids at a time: those that are done make room.
  for (let i = 0; i < 70; i++) {
    const { upload: id = '' } = await askFor(url, domain, OTHER, [objectRef(memberBytes(i % 5, 1)), wrong]);
    await expect(upload(url, id, wrong.root, memberBytes(8, 100))).rejects.toMatchObject({ code: 'da/wrong-root' });
  }
  await store(url, domain, STRANGER, objects[5] as Uint8Array);
  await expect(store(url, domain, STRANGER, objects[6] as Uint8Array)).rejects.toMatchObject({ code: 'da/over-quota' });
});

test('without a stake nothing is promised for longer than 45 days', async () => {
  const { url } = await start();
  const in60Days = inAnHour() + BigInt(60 * DAY);
  await expect(store(url, domain, PAYING, memberBytes(1, 10), in60Days)).rejects.toMatchObject({
    code: 'da/bad-expiry',
    expected: expect.stringContaining(String(45 * DAY)),
  });
  await store(url, domain, STAKED, memberBytes(1, 10), in60Days);
});

test('slow uploads of strangers take none of the places of others, and of their own only as long as they are quick enough', async () => {
  const { url, port } = await start({ limits: { graceSeconds: 0.5, bytesPerSecond: 20_000 } });
  const slow: Socket[] = [];
  const answers: Promise<string>[] = [];
  const attack = async (localAddress: string, seed: number) => {
    const object = memberBytes(seed, 900_000);
    const id = await askFrom(localAddress, url, domain, accountOf(memberKey(100 + seed)), [objectRef(object)]);
    const socket = connect({ port, host: '127.0.0.1', localAddress });
    cleanups.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.write(
      `PUT /objects/${objectRef(object).root} HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\n` +
        `mizu-upload: ${id}\r\ncontent-length: 900000\r\n\r\n`,
    );
    slow.push(socket);
    answers.push(answerOf(socket));
  };
  for (let i = 0; i < 12; i++) await attack(`127.0.0.${2 + (i % 3)}`, i);
  const dripping = setInterval(() => {
    for (const socket of slow) if (!socket.destroyed) socket.write('x'.repeat(20));
  }, 10);
  cleanups.push(() => clearInterval(dripping));
  for (const [i, account] of [STAKED, PAYING, OTHER].entries())
    expect(await store(url, domain, account, memberBytes(50 + i, 300_000))).toMatch(/^0x/);
  const statuses = (await Promise.all(answers)).map((answer) => answer.slice(9, 12));
  // Each is cut off for its pace (408), or gave its place to an address that held less (429).
  expect(statuses.every((status) => status === '408' || status === '429')).toBe(true);
  expect(statuses.filter((status) => status === '408').length).toBeGreaterThanOrEqual(6);
  expect((await healthOf(url)).objects).toBe(3);
});

test('as many addresses as there are places, each with one upload that hardly moves, keep nobody out', async () => {
  const one = { total: 2, perPeer: 1 };
  const { url, port } = await start({ uploads: { staked: one, paying: one, free: one }, limits: { graceSeconds: 10 } });
  const ends: string[] = [];
  const open = new Set<Socket>();
  let isOn = true;
  const hold = async (localAddress: string, seed: number, onRead: () => void) => {
    const object = objectRef(memberBytes(seed, 900_000));
    const id = await askFrom(localAddress, url, domain, accountOf(memberKey(100 + seed)), [object]);
    while (isOn) {
      const socket = connect({ port, host: '127.0.0.1', localAddress });
      open.add(socket);
      socket.on('error', () => {});
      socket.on('data', (part: Buffer) => {
        if (part.toString().startsWith('HTTP/1.1 100')) onRead();
        if (/HTTP\/1\.1 [45]/.test(part.toString())) socket.end();
      });
      socket.write(
        `PUT /objects/${object.root} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n` +
          `content-type: application/octet-stream\r\nmizu-upload: ${id}\r\ncontent-length: 900000\r\n\r\n`,
      );
      const dripping = setInterval(() => socket.writable && socket.write('x'), 100);
      ends.push(await answerOf(socket));
      clearInterval(dripping);
      open.delete(socket);
    }
  };
  const holding: Promise<void>[] = [];
  cleanups.push(async () => {
    isOn = false;
    for (const socket of open) socket.destroy();
    await Promise.all(holding);
  });
  for (const [i, address] of ['127.0.0.2', '127.0.0.3'].entries())
    await new Promise<void>((resolve) => holding.push(hold(address, i, resolve)));
  for (let i = 0; i < 10; i++) expect(await store(url, domain, OTHER, memberBytes(50 + i, 50_000))).toMatch(/^0x/);
  const late = ends.filter((text) => text.includes('HTTP/1.1 408'));
  expect(late.length).toBeGreaterThanOrEqual(1);
  for (const text of late) {
    expect(text).toMatch(/\r\nconnection: close\r\n/i);
    expect(text).toContain('bytes a second after 1 s');
  }
  expect((await healthOf(url)).objects).toBe(10);
});

test('one account holds at most its share of the places, and is told', async () => {
  const uploads = {
    staked: { total: 4, perPeer: 2 },
    paying: { total: 4, perPeer: 2 },
    free: { total: 4, perPeer: 2 },
  };
  const { url, port } = await start({ uploads });
  const objects = [1, 2, 3].map((seed) => memberBytes(seed, 1000));
  const { upload: id = '' } = await askFor(url, domain, PAYING, objects.map(objectRef));
  const held = objects.slice(0, 2).map((object) => {
    const socket = connect({ port, host: '127.0.0.1' });
    cleanups.push(() => socket.destroy());
    socket.on('error', () => {});
    socket.write(
      `PUT /objects/${objectRef(object).root} HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\n` +
        `content-type: application/octet-stream\r\nmizu-upload: ${id}\r\ncontent-length: 1000\r\n\r\n`,
    );
    return socket;
  });
  await Promise.all(held.map((socket) => once(socket, 'data')));
  // Node.js says to continue before the member has looked at the request.
  const metrics = async () => Buffer.from((await requestBytes(`${url}/metrics`)).bytes).toString();
  await expect.poll(metrics, { timeout: 60_000 }).toMatch(/^mizu_da_uploads 2$/m);
  const third = objects[2] as Uint8Array;
  await expect(upload(url, id, objectRef(third).root, third)).rejects.toMatchObject({
    code: 'da/too-many',
    expected: expect.stringContaining('at most 2 of one, 4'),
    retryable: true,
  });
  for (const [i, socket] of held.entries()) socket.write(objects[i] as Uint8Array);
  expect((await upload(url, id, objectRef(third).root, third, 5)).status).toBe(201);
});

test('a disk that has no more than the spare room is not written to', async () => {
  const { url, dataDir } = await start({ spareBytes: 2 ** 50 });
  await expect(store(url, domain, STAKED, memberBytes(1, 1000))).rejects.toMatchObject({
    code: 'da/no-room',
    expected: expect.stringContaining('of the disk left free'),
    retryable: false,
  });
  expect(readdirSync(join(dataDir, 'objects', 'tmp'))).toEqual([]);
});

test.skipIf(!mayMount())(
  'a full disk: 507, nothing left behind, reads go on; with room again, writes too',
  async () => {
    const disk = mkdtempSync(join(tmpdir(), 'mizu-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'none', disk]);
    cleanups.push(() => {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    });
    const { url } = await start({ dataDir: join(disk, 'da') });
    const kept = memberBytes(1, 4 * MIB);
    await store(url, domain, STAKED, kept);
    // Another process fills the disk between the member's look at it and its write.
    const large = memberBytes(2, 5 * MIB);
    const { upload: id = '' } = await askFor(url, domain, STAKED, [objectRef(large)]);
    const filler = join(disk, 'filler');
    const statuses: number[] = [];
    for (const fill of [6 * MIB, 7.5 * MIB, 8 * MIB, 12 * MIB]) {
      fillUp(filler, fill);
      const answer = await fetch(`${url}/objects/${objectRef(large).root}`, {
        method: 'PUT',
        body: large as Uint8Array<ArrayBuffer>,
        headers: { 'content-type': 'application/octet-stream', 'mizu-upload': id },
      });
      statuses.push(answer.status);
      expect(await answer.json()).toMatchObject({ error: { code: 'da/no-room' } });
      expect(readdirSync(join(disk, 'da', 'objects', 'tmp'))).toEqual([]);
      const read = await requestBytes(`${url}/objects/${objectRef(kept).root}`);
      expect(Buffer.compare(read.bytes, kept)).toBe(0);
      await expect(store(url, domain, STAKED, memberBytes(3, 3 * MIB))).rejects.toMatchObject({ code: 'da/no-room' });
    }
    expect(statuses).toEqual([507, 507, 507, 507]);
    rmSync(filler);
    await store(url, domain, STAKED, large);
    expect((await healthOf(url)).objects).toBe(2);
  },
);

test('the capacity is the last limit, whoever asks', async () => {
  const { url } = await start({ capacityBytes: 20_000, grants: [{ account: GRANTED.address, bytes: 10 ** 9 }] });
  await store(url, domain, GRANTED, memberBytes(1, 11_000));
  await expect(store(url, domain, GRANTED, memberBytes(2, 9_001))).rejects.toMatchObject({
    code: 'da/no-room',
    expected: expect.stringContaining('at most 20000 bytes'),
  });
  const { root } = objectRef(memberBytes(1, 11_000));
  expect((await requestBytes(`${url}/objects/${root}`)).bytes.length).toBe(11_000);
});

test('the standing of an account: remembered a while, stakes through an outage, strangers never as anything else', async () => {
  let asked = 0;
  let isDown = false;
  const source: StandingSource = {
    isStaked: async (account) => {
      asked += 1;
      if (isDown) throw new Error('down');
      return account === '0xaa';
    },
    balanceWei: async () => 0n,
  };
  const standings = createStandings(source, log, (account) => account === '0xcc');
  expect((await standings('0xaa')).class).toBe('staked');
  expect((await standings('0xaa')).class).toBe('staked');
  expect(asked).toBe(1);
  expect((await standings('0xbb')).class).toBe('free');
  expect((await standings('0xcc')).class).toBe('staked');
  for (let i = 0; i < 6_000; i++) await standings(`0x${i}`);
  asked = 0;
  expect((await standings('0xaa')).class).toBe('staked');
  expect(asked).toBe(0);
  isDown = true;
  expect((await standings('0xdd')).class).toBe('free');
});

/** Writes zeros until so many bytes are there, or the disk is full. */
function fillUp(file: string, bytes: number): void {
  try {
    writeFileSync(file, new Uint8Array(bytes));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** A small disk needs a mount, which not every machine allows. */
function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    process.stderr.write('skipped: a full disk, since this user may not mount a tmpfs\n');
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function answerOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (part: Buffer) => {
    text += part.toString();
  });
  await closed(socket);
  return text;
}

/** Also of one that was reset. */
function closed(socket: Socket): Promise<void> {
  return socket.closed ? Promise.resolve() : new Promise((resolve) => void socket.once('close', () => resolve()));
}
