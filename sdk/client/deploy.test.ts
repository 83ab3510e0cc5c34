// docs/sdk.md#money: what a deployment and the run after it need is deposited at once, and is known before DA has signed.
import { expect, test } from 'vitest';
import { encodeDefinition } from '../../protocol/definition.ts';
import type { Hex } from '../../protocol/hex.ts';
import { hexToBytes } from '../../protocol/hex.ts';
import { decodeMessage } from '../../protocol/messages.ts';
import { objectRef } from '../../protocol/tree.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import { blankCertificate, bothOf, deployFee, deployWorkflow } from './deploy.ts';
import type { Network } from './network.ts';
import { fromPrivateKey } from './signer.ts';

const WORKFLOW_ID: Hex = `0x${'01'.repeat(32)}`;
const RUN_WEI = 1_000_000n;
const metadata = objectRef(new TextEncoder().encode('{}'));
const workflow = {
  workflowId: WORKFLOW_ID,
  definition: { programs: [], stages: [], outputs: [], metadata },
  objects: [new TextEncoder().encode('{}')],
} as unknown as CompiledWorkflow;

function createFake(balanceWei: bigint, found: object | null = null, signatures = 3) {
  const sent: Uint8Array[] = [];
  const network = {
    chain: {
      chainId: 1,
      minGasPrice: '7',
      contracts: { inbox: `0x${'aa'.repeat(20)}`, token: `0x${'bb'.repeat(20)}` },
      da: { threshold: 3 },
    },
    signer: fromPrivateKey(`0x${'11'.repeat(32)}`),
    assertTrusted: async () => {},
    da: {
      put: async () => ({
        refs: [metadata],
        certificate: {
          epoch: 9n,
          expiry: 99n,
          signers: (1n << BigInt(signatures)) - 1n,
          signatures: Array.from({ length: signatures }, () => `0x${'ab'.repeat(65)}` as const),
        },
      }),
    },
    rpc: async (method: string, params: readonly unknown[]) => {
      if (method === 'mizu_getAccount') return { nonce: 0, balance: String(balanceWei) };
      if (method === 'mizu_getWorkflow') return found;
      if (method === 'mizu_sendMessage') return void sent.push(hexToBytes(params[0] as Hex));
      if (method === 'mizu_getReceipt') return { kind: 'Deploy', ok: true };
      throw new Error(`unexpected ${method}`);
    },
  } as unknown as Network;
  return { network, sent };
}

const { network: any } = createFake(0n);
const { length } = encodeDefinition(workflow.definition, blankCertificate(any));
const fee = deployFee(length, workflow.definition, 7n);

test('the account has the fee and what comes after it: nothing is deposited', async () => {
  const { network, sent } = createFake(fee + RUN_WEI);
  expect((await deployWorkflow(network, workflow, RUN_WEI)).isNew).toBe(true);
  const message = decodeMessage(sent[0] as Uint8Array);
  if (message.kind !== 'Deploy') throw new Error('expected a Deploy message');
  expect([message.maxFee, message.definition.length]).toEqual([fee, length]);
});

test('a wei less is a deposit, which needs the L1; what was begun at DA has ended by then', async () => {
  const { network, sent } = createFake(fee + RUN_WEI - 1n);
  await expect(deployWorkflow(network, workflow, RUN_WEI)).rejects.toMatchObject({ code: 'sdk/no-l1' });
  expect(sent).toEqual([]);
});

test('what comes after a workflow that is deployed already is deposited, too', async () => {
  const view = { expiry: Number.MAX_SAFE_INTEGER };
  const { network } = createFake(RUN_WEI, view);
  expect((await deployWorkflow(network, workflow, RUN_WEI)).isNew).toBe(false);
  await expect(deployWorkflow(createFake(RUN_WEI - 1n, view).network, workflow, RUN_WEI)).rejects.toMatchObject({
    code: 'sdk/no-l1',
  });
});

test('a committee that signs with more members than was known makes the fee higher', async () => {
  const { network } = createFake(fee + RUN_WEI, null, 4);
  await expect(deployWorkflow(network, workflow, RUN_WEI)).rejects.toMatchObject({ code: 'sdk/no-l1' });
});

test('of two that are done at once the second is waited for when the first fails', async () => {
  let ended = false;
  const slow = Promise.resolve().then(() => {
    ended = true;
  });
  await expect(bothOf(Promise.reject(new Error('first')), slow)).rejects.toThrow('first');
  expect(ended).toBe(true);
});

test('a deployment pays what is asked for gas, and below the minimum nothing is stored or signed', async () => {
  const dear = deployFee(length, workflow.definition, 20n);
  const { network, sent } = createFake(dear);
  await deployWorkflow(network, workflow, 0n, 20n);
  expect(decodeMessage(sent[0] as Uint8Array)).toMatchObject({ kind: 'Deploy', gasPrice: 20n, maxFee: dear });
  const refused = { code: 'sdk/gas-price-out-of-range', actual: '6 wei' };
  await expect(deployWorkflow(network, workflow, 0n, 6n)).rejects.toMatchObject(refused);
  expect(sent.length).toBe(1);
});
