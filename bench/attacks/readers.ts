// docs/operations.md#attacks: readers that ask the sequencer without a pause for what is expensive to answer.
import { Agent, request } from 'node:http';
import { bytesToHex, type Hex } from '../../protocol/hex.ts';
import type { Attack, Attacked } from './attack.ts';

/** Another address than that of the network and its honest user. */
const ADDRESS = '127.0.0.2';
const CALLS = 100;
const RUN: Hex = `0x${'11'.repeat(32)}`;

/**
 * Calls that cost the sequencer much: proofs out of the trie, lists, and bytes that must be hashed and decoded before
 * they are refused.
 */
function dearCalls(): string {
  const calls: [string, unknown[]][] = [
    ['mizu_getProof', ['A', `0x${'ab'.repeat(20)}`]],
    ['mizu_getProof', ['C', '0x']],
    ['mizu_getAssertions', [{}]],
    ['mizu_listRuns', [{ limit: 100, owner: `0x${'cd'.repeat(20)}` }]],
    ['mizu_getTasks', [RUN, { limit: 1_000 }]],
    ['mizu_chain', []],
    ['mizu_getInferenceTasks', [{ limit: 1_000 }]],
    ['mizu_sendMessage', [bytesToHex(new Uint8Array(4_096).fill(1))]],
  ];
  return JSON.stringify(
    Array.from({ length: CALLS }, (_, id) => {
      const [method, params] = calls[id % calls.length] as [string, unknown[]];
      return { jsonrpc: '2.0', id, method, params };
    }),
  );
}

async function readWithoutPause({ devnet }: Attacked, connections: number, signal: AbortSignal): Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections, localAddress: ADDRESS });
  signal.addEventListener('abort', () => agent.destroy());
  const body = dearCalls();
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const ask = (): Promise<void> =>
    new Promise((resolve) => {
      const asked = request(devnet.rpcUrl, { agent, method: 'POST', headers }, (response) => {
        response.resume().once('close', resolve);
      });
      asked.once('error', () => resolve());
      asked.end(body);
    });
  const keepAsking = async (): Promise<void> => {
    while (!signal.aborted) await ask();
  };
  for (let i = 0; i < connections; i++) void keepAsking();
  await ask();
  return `${connections} connections of another address, each with ${CALLS} dear calls a request, without a pause`;
}

export const READER_ATTACKS: readonly Attack[] = [1, 20].map((connections) => ({
  name: `reads-${connections}`,
  what: 'dear reads of the sequencer without a pause',
  begin: (attacked, signal) => readWithoutPause(attacked, connections, signal),
}));
