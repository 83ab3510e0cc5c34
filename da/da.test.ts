// docs/da.md: quorum, members that are dead, slow or lie, and what a member refuses.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, expect, test } from 'vitest';
import type { Hex } from '../protocol/hex.ts';
import { objectRef, objectRoot } from '../protocol/tree.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { requestBytes } from '../service/http/client.ts';
import { startChild } from '../service/process/child.ts';
import { createLogger } from '../service/process/log.ts';
import { createMemoryObjects } from '../service/storage/objects.ts';
import { askFor, inAnHour, memberBytes, memberKey, store, upload } from '../test/network/da-member.fixture.ts';
import { signerOfCertificate } from './certify.ts';
import { createDaClient } from './client.ts';
import { fixedCommittee } from './committee.ts';
import { hashInPieces } from './hash.ts';
import { createDaNode, type DaNode } from './node.ts';
import { createObjectSource } from './object-source.ts';
import { accountOf, signRequest } from './storage-request.ts';

const CONTRACT = '0x00000000000000000000000000000000000000da';
const CHAIN_ID = 31337;
const domain = createDomain(CHAIN_ID, CONTRACT);
const USER = accountOf(memberKey(20));
const log = createLogger('test', 'silent');
const cleanups: (() => Promise<unknown> | unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

test('a quorum of four members signs for two objects, and any member gives them back', async () => {
  const nodes = await startNodes(4);
  const client = clientOf(nodes);
  const objects = [memberBytes(1, 1000), memberBytes(2, 70_000)];
  const expiry = inAnHour();
  const { refs, certificate } = await client.put(objects, { expiry });
  expect(refs).toEqual(objects.map(objectRef));
  expect(certificate.signatures).toHaveLength(3);
  expect(await signersOf(certificate, refs, nodes)).toBe(true);
  await client.close();
  for (const node of nodes)
    expect((await requestBytes(`${node.url}/objects/${refs[1]!.root}`)).bytes).toEqual(objects[1]);
});

test('only what is missing is sent', async () => {
  const nodes = await startNodes(3);
  const client = clientOf(nodes, 3);
  const objects = Array.from({ length: 10 }, (_, i) => memberBytes(i, 300));
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
  const object = memberBytes(7, 5000);
  const { refs } = await client.put([object], { expiry: inAnHour() });
  const slow = clientOf([{ url: silent, address: nodes[3]!.address }, ...nodes.slice(1)], 3);
  expect(await slow.get(refs[0]!.root)).toEqual(object);
  await nodes[1]!.close();
  await expect(client.put([memberBytes(8, 10)], { expiry: inAnHour() })).rejects.toMatchObject({
    code: 'da/no-quorum',
    retryable: true,
  });
});

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
  const members = [{ url: liar, address: privateKeyToAccount(memberKey(9)).address }, ...nodes];
  const client = createDaClient({
    committee: fixedCommittee({ members, threshold: 3, epoch: 1n }),
    domain,
    account: USER,
    log: watching,
  });
  const object = memberBytes(3, 4000);
  const { refs, certificate } = await client.put([object], { expiry: inAnHour() });
  expect(certificate.signers).toBe(0b1110n);
  for (let i = 0; i < 4; i++) expect(await client.get(refs[0]!.root)).toEqual(object);
  expect(new Set(faults)).toEqual(new Set(['da/member-lies']));
  await client.close();
});

test('a member refuses what nobody signed for, a wrong root or length, a bad expiry', async () => {
  const [node] = await startNodes(1, { objectBytes: 1000 });
  const url = node!.url;
  const [object, other] = [memberBytes(1, 10), memberBytes(2, 10)];
  const ref = objectRef(object);
  const ask = (objects = [ref], changes = {}) => askFor(url, domain, USER, objects, changes);
  await expect(requestBytes(`${url}/objects/${ref.root}`, { method: 'PUT', body: object })).rejects.toMatchObject({
    code: 'da/unsigned',
    actual: 'no such header',
  });
  const { missing, upload: first = '' } = await ask();
  expect([missing, first]).toEqual([[ref.root], expect.stringMatching(/^0x[0-9a-f]{32}$/)]);
  await expect(upload(url, first, ref.root, other)).rejects.toMatchObject({
    code: 'da/wrong-root',
    expected: ref.root,
  });
  // Who has sent other bytes asks again.
  await expect(upload(url, first, ref.root, object)).rejects.toMatchObject({ code: 'da/unsigned' });
  const { upload: id = '' } = await ask([ref, objectRef(memberBytes(3, 10))]);
  await expect(upload(url, id, '0x12', object)).rejects.toMatchObject({ code: 'objects/bad-root' });
  await expect(upload(url, id, objectRef(other).root, other)).rejects.toMatchObject({ code: 'da/unsigned' });
  await expect(upload(url, id, ref.root, memberBytes(1, 11))).rejects.toMatchObject({
    code: 'da/wrong-length',
    expected: 'content-length: 10',
  });
  await expect(ask([objectRef(memberBytes(1, 1001))])).rejects.toMatchObject({
    code: 'da/too-large',
    expected: 'at most 1000 bytes',
  });
  expect((await upload(url, id, ref.root, object)).status).toBe(201);
  expect((await upload(url, id, ref.root, object)).status).toBe(200);
  expect((await ask()).signature).toMatch(/^0x[0-9a-f]{130}$/);
  await expect(ask([ref], { expiry: 5n })).rejects.toMatchObject({ code: 'da/bad-expiry' });
  await expect(ask([ref], { expiry: inAnHour() + 60n })).rejects.toMatchObject({ code: 'da/bad-signature' });
  await expect(ask([ref], { account: memberKey(3).slice(0, 42) as Hex })).rejects.toMatchObject({
    code: 'da/bad-signature',
  });
  await expect(ask([ref], { until: 5n })).rejects.toMatchObject({ code: 'da/bad-until' });
  await expect(ask([], {})).rejects.toMatchObject({ code: 'da/bad-request' });
  await expect(requestBytes(`${url}/objects/${objectRef(memberBytes(5, 5)).root}`)).rejects.toMatchObject({
    code: 'objects/not-found',
  });
});

test('a signature with its s turned is no signature', async () => {
  const [node] = await startNodes(1);
  const ref = objectRef(memberBytes(1, 10));
  const { signature } = await signRequest(USER, domain, [ref], inAnHour());
  const s =
    0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n - BigInt(`0x${signature.slice(66, 130)}`);
  const v = signature.endsWith('1b') ? '1c' : '1b';
  const turned = `${signature.slice(0, 66)}${s.toString(16).padStart(64, '0')}${v}` as Hex;
  await expect(askFor(node!.url, domain, USER, [ref], { signature: turned })).rejects.toMatchObject({
    code: 'da/bad-signature',
    actual: 'no signature',
  });
});

test('ranges of an object, and a head request', async () => {
  const [node] = await startNodes(1);
  const object = memberBytes(4, 1000);
  const { root } = objectRef(object);
  await store(node!.url, domain, USER, object);
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
  const object = memberBytes(6, 50_000);
  const ref = objectRef(object);
  const first = await spawnNode(dataDir);
  const { upload: id = '' } = await askFor(first.url, domain, USER, [ref]);
  await upload(first.url, id, ref.root, object);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const second = await spawnNode(dataDir);
  expect((await askFor(second.url, domain, USER, [ref])).signature).toMatch(/^0x[0-9a-f]{130}$/);
  expect((await requestBytes(`${second.url}/objects/${ref.root}`)).bytes).toEqual(object);
});

test('a member that has forgotten a request, since it was started again, is asked again', async () => {
  const [node] = await startNodes(1);
  let forgets = 1;
  const between = await startServer(async (request, respond, { body, headers }) => {
    const [method, path] = request.split(' ') as ['POST' | 'PUT', string];
    if (method === 'PUT' && forgets-- > 0) headers['mizu-upload'] = `0x${'00'.repeat(16)}`;
    const { 'content-type': type = '', 'mizu-upload': id = '' } = headers as Record<string, string>;
    const sent = { method, body, headers: { 'content-type': type, 'mizu-upload': id } };
    const answer = await fetch(`${node!.url}${path}`, sent as RequestInit);
    respond(answer.status, await answer.text());
  });
  const client = clientOf([{ url: between, address: node!.address }], 1);
  const { certificate } = await client.put([memberBytes(1, 5000)], { expiry: inAnHour() });
  expect([certificate.signers, forgets]).toEqual([1n, -1]);
});

test('the root in pieces is the root', async () => {
  for (const length of [0, 1, 128, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 20, 5 * 2 ** 20 - 77, 2 ** 23]) {
    const object = new Uint8Array(length).map((_, i) => i % 253);
    expect(await hashInPieces(object)).toBe(objectRoot(object));
  }
});

test('an object source fetches once, verifies, keeps', async () => {
  const nodes = await startNodes(3);
  const client = clientOf(nodes, 3);
  const { refs } = await client.put([memberBytes(1, 100)], { expiry: inAnHour() });
  const local = createMemoryObjects();
  const source = createObjectSource(local, client);
  const [a, b] = await Promise.all([source.get(refs[0]!.root), source.get(refs[0]!.root)]);
  expect(a).toBe(b);
  expect(local.getSync(refs[0]!.root)).toEqual(memberBytes(1, 100));
  expect(await source.get(objectRef(memberBytes(2, 2)).root)).toBeUndefined();
  await client.close();
});

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
      key: memberKey(i),
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
  const client = createDaClient({
    committee: fixedCommittee({ members, threshold, epoch: 1n }),
    domain,
    account: USER,
    log,
  });
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
  answer: (
    request: string,
    respond: (status: number, body: string) => void,
    got: { body: Buffer; headers: IncomingHttpHeaders },
  ) => void,
): Promise<string> {
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const respond = (status: number, body: string) => response.writeHead(status).end(body);
    answer(`${request.method} ${request.url}`, respond, { body: Buffer.concat(parts), headers: request.headers });
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
    const node = await createDaNode({ dataDir: ${JSON.stringify(dataDir)}, key: '${memberKey(0)}', port: 0, chainId: ${CHAIN_ID}, contract: '${CONTRACT}', epoch: 1n });
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
