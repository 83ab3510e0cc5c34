// docs/da.md: quorum, members that are dead, slow or lie, and what a member refuses.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, expect, test } from 'vitest';
import type { Hex } from '../protocol/hex.ts';
import { objectRef } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { startChild } from '../service/child.ts';
import { requestBytes, requestJson } from '../service/client.ts';
import { createLogger } from '../service/log.ts';
import { createMemoryObjects } from '../service/objects.ts';
import { signerOfCertificate } from './certify.ts';
import { createDaClient } from './client.ts';
import { fixedCommittee } from './committee.ts';
import { createDaNode, type DaNode } from './node.ts';
import { createObjectSource } from './object-source.ts';

const CONTRACT = '0x00000000000000000000000000000000000000da';
const CHAIN_ID = 31337;
const domain = createDomain(CHAIN_ID, CONTRACT);
const log = createLogger('test', 'silent');
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a quorum of four members signs for two objects, and any member gives them back', async () => {
  const nodes = await startNodes(4);
  const client = clientOf(nodes);
  const objects = [bytes(1, 1000), bytes(2, 70_000)];
  const expiry = inAnHour();
  const { refs, certificate } = await client.put(objects, { expiry });
  expect(refs).toEqual(objects.map(objectRef));
  expect(certificate.signatures).toHaveLength(3);
  expect(await signersOf(certificate, refs, nodes)).toBe(true);
  await client.close();
  for (const node of nodes)
    expect((await requestBytes(`${node.url}/objects/${refs[1]!.root}`)).bytes).toEqual(objects[1]);
});

test('more objects than are sent unasked: only what is missing is sent', async () => {
  const nodes = await startNodes(3);
  const client = clientOf(nodes, 3);
  const objects = Array.from({ length: 10 }, (_, i) => bytes(i, 300));
  await client.put(objects.slice(0, 4), { expiry: inAnHour() });
  const { refs } = await client.put(objects, { expiry: inAnHour() });
  const certificate = await client.certify(refs, inAnHour());
  expect(certificate.signers).toBe(0b111n);
});

test('one dead and one slow member of four are survived; two dead are no quorum', async () => {
  const nodes = await startNodes(4);
  const silent = await startServer(() => {});
  await nodes[0]!.close();
  const client = clientOf(nodes);
  const object = bytes(7, 5000);
  const { refs } = await client.put([object], { expiry: inAnHour() });
  const slow = clientOf([{ url: silent, address: nodes[3]!.address }, ...nodes.slice(1)], 3);
  expect(await slow.get(refs[0]!.root)).toEqual(object);
  await nodes[1]!.close();
  await expect(client.put([bytes(8, 10)], { expiry: inAnHour() })).rejects.toMatchObject({
    code: 'da/no-quorum',
    retryable: true,
  });
}, 30_000);

test('wrong bytes and a wrong signature of a lying member are refused', async () => {
  const nodes = await startNodes(3);
  const liar = await startServer((request, respond) => {
    if (request === 'POST /certificates')
      respond(200, JSON.stringify({ signature: `0x${'11'.repeat(64)}1b`, epoch: 1 }));
    else respond(200, 'not the bytes');
  });
  const faults: string[] = [];
  const watching = Object.assign(createLogger('test', 'silent'), {
    warn: (fields: { err: { code: string } }) => faults.push(fields.err.code),
  });
  const members = [{ url: liar, address: privateKeyToAccount(keyOf(9)).address }, ...nodes];
  const client = createDaClient({
    committee: fixedCommittee({ members, threshold: 3, epoch: 1n }),
    domain,
    log: watching,
  });
  const object = bytes(3, 4000);
  const { refs, certificate } = await client.put([object], { expiry: inAnHour() });
  expect(certificate.signers).toBe(0b1110n);
  for (let i = 0; i < 4; i++) expect(await client.get(refs[0]!.root)).toEqual(object);
  expect(new Set(faults)).toEqual(new Set(['da/member-lies']));
  await client.close();
});

test('a member refuses a wrong root, an oversized object, a bad expiry, unknown objects', async () => {
  const [node] = await startNodes(1, { objectBytes: 1000 });
  const url = node!.url;
  const put = (root: string, body: Uint8Array) => requestBytes(`${url}/objects/${root}`, { method: 'PUT', body });
  const { root, length } = objectRef(bytes(1, 10));
  await expect(put(root, bytes(2, 10))).rejects.toMatchObject({ code: 'da/wrong-root', expected: root });
  await expect(put('0x12', bytes(2, 10))).rejects.toMatchObject({ code: 'objects/bad-root' });
  await expect(put(objectRef(bytes(1, 1001)).root, bytes(1, 1001))).rejects.toMatchObject({
    code: 'http/too-large',
    expected: 'at most 1000 bytes',
  });
  expect((await put(root, bytes(1, 10))).status).toBe(201);
  expect((await put(root, bytes(1, 10))).status).toBe(200);
  const ask = (body: unknown) => requestJson(`${url}/certificates`, { method: 'POST', body });
  await expect(ask({ objects: [{ root, length }], expiry: 5 })).rejects.toMatchObject({ code: 'da/bad-expiry' });
  await expect(ask({ objects: [{ root, length: 11 }], expiry: Number(inAnHour()) })).rejects.toMatchObject({
    code: 'da/missing',
  });
  await expect(ask({ objects: [], expiry: 5 })).rejects.toMatchObject({ code: 'da/bad-request' });
  await expect(requestBytes(`${url}/objects/${objectRef(bytes(5, 5)).root}`)).rejects.toMatchObject({
    code: 'objects/not-found',
  });
});

test('ranges of an object, and a head request', async () => {
  const [node] = await startNodes(1);
  const object = bytes(4, 1000);
  const { root } = objectRef(object);
  await requestBytes(`${node!.url}/objects/${root}`, { method: 'PUT', body: object });
  const part = await requestBytes(`${node!.url}/objects/${root}`, { headers: { range: 'bytes=100-199' } });
  expect(part.status).toBe(206);
  expect(part.bytes).toEqual(object.slice(100, 200));
  const tail = await requestBytes(`${node!.url}/objects/${root}`, { headers: { range: 'bytes=-10' } });
  expect(tail.headers['content-range']).toBe('bytes 990-999/1000');
  const head = await requestBytes(`${node!.url}/objects/${root}`, { method: 'HEAD' });
  expect(head.headers['content-length']).toBe('1000');
  await expect(
    requestBytes(`${node!.url}/objects/${root}`, { headers: { range: 'bytes=1000-' } }),
  ).rejects.toMatchObject({ code: 'http/status-416' });
});

test('what was stored before a kill -9 is there after it, and is signed for', async () => {
  const dataDir = temporaryFolder();
  const object = bytes(6, 50_000);
  const { root, length } = objectRef(object);
  const first = await spawnNode(dataDir);
  await requestBytes(`${first.url}/objects/${root}`, { method: 'PUT', body: object });
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await spawnNode(dataDir);
  const signed = await requestJson<{ signature: Hex }>(`${second.url}/certificates`, {
    method: 'POST',
    body: { objects: [{ root, length }], expiry: Number(inAnHour()) },
  });
  expect(signed.signature).toMatch(/^0x[0-9a-f]{130}$/);
  expect((await requestBytes(`${second.url}/objects/${root}`)).bytes).toEqual(object);
});

test('an object source fetches once, verifies, keeps', async () => {
  const nodes = await startNodes(3);
  const client = clientOf(nodes, 3);
  const { refs } = await client.put([bytes(1, 100)], { expiry: inAnHour() });
  const local = createMemoryObjects();
  const source = createObjectSource(local, client);
  const [a, b] = await Promise.all([source.get(refs[0]!.root), source.get(refs[0]!.root)]);
  expect(a).toBe(b);
  expect(local.getSync(refs[0]!.root)).toEqual(bytes(1, 100));
  expect(await source.get(objectRef(bytes(2, 2)).root)).toBeUndefined();
  await client.close();
});

function bytes(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed * 13) % 251);
}

function keyOf(i: number): Hex {
  return `0x${(i + 1).toString(16).padStart(64, '0')}`;
}

function inAnHour(): bigint {
  return BigInt(Math.floor(Date.now() / 1000) + 3600);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-da-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function startNodes(count: number, limits: { objectBytes?: number } = {}): Promise<DaNode[]> {
  const nodes: DaNode[] = [];
  for (let i = 0; i < count; i++) {
    const dataDir = temporaryFolder();
    const node = await createDaNode({
      dataDir,
      key: keyOf(i),
      port: 0,
      chainId: CHAIN_ID,
      contract: CONTRACT,
      epoch: 1n,
      log,
      ...limits,
    });
    nodes.push(node);
    cleanups.push(() => node.close());
  }
  return nodes;
}

function clientOf(members: readonly { url: string; address: Hex }[], threshold = 3) {
  const client = createDaClient({ committee: fixedCommittee({ members, threshold, epoch: 1n }), domain, log });
  cleanups.push(() => client.close());
  return client;
}

async function signersOf(
  certificate: { signers: bigint; signatures: readonly Hex[]; expiry: bigint },
  objects: readonly { root: Hex; length: number }[],
  nodes: readonly DaNode[],
): Promise<boolean> {
  const chosen = nodes.filter((_, i) => (certificate.signers >> BigInt(i)) & 1n);
  const promised = { epoch: 1n, objects, expiry: certificate.expiry };
  const found = await Promise.all(
    certificate.signatures.map((signature) => signerOfCertificate(domain, promised, signature)),
  );
  return chosen.length === found.length && chosen.every((node, i) => node.address.toLowerCase() === found[i]);
}

async function startServer(
  answer: (request: string, respond: (status: number, body: string) => void) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    answer(`${request.method} ${request.url}`, (status, body) => response.writeHead(status).end(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function spawnNode(dataDir: string) {
  const program = `
    import { createDaNode } from ${JSON.stringify(new URL('./node.ts', import.meta.url).href)};
    const node = await createDaNode({ dataDir: ${JSON.stringify(dataDir)}, key: '${keyOf(0)}', port: 0, chainId: 1, contract: '${CONTRACT}', epoch: 1n });
    process.stdout.write(node.url + '\\n');`;
  const loader = new URL('../scripts/ts.mjs', import.meta.url).href;
  const child = startChild(process.execPath, ['--import', loader, '--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, MIZU_LOG: 'silent' },
  });
  cleanups.push(() => child.kill('SIGKILL'));
  const [url] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, url: url.toString().trim() };
}
