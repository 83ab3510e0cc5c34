// docs/edge.md#frames: a worker whose WebSocket shows it no pings asks for an answer.
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { createDomain } from '../../protocol/typed-data.ts';
import { createGatewayWorld, type GatewayWorld, key } from '../../test/edge/gateway.fixture.ts';
import { WORKER_PATH } from '../frames.ts';
import { createSigner, hashWorkerHello } from '../signing.ts';

let world: GatewayWorld;
beforeEach(async () => {
  world = await createGatewayWorld();
});
afterEach(() => world.close());

test('a ping is answered with a pong', async () => {
  const gateway = await world.open();
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}${WORKER_PATH}`);
  const next = async () => JSON.parse(String((await once(socket, 'message'))[0]));
  const { challenge, chainId, gatewayRegistry, gateway: address } = await next();
  const signer = createSigner(key(2));
  const domain = createDomain(chainId, gatewayRegistry);
  const hello = {
    type: 'hello',
    version: 1,
    publicKey: signer.publicKey,
    signature: signer.sign(hashWorkerHello({ domain, gateway: address }, challenge)),
    models: ['builtin/small'],
    credits: 0,
    held: [],
    invitation: world.invite(2),
  };
  socket.send(JSON.stringify(hello));
  expect(await next()).toMatchObject({ type: 'welcome' });
  socket.send('{"type":"ping"}');
  expect(await next()).toEqual({ type: 'pong' });
  socket.terminate();
});
