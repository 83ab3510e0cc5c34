// docs/edge.md#admission: whom a gateway refuses, and whom it cuts off.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Hex } from '../../protocol/hex.ts';
import { createGatewayWorld, type GatewayWorld, key, log, request } from '../../test/edge/gateway.fixture.ts';
import { createInvitation } from '../invitation.ts';
import { startWorker } from '../main.ts';
import { revokeInvitation } from '../revoked.ts';
import { createSigner, hashLeaseResult, hashWorkerHello, type SignedFor } from '../signing.ts';
import type { Gateway } from './gateway.ts';

let world: GatewayWorld;
beforeEach(async () => {
  world = await createGatewayWorld();
});
afterEach(() => world.close());

describe('strangers', () => {
  type Hello = (challenge: Hex) => unknown;

  const closeOf = (gateway: Gateway, answer: Hello, path = '/workers') =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}${path}`);
      socket.on('message', (data) => {
        const { type, challenge } = JSON.parse(String(data));
        const frame = answer(challenge);
        if (type === 'challenge') socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
      });
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
      socket.on('error', (error) => resolve(error.message));
    });

  const signer = createSigner(key(2));
  const hello = { type: 'hello', version: 1, publicKey: signer.publicKey, models: ['m'], credits: 1, held: [] };
  const uninvited: Hello = (challenge) => ({
    ...hello,
    signature: signer.sign(
      hashWorkerHello({ domain: world.sequencer.domain, gateway: createSigner(key(1)).address }, challenge),
    ),
  });
  const signedHello: Hello = (challenge) => ({ ...(uninvited(challenge) as object), invitation: world.invite(2) });

  test('are refused with a signature of another challenge', async () => {
    expect(await closeOf(await world.open(), () => signedHello(key(7)))).toMatch(/^1008 The worker is refused/);
  });

  test('are refused with what was signed for another gateway', async () => {
    const other = { domain: world.sequencer.domain, gateway: createSigner(key(7)).address };
    const relayed: Hello = (challenge) => ({
      ...(signedHello(challenge) as object),
      signature: signer.sign(hashWorkerHello(other, challenge)),
    });
    const gateway = await world.open();
    expect(await closeOf(gateway, relayed)).toMatch(/^1008 The worker is refused/);
    const lease = (signed: SignedFor) => hashLeaseResult(signed, 1, 'task', ['{}']);
    expect(lease(other)).not.toBe(lease({ ...other, gateway: createSigner(key(1)).address }));
  });

  test.each([
    ['of another invitation', () => ({ invitation: world.invite(2, {}, 7) })],
    ['of another address', () => ({ gateway: `0x${'aa'.repeat(20)}` as const, invitation: world.invite(2) })],
  ])('a worker that has the gateway %s signs nothing', async (_name, own) => {
    const gateway = await world.open();
    const refused = new Promise<unknown>((resolve) => {
      const listening = log.child({});
      listening.error = (fields: { err?: unknown } | string) => typeof fields === 'object' && resolve(fields.err);
      const input = { gatewayUrl: gateway.url, privateKey: key(2), ...own() };
      startWorker(input, { log: listening }).then(({ close }) => world.closers.push(close), resolve);
    });
    expect(await refused).toMatchObject({ code: 'edge/other-gateway', actual: gateway.address });
  });

  test.each([
    ['no JSON', '{'],
    ['an unknown frame', { type: 'gimme' }],
    ['results before hello', { type: 'results', lease: 1, signature: `0x${'22'.repeat(65)}`, rows: [] }],
    ['more credits than there are', { ...hello, signature: `0x${'22'.repeat(65)}`, credits: 1e9 }],
  ])('are refused with %s', async (_name, frame) => {
    expect(await closeOf(await world.open(), () => frame)).toMatch(/^1008 /);
  });

  test('that are not on the list are refused', async () => {
    const gateway = await world.open({ workers: [`0x${'aa'.repeat(20)}`] });
    expect(await closeOf(gateway, signedHello)).toMatch(/expected: a worker of the list/);
  });

  test('without a stake or an invitation are refused, with the wrong one too', async () => {
    const gateway = await world.open();
    const withInvitation =
      (invitation: string): Hello =>
      (challenge) => ({ ...(uninvited(challenge) as object), invitation });
    const past = { expiry: Math.floor(Date.now() / 1000) - 1 };
    const foreign = createInvitation(world.sequencer.domain, createSigner(key(7)), {
      name: 'x',
      worker: signer.address,
      expiry: 2 ** 40,
    });
    revokeInvitation(world.folder, 'gone');
    expect(await closeOf(gateway, uninvited)).toMatch(/expected: an invitation, or the stake/);
    expect(await closeOf(gateway, withInvitation('e30'))).toMatch(/expected: an invitation of this gateway/);
    expect(await closeOf(gateway, withInvitation(foreign))).toMatch(/expected: an invitation of this gateway/);
    expect(await closeOf(gateway, withInvitation(world.invite(3)))).toMatch(/expected: an invitation of 0x/);
    expect(await closeOf(gateway, withInvitation(world.invite(2, past)))).toMatch(/the invitation has expired/);
    expect(await closeOf(gateway, withInvitation(world.invite(2, { name: 'gone' })))).toMatch(
      /the invitation is revoked/,
    );
  });

  test('with a stake need no invitation', async () => {
    const gateway = await world.open();
    world.sequencer.addTask('builtin/small', 0, [request('a dog')]);
    const worker = await startWorker({ gatewayUrl: gateway.url, privateKey: key(4) }, { log });
    world.closers.push(worker.close);
    await world.sequencer.whenSettled(1);
  });

  test('are cut off when they send much before their hello', async () => {
    expect(await closeOf(await world.open(), () => ' '.repeat(2 * 1024 * 1024))).toMatch(/^1006 |ECONNRESET|EPIPE/);
  });

  test('that are invited are cut off for frames that bring nothing', async () => {
    const gateway = await world.open();
    const ended = await new Promise<string>((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/workers`);
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'challenge') socket.send(JSON.stringify(signedHello(frame.challenge)));
        if (frame.type !== 'welcome') return;
        const junk = JSON.stringify({ type: 'results', lease: 1, signature: `0x${'22'.repeat(65)}`, rows: [] });
        for (let i = 0; i < 400; i++) socket.send(junk);
      });
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
    });
    expect(ended).toMatch(/^1008 .*frames that bring nothing|^1008 The worker is refused/);
  });

  test('find nothing on another path', async () => {
    expect(await closeOf(await world.open(), signedHello, '/other')).toContain('404');
  });

  test('that sign wrong results lose their reputation and their place', async () => {
    const gateway = await world.open({ leaseRows: 1 });
    world.sequencer.addTask(
      'm',
      0,
      Array.from({ length: 5 }, (_, i) => ({ messages: [{ role: 'user', content: `${i}` }] })),
    );
    const ended = await new Promise<string>((resolve) => {
      const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/workers`);
      socket.on('message', (data) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'challenge') socket.send(JSON.stringify(signedHello(frame.challenge)));
        if (frame.type !== 'lease') return;
        const result = { content: 'x', finish_reason: 'stop', usage: { prompt_tokens: 1, completion_tokens: 1 } };
        const rows = frame.rows.map(([index]: [number]) => [index, result]);
        socket.send(JSON.stringify({ type: 'results', lease: frame.lease, signature: signer.sign(key(9)), rows }));
      });
      socket.on('close', (code, reason) => resolve(`${code} ${reason}`));
    });
    expect(ended).toBe('1008 banned');
    expect(await closeOf(gateway, signedHello)).toMatch(/expected: a worker with reputation left/);
    expect(world.sequencer.settled).toEqual([]);
  });
});
