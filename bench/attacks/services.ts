// docs/operations.md#attacks: attacks on the services and contracts of a network.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Abi } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { toContractCertificate } from '../../contracts/claim.ts';
import { accountOf, signRequest } from '../../da/storage-request.ts';
import { devnetAccounts } from '../../devnet/accounts.ts';
import { encodeRequests } from '../../edge/rows.ts';
import { MizuError } from '../../protocol/errors.ts';
import {
  demandsAbi,
  gatewayRegistryAbi,
  inboxAbi,
  mizuTokenAbi,
  stakeManagerAbi,
} from '../../protocol/generated/abi.ts';
import { bytesToHex, type Hex, ZERO_HASH } from '../../protocol/hex.ts';
import { hashInferenceItems, type InferenceItem } from '../../protocol/inference.ts';
import { encodeMessage } from '../../protocol/messages.ts';
import { ROLE } from '../../protocol/roles.ts';
import { keccakHex, objectRef } from '../../protocol/tree.ts';
import { createDomain, TYPES } from '../../protocol/typed-data.ts';
import { retention } from '../../sdk/client/deploy.ts';
import { signMessage } from '../../sdk/client/message.ts';
import type { Attack, Attacked } from './attack.ts';
import { lowered } from './hostile-user.ts';
import { joinInputs } from './modules.ts';
import { orRefusal } from './programs.ts';

const MIZU = 10n ** 18n;
const JUNK_MESSAGES = 60;
const JUNK_BYTES = 4_000;
const SLOW_UPLOADS = 40;
const SLOW_BYTES = 1_000_000;
const DEMANDS = 24;
const MIB = 2 ** 20;
const REQUEST_ROWS = 1_000_000;
const REQUEST_GAS = 1_000_000_000n;
const EVENT_STREAMS = 600;
const HIGH_S_MESSAGES = 300;
const PAUSE_MS = 500;
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

type Call = readonly [address: Hex, abi: unknown, functionName: string, args: readonly unknown[]];

const send = ({ user }: Attacked, [address, abi, functionName, args]: Call) =>
  user.sender.sendAndWait({ address, abi: abi as Abi, functionName, args });

/** Repeats the attempt until the signal comes; refusals are counted. */
function repeat(signal: AbortSignal, attempt: () => Promise<unknown>): void {
  void (async () => {
    while (!signal.aborted) {
      await attempt().catch(() => undefined);
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  })();
}

async function forceJunk(attacked: Attacked, signal: AbortSignal): Promise<string> {
  const junk = (): Uint8Array => Uint8Array.from({ length: JUNK_BYTES }, () => Math.floor(Math.random() * 256));
  for (let i = 0; i < 3; i++) await attacked.user.force(junk());
  let left = JUNK_MESSAGES;
  repeat(signal, async () => {
    if (left-- > 0) await attacked.user.force(junk());
  });
  return `${JUNK_MESSAGES} forced messages of ${JUNK_BYTES} random bytes, one a block`;
}

async function uploadSlowly({ user }: Attacked, signal: AbortSignal): Promise<string> {
  const sockets: Socket[] = [];
  const { chainId, contracts, da } = user.network.chain;
  const domain = createDomain(chainId, contracts.daCommittee);
  for (const { url } of da.members) {
    if (url === null) continue;
    const { hostname, port } = new URL(url);
    for (let i = 0; i < SLOW_UPLOADS; i++) {
      const object = objectRef(randomBytes(SLOW_BYTES));
      const stranger = accountOf(bytesToHex(randomBytes(32)));
      const request = await signRequest(stranger, domain, [object], retention());
      const body = JSON.stringify({ ...request, expiry: String(request.expiry), until: String(request.until) });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${url}/certificates`, { method: 'POST', body, headers });
      const { upload = '' } = (await answer.json()) as { upload?: string };
      const socket = connect(Number(port), hostname);
      socket.on('error', () => undefined);
      socket.write(
        `PUT /objects/${object.root} HTTP/1.1\r\nHost: ${hostname}\r\ncontent-type: application/octet-stream\r\n` +
          `mizu-upload: ${upload}\r\nContent-Length: ${SLOW_BYTES}\r\n\r\n`,
      );
      sockets.push(socket);
    }
  }
  repeat(signal, async () => {
    for (const socket of sockets) if (!socket.destroyed) socket.write('x');
  });
  signal.addEventListener('abort', () => {
    for (const socket of sockets) socket.destroy();
  });
  return `${SLOW_UPLOADS} uploads of 2 bytes a second to each member, each by another account`;
}

/** Sends a request object that its owner wrote by hand: no program of the SDK makes such a schema. */
async function slowSchema({ user }: Attacked): Promise<string> {
  return orRefusal(async () => {
    const schema = { type: 'object', properties: { text: { type: 'string', pattern: '^(a+)+$' } }, required: ['text'] };
    const request = {
      messages: [{ role: 'user', content: `${'a'.repeat(40)}!` }],
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema } },
    };
    const model = 'builtin/small';
    const bytes = encodeRequests(model, [`[0,${JSON.stringify(request)}]`]);
    const inputs = [{ source: 0xffff, mode: 'same' as const }];
    const id = keccakHex(new TextEncoder().encode(model));
    const workflow = await user.deploy([], [{ kind: 'infer', program: 0, width: 0, gasLimit: 0n, model: id, inputs }]);
    return `run ${await user.start(workflow, { gasLimit: 1_000_000n, bytes: [bytes] })}`;
  });
}

/** A program makes one object of partitions of 1 MiB: a million rows and more, each a request of its own. */
async function bigRequests({ user }: Attacked): Promise<string> {
  return orRefusal(async () => {
    const model = 'builtin/small';
    const row = (i: number): string => `[${i},{"messages":["${'x'.repeat(26)}"]}]`;
    const bytes = encodeRequests(
      model,
      Array.from({ length: REQUEST_ROWS }, (_, i) => row(i)),
    );
    const pieces = Array.from({ length: Math.ceil(bytes.length / MIB) }, (_, i) => bytes.slice(i * MIB, (i + 1) * MIB));
    const id = keccakHex(new TextEncoder().encode(model));
    const own = [{ source: 0, mode: 'same' as const }];
    const workflow = await user.deploy(
      [lowered(joinInputs())],
      [
        { gasLimit: REQUEST_GAS, sink: false },
        { kind: 'infer', program: 0, width: 1, gasLimit: 0n, model: id, inputs: own },
      ],
    );
    const run = await user.start(workflow, { gasLimit: REQUEST_GAS, bytes: pieces });
    return `run ${run}: ${REQUEST_ROWS} requests in one object of ${bytes.length >> 20} MiB`;
  });
}

/** Opens streams and never reads them. */
async function hangOnEvents({ devnet }: Attacked, signal: AbortSignal): Promise<string> {
  const { hostname, port } = new URL(devnet.rpcUrl);
  const sockets: Socket[] = [];
  let refused = 0;
  for (let i = 0; i < EVENT_STREAMS; i++) {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (!signal.aborted) refused++;
    });
    socket.pause();
    socket.write(`GET /events?after=0 HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
    sockets.push(socket);
  }
  signal.addEventListener('abort', () => {
    for (const socket of sockets) socket.destroy();
  });
  await delay(PAUSE_MS);
  return `${EVENT_STREAMS} streams of /events that nobody reads, ${refused} closed at once`;
}

/** A gateway with the least stake answers whatever task is open, before any other gateway does. */
async function answerJunk(attacked: Attacked, signal: AbortSignal): Promise<string> {
  const { user, devnet } = attacked;
  const { contracts, chainId } = devnet.chain;
  const gateway = privateKeyToAccount(devnetAccounts().liar.privateKey);
  await send(attacked, [contracts.token, mizuTokenAbi, 'approve', [contracts.stakeManager, 2_000n * MIZU]]);
  await send(attacked, [
    contracts.stakeManager,
    stakeManagerAbi,
    'stake',
    [gateway.address, ROLE.gateway, 2_000n * MIZU],
  ]);
  await send(attacked, [contracts.gatewayRegistry, gatewayRegistryAbi, 'join', []]);
  const junk = new TextEncoder().encode('junk');
  const { refs, certificate } = await user.network.da.put([junk], { expiry: retention() });
  let nonce = BigInt(Date.now());
  repeat(signal, async () => {
    const tasks = (await user.network.rpc('mizu_getInferenceTasks', [{ limit: 10 }])) as InferenceItem[];
    for (const { run, stage, partition, attempt, model, requestRoot } of tasks) {
      const tokens = { inputTokens: 1_000_000n, outputTokens: 1_000_000n };
      const result = { resultRoot: refs[0]!.root, resultLength: junk.length };
      const items = [{ run, stage, partition, attempt, model, requestRoot, ...result, ...tokens }];
      const message = { gateway: gateway.address, nonce: ++nonce, itemsRoot: hashInferenceItems(items) };
      const domain = createDomain(chainId, contracts.gatewayRegistry);
      const signature = await gateway.signTypedData({ domain, types: TYPES, primaryType: 'InferenceBatch', message });
      const body = { kind: 'InferenceResult', signature, gateway: gateway.address, nonce, items, certificate } as const;
      await user.network.rpc('mizu_sendMessage', [bytesToHex(encodeMessage(body))]);
    }
  });
  return 'a gateway that answers every open task with 4 bytes and 2,000,000 tokens';
}

async function floodDemands(attacked: Attacked, signal: AbortSignal): Promise<string> {
  const { user, devnet } = attacked;
  const { token, demands } = devnet.chain.contracts;
  // 24 demands that are open at once cost 1,500 MIZU; the attacker makes as many as its money allows.
  await send(attacked, [token, mizuTokenAbi, 'approve', [demands, 10_000n * MIZU]]);
  const asked = new Map<Hex, number>();
  repeat(signal, async () => {
    const list = (await user.network.rpc('mizu_getAssertions', [{}])) as {
      id: Hex;
      status: string;
      fromStep: number;
      toStep: number;
    }[];
    for (const { id, status, fromStep, toStep } of list) {
      const made = asked.get(id) ?? 0;
      if (status !== 'pending' || made >= Math.min(DEMANDS, toStep - fromStep)) continue;
      asked.set(id, made + 1);
      await send(attacked, [demands, demandsAbi, 'demandStep', [id, BigInt(made)]]);
    }
  });
  return `up to ${DEMANDS} demands an assertion`;
}

/** Posts empty batches, one in each block: who comes second to an index is refused. */
async function postFirst(attacked: Attacked, signal: AbortSignal): Promise<string> {
  const { user, devnet } = attacked;
  const { token, stakeManager, inbox } = devnet.chain.contracts;
  const account = user.sender.address;
  await send(attacked, [token, mizuTokenAbi, 'approve', [stakeManager, 2_000n * MIZU]]);
  await send(attacked, [stakeManager, stakeManagerAbi, 'stake', [account, ROLE.sequencer, 2_000n * MIZU]]);
  const joins = (inboxAbi as Abi).some((entry) => entry.type === 'function' && entry.name === 'join');
  if (joins) await send(attacked, [inbox, inboxAbi, 'join', []]);
  const none = toContractCertificate({ epoch: 0n, expiry: 0n, signers: 0n, signatures: [] });
  let posted = 0;
  repeat(signal, async () => {
    const { batch } = user.network.chain.head;
    for (let index = Math.max(batch, posted); index < batch + posted + 200 && !signal.aborted; index++) {
      const now = Math.floor(Date.now() / 1000);
      await send(attacked, [inbox, inboxAbi, 'postBatch', [BigInt(index), ZERO_HASH, 0, 0, BigInt(now), 0n, none]]);
      posted = index + 1;
    }
  });
  return `a staked sequencer that posts an empty batch a block${joins ? ', joined' : ''}`;
}

async function floodHighS({ user }: Attacked, signal: AbortSignal): Promise<string> {
  const { bytes } = await signMessage(user.network, { kind: 'Withdraw', recipient: user.sender.address, amount: 1n });
  const high = flip(bytes);
  let taken = 0;
  const attempt = async (): Promise<void> => {
    try {
      await user.network.rpc('mizu_sendMessage', [bytesToHex(high)]);
      taken++;
    } catch (error) {
      if (!(error instanceof MizuError)) throw error;
    }
  };
  await attempt();
  let left = HIGH_S_MESSAGES;
  repeat(signal, async () => {
    for (let i = 0; i < 20 && left-- > 0; i++) await attempt();
  });
  return `a message whose s is high: ${taken > 0 ? 'admitted' : 'refused'}`;
}

/** The message is kind 1, then r 32, s 32, v 1. */
function flip(message: Uint8Array): Uint8Array {
  const flipped = message.slice();
  const s = BigInt(bytesToHex(flipped.subarray(33, 65)));
  flipped.set(Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex'), 33);
  flipped[65] = flipped[65] === 27 ? 28 : 27;
  return flipped;
}

export const SERVICE_ATTACKS: readonly Attack[] = [
  { name: 'junk', what: 'random bytes forced into the inbox', begin: forceJunk },
  { name: 'slow-da', what: 'slow uploads to every DA member', begin: uploadSlowly },
  { name: 'redos', what: 'a schema with the pattern ^(a+)+$', begin: slowSchema },
  { name: 'requests', what: 'a million requests in one object', begin: bigRequests },
  { name: 'events', what: 'streams of /events that nobody reads', begin: hangOnEvents },
  { name: 'gateway', what: 'junk results of a gateway that nobody has named', begin: answerJunk },
  { name: 'demands', what: 'demands for every leaf of each assertion', begin: floodDemands },
  { name: 'sequencer', what: 'another staked sequencer posts empty batches', begin: postFirst },
  { name: 'high-s', what: 'signatures turned to their high s', begin: floodHighS },
];
