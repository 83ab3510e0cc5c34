// The services are real and on one port each, so that they can go away and come back.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDaNode, type DaNode } from '../../da/node.ts';
import type { ErrorCode } from '../../protocol/error-codes.ts';
import { MizuError } from '../../protocol/errors.ts';
import { objectRef } from '../../protocol/tree.ts';
import { jsonBody } from '../../service/http/body.ts';
import { createHttpApp, type HttpApp } from '../../service/http/http.ts';
import { createLogger } from '../../service/process/log.ts';
import { connectNetwork, type Network } from './network.ts';
import { type Outage, waitOut, withNewCommittee } from './patience.ts';
import { fromPrivateKey } from './signer.ts';

const CONTRACT = `0x${'22'.repeat(20)}` as const;
const log = createLogger('test', 'silent');

let folder: string;
let member: DaNode;
let sequencer: HttpApp;
let network: Network;
/** What the sequencer gives by path, each answer once. */
let given: Map<string, (number | Uint8Array)[]>;
let outages: Outage[];
let onOutage: (outage: Outage) => void;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mizu-network-'));
  given = new Map();
  outages = [];
  onOutage = () => undefined;
  member = await startMember(0);
  const rpcUrl = await startSequencer(0);
  const patience = {
    pauseMs: 10,
    onOutage: (outage: Outage) => {
      outages.push(outage);
      onOutage(outage);
    },
  };
  network = await connectNetwork({ rpcUrl, patience, signer: fromPrivateKey(`0x${'22'.repeat(32)}`) });
});
afterEach(async () => {
  await network.close();
  await sequencer.close();
  await member.close();
  await rm(folder, { recursive: true, force: true });
});

function startMember(port: number): Promise<DaNode> {
  const key = `0x${'11'.repeat(32)}` as const;
  return createDaNode({ dataDir: folder, key, port, chainId: 1, contract: CONTRACT, epoch: 1n, log });
}

async function startSequencer(port: number): Promise<string> {
  sequencer = createHttpApp({ log, health: () => ({}) });
  sequencer.app.post('/', jsonBody(1000), (request, response) => {
    const da = { members: [{ url: member.url, address: member.address }], epoch: 1, threshold: 1 };
    const result = { chainId: 1, contracts: { daCommittee: CONTRACT }, minGasPrice: '1', da };
    response.json({ jsonrpc: '2.0', id: request.body.id, result });
  });
  sequencer.app.get('/objects/:root', (request, response) => {
    const answer = given.get(request.path)?.shift() ?? 404;
    if (typeof answer === 'number') response.status(answer).end();
    else response.end(answer);
  });
  return sequencer.listen({ port });
}

const portOf = (url: string) => Number(new URL(url).port);

test('a call waits for a sequencer that restarts', async () => {
  await sequencer.close();
  let restarted: Promise<string> | undefined;
  onOutage = () => {
    restarted ??= startSequencer(portOf(network.rpcUrl));
  };
  expect(await network.rpc('mizu_chain')).toMatchObject({ chainId: 1 });
  await restarted;
  expect(outages[0]).toMatchObject({ service: network.rpcUrl, downSeconds: 0, error: { code: 'http/unreachable' } });
});

test('transfers wait for a committee that restarts; what nobody has is not waited for', async () => {
  const bytes = new TextEncoder().encode('rows');
  const { root } = objectRef(bytes);
  const port = portOf(member.url);
  let restarted: Promise<unknown> | undefined;
  onOutage = () => {
    restarted ??= startMember(port).then((started) => {
      member = started;
    });
  };
  await member.close();
  const { refs } = await network.da.put([bytes], { expiry: BigInt(Math.floor(Date.now() / 1000) + 3600) });
  expect(refs).toEqual([{ root, length: 4 }]);
  await restarted;
  restarted = undefined;
  await member.close();
  expect(await network.object(root, 4)).toEqual(bytes);
  await restarted;
  expect(outages.map(({ service }) => service)).toContain('the sequencer or the DA committee');
  outages.length = 0;
  await expect(network.object(`0x${'77'.repeat(32)}`)).rejects.toMatchObject({ code: 'da/unavailable' });
  expect(outages).toEqual([]);
});

test('what the sequencer alone has is waited for while it restarts or is busy, though all members say they lack it', async () => {
  const bytes = new TextEncoder().encode('what a program gave');
  const { root } = objectRef(bytes);
  const path = `/objects/${root}`;
  given.set(path, [bytes]);
  await sequencer.close();
  let restarted: Promise<string> | undefined;
  onOutage = () => {
    restarted ??= startSequencer(portOf(network.rpcUrl));
  };
  expect(await network.object(root, bytes.length)).toEqual(bytes);
  await restarted;
  expect(outages[0]).toMatchObject({ error: { code: 'da/unavailable', cause: { code: 'http/unreachable' } } });
  for (const busy of [408, 429, 500, 503]) {
    outages.length = 0;
    given.set(path, [busy, busy, bytes]);
    expect(await network.object(root, bytes.length), String(busy)).toEqual(bytes);
    expect(outages.map(({ error }) => (error.cause as MizuError).code)).toEqual(
      Array.from({ length: 2 }, () => `http/status-${busy}`),
    );
  }
  // Bytes of another root, a refusal and a lack are answers: nothing gets better.
  outages.length = 0;
  for (const answer of [new TextEncoder().encode('another'), 400, 404]) {
    given.set(path, [answer, bytes]);
    await expect(network.object(root, bytes.length)).rejects.toMatchObject({ code: 'da/unavailable' });
  }
  expect(outages).toEqual([]);
});

test('a refused certificate is asked for again, three times at most; other refusals are final', async () => {
  const codes: ErrorCode[] = ['message/bad-certificate', 'message/bad-certificate'];
  let sent = 0;
  const send = async () => {
    sent += 1;
    const code = codes.shift();
    if (code !== undefined) throw new MizuError({ code, message: 'refused' });
    return sent;
  };
  expect(await withNewCommittee(send, 1)).toBe(3);
  codes.push('message/nonce-used');
  await expect(withNewCommittee(send, 1)).rejects.toMatchObject({ code: 'message/nonce-used' });
  codes.push('message/bad-certificate', 'message/bad-certificate', 'message/bad-certificate');
  await expect(withNewCommittee(send, 1)).rejects.toMatchObject({ code: 'message/bad-certificate' });
  expect(sent).toBe(7);
});

test('patience ends with its time, with a refusal for good, and with the signal', async () => {
  const fail = (retryable: boolean) => async () => {
    throw new MizuError({ code: 'http/unreachable', message: 'down', retryable });
  };
  const seen: number[] = [];
  const patience = { limitSeconds: 0.05, pauseMs: 20, onOutage: ({ downSeconds }: Outage) => seen.push(downSeconds) };
  await expect(waitOut('it', fail(true), patience)).rejects.toMatchObject({ code: 'http/unreachable' });
  expect(seen.length).toBeGreaterThan(0);
  seen.length = 0;
  await expect(waitOut('it', fail(false), patience)).rejects.toMatchObject({ code: 'http/unreachable' });
  expect(seen).toEqual([]);
  const stop = new AbortController();
  const stopping = { ...patience, limitSeconds: 60, onOutage: () => stop.abort() };
  await expect(waitOut('it', fail(true), stopping, stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
});
