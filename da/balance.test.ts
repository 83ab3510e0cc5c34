// docs/da.md#balances: a sequencer that lies makes nobody richer.
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { MapDB } from '@ethereumjs/util';
import { afterEach, expect, test } from 'vitest';
import { accountKey } from '../kernel/keys.ts';
import { accountRecord } from '../kernel/records.ts';
import { createNodeMap } from '../node/nodes.ts';
import { createStateProof, recordKey } from '../node/proof.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../protocol/hex.ts';
import { keccak } from '../protocol/tree.ts';
import { createRpcClient } from '../service/http/client.ts';
import { createHttpApp, type HttpApp } from '../service/http/http.ts';
import { createLogger } from '../service/process/log.ts';
import { createBalanceReader } from './balance.ts';
import { createStandings } from './standing.ts';

const HUGE = 10n ** 30n;
const [RICH, POOR, NOBODY] = ['aa', 'bb', 'cc'].map((byte): Address => `0x${byte.repeat(20)}`) as [
  Address,
  Address,
  Address,
];
const [COMMITTEE, INBOX, ROLLUP] = ['d1', 'd2', 'd3'].map((byte): Address => `0x${byte.repeat(20)}`);
const LATEST: Hex = `0x${'07'.repeat(32)}`;
const log = createLogger('test', 'silent');
let http: HttpApp;

afterEach(() => http.close());

async function stateOf(balances: Record<Address, bigint>) {
  const db = new MapDB<string, Uint8Array>();
  const trie = new MerklePatriciaTrie({ db: db as never, valueEncoding: 'view' as never });
  for (const [account, balance] of Object.entries(balances))
    await trie.put(keccak(accountKey(account as Address)), accountRecord.encode({ nonce: 3n, balance }));
  const nodes = createNodeMap([...db._database.values()] as Uint8Array[]);
  const root = bytesToHex(trie.root());
  const proofOf = async (account: Address) => {
    const proof = await createStateProof(nodes, root, recordKey('A', hexToBytes(account)));
    return { stateRoot: root, value: bytesToHex(proof.value ?? new Uint8Array(0)), nodes: proof.nodes.map(bytesToHex) };
  };
  return { root, proofOf };
}

type Proof = Awaited<ReturnType<Awaited<ReturnType<typeof stateOf>>['proofOf']>>;

const others = Object.fromEntries(
  Array.from({ length: 50 }, (_, i): [Address, bigint] => [`0x${(i + 1).toString(16).padStart(40, '0')}`, BigInt(i)]),
);

/** L1 has confirmed this root; the sequencer answers as it likes. */
async function readerOf(root: Hex, answer: (account: Address) => Promise<unknown> | unknown) {
  http = createHttpApp({ log, health: () => ({}) });
  const asked: unknown[] = [];
  http.app.post('/', async (request, response) => {
    let text = '';
    for await (const part of request) text += String(part);
    const { id, method, params } = JSON.parse(text);
    asked.push([method, params[0], params[2]]);
    response.json({ jsonrpc: '2.0', id, result: await answer(params[1]) });
  });
  const url = await http.listen({ port: 0 });
  const says: Record<string, string | undefined> = {
    [`${COMMITTEE}.inbox`]: INBOX,
    [`${INBOX}.rollup`]: ROLLUP,
    [`${ROLLUP}.latestConfirmed`]: LATEST,
    [`${ROLLUP}.confirmedStateRoot.${LATEST}`]: root,
  };
  const client = {
    readContract: async ({
      address,
      functionName,
      args = [],
    }: {
      address: string;
      functionName: string;
      args?: Hex[];
    }) => says[[address, functionName, ...args].join('.')],
  };
  const read = createBalanceReader(client as never, COMMITTEE as Address, createRpcClient(url));
  return { read, asked };
}

test('a balance is what the confirmed state proves, also where it proves that there is no account', async () => {
  const { root, proofOf } = await stateOf({ ...others, [RICH]: 5n * 10n ** 18n, [POOR]: 0n });
  const { read, asked } = await readerOf(root, proofOf);
  expect(await read(RICH)).toBe(5n * 10n ** 18n);
  expect(await read(POOR)).toBe(0n);
  expect(await read(NOBODY)).toBe(0n);
  expect(asked[0]).toEqual(['mizu_getProof', 'A', root]);
});

test('whatever a lying sequencer answers, nobody gets a balance that L1 has not confirmed', async () => {
  const confirmed = await stateOf({ ...others, [RICH]: 5n });
  const invented = await stateOf({ ...others, [RICH]: HUGE, [POOR]: HUGE });
  const lies: ((account: Address) => Promise<unknown> | unknown)[] = [
    // Another state, in which everybody is rich.
    invented.proofOf,
    // The proof of somebody who has something.
    () => confirmed.proofOf(RICH),
    // The right nodes, and a value beside them.
    async (account) => ({
      ...(await confirmed.proofOf(account)),
      value: `0x${'ff'.repeat(32)}`,
      balance: String(HUGE),
    }),
    async (account) => {
      const { nodes, ...rest }: Proof = await confirmed.proofOf(account);
      return { ...rest, nodes: [...nodes.slice(0, -1), (await invented.proofOf(account)).nodes.at(-1)] };
    },
    async (account) => ({ nodes: (await confirmed.proofOf(account)).nodes.slice(0, -1) }),
    () => ({ nodes: [] }),
    () => ({ nodes: Array.from({ length: 66 }, () => '0x00') }),
    () => ({ nodes: [`0x${'00'.repeat(1_025)}`] }),
    () => ({ balance: String(HUGE) }),
    () => null,
    () => 'x'.repeat(1024 * 1024),
  ];
  for (const lie of lies) {
    const { read } = await readerOf(confirmed.root, lie);
    for (const account of [POOR, NOBODY]) {
      const got = await read(account).catch((error: { code: string }) => error.code);
      expect([0n, 'da/bad-proof', 'http/answer-too-large']).toContain(got);
    }
    const standing = createStandings({ isStaked: async () => false, balanceWei: read }, log);
    expect(await standing(POOR)).toEqual({ class: 'free', balanceWei: 0n });
    await http.close();
  }
});
