// docs/sdk.md#deploy: puts a workflow's objects on DA and its definition into the state. Doing it again does nothing.
import { deployGas, messageGas, runGas } from '../../kernel/fees.ts';
import type { Certificate } from '../../protocol/certificate.ts';
import { type Definition, encodeDefinition } from '../../protocol/definition.ts';
import { MizuError } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/hex.ts';
import type { ObjectRef } from '../../protocol/tree.ts';
import type { CompiledWorkflow } from '../compile/compile.ts';
import { ensureBalance } from './deposit.ts';
import { gasPriceOf } from './gas-price.ts';
import { sendMessage, signMessage } from './message.ts';
import type { Network } from './network.ts';
import { withNewCommittee } from './patience.ts';
import type { WorkflowView } from './views.ts';

/** What deploying a workflow came to. */
export type Deployed = {
  readonly workflowId: Hex;
  /** False if it was there already. */
  readonly isNew: boolean;
  /** It was there, and its programs are promised for longer now. */
  readonly isRenewed: boolean;
  readonly feeWei: bigint;
  readonly deployedBytes: number;
};

/** Kept on DA for so long. When half of it is over, deploying again renews a workflow. */
export const RETENTION_SECONDS = 30 * 24 * 3600;
/** More than a message has besides its definition or its list of objects: a Run with 8 gateways 431. */
export const USER_HEADER_BYTES = 432;
const BLANK_SIGNATURE: Hex = `0x${'00'.repeat(65)}`;

/**
 * Puts the objects of a workflow on DA and its definition into the state. A workflow that is there already is left as it is, or renewed.
 * `besideWei` is what is needed on the network after it; it is deposited together with the fee, so that L1 is waited for once.
 * `gasPrice`: wei per gas, by default the network's minimum.
 *
 * @example
 * const workflow = await compileWorkflow('workflow.ts');
 * const { workflowId, feeWei } = await deployWorkflow(network, workflow);
 * @throws MizuError `sdk/gas-price-out-of-range`
 */
export async function deployWorkflow(
  network: Network,
  workflow: CompiledWorkflow,
  besideWei = 0n,
  gasPrice?: bigint,
): Promise<Deployed> {
  const price = gasPriceOf(network, gasPrice);
  const { workflowId, objects } = workflow;
  const deployedBytes = objects.reduce((sum, bytes) => sum + bytes.length, 0);
  const found = await findWorkflow(network, workflowId);
  if (found !== null && isKept(found)) {
    if (besideWei > 0n) await ensureBalance(network, besideWei);
    return { workflowId, isNew: false, isRenewed: false, feeWei: 0n, deployedBytes };
  }
  return withNewCommittee(() => sendDeploy(network, workflow, deployedBytes, found !== null, besideWei, price));
}

async function sendDeploy(
  network: Network,
  workflow: CompiledWorkflow,
  deployedBytes: number,
  isRenewed: boolean,
  besideWei: bigint,
  gasPrice: bigint,
): Promise<Deployed> {
  const { workflowId, definition, objects } = workflow;
  const expectedWei = deployFee(encodeDefinition(definition, blankCertificate(network)).length, definition, gasPrice);
  const [{ certificate }] = await bothOf(
    network.da.put(objects, { expiry: retention() }),
    ensureBalance(network, expectedWei + besideWei),
  );
  const bytes = encodeDefinition(definition, certificate);
  const feeWei = deployFee(bytes.length, definition, gasPrice);
  // More than expected after a change of the committee.
  if (feeWei > expectedWei) await ensureBalance(network, feeWei + besideWei);
  const message = await signMessage(network, { kind: 'Deploy', gasPrice, maxFee: feeWei, definition: bytes });
  try {
    const receipt = await sendMessage(network, message);
    return { workflowId, isNew: !isRenewed, isRenewed, feeWei: BigInt(receipt.feeWei ?? feeWei), deployedBytes };
  } catch (error) {
    // Somebody else was quicker: it is the same workflow, by its name.
    const found = await findWorkflow(network, workflowId);
    if (found === null || !isKept(found)) throw error;
    return { workflowId, isNew: false, isRenewed: false, feeWei: 0n, deployedBytes };
  }
}

/** As long as one of the committee's: it has as many signatures as the threshold says. */
export function blankCertificate({ chain }: Pick<Network, 'chain'>): Certificate {
  const { threshold } = chain.da;
  const signatures = Array.from({ length: threshold }, () => BLANK_SIGNATURE);
  return { epoch: 0n, expiry: 0n, signers: (1n << BigInt(threshold)) - 1n, signatures };
}

/** Both have ended when it does. @throws what the first has thrown, else what the second has */
export async function bothOf<A, B>(first: Promise<A>, second: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([first, second]);
  return Promise.all([first, second]);
}

function isKept({ expiry }: WorkflowView): boolean {
  return expiry > Date.now() / 1000 + RETENTION_SECONDS / 2;
}

/** Null if it is not deployed. */
export async function findWorkflow(network: Network, id: Hex): Promise<WorkflowView | null> {
  try {
    return (await network.rpc('mizu_getWorkflow', [id])) as WorkflowView | null;
  } catch (error) {
    if (error instanceof MizuError && /unknown|not-found|no-such/.test(error.code)) return null;
    throw error;
  }
}

/** Upper bound of what a user message of this body costs, in wei. */
export function messageFee(bodyBytes: number, gasPrice: bigint): bigint {
  return messageGas(bodyBytes + USER_HEADER_BYTES) * gasPrice;
}

/** Upper bound of what deploying this definition costs, in wei; `bodyBytes` with its certificate. */
export function deployFee(bodyBytes: number, definition: Definition, gasPrice: bigint): bigint {
  return deployGas(bodyBytes + USER_HEADER_BYTES, definition) * gasPrice;
}

/** Upper bound of what a Run message costs besides its escrow, in wei. */
export function runFee(bodyBytes: number, inputs: readonly ObjectRef[], stages: number, gasPrice: bigint): bigint {
  return runGas(bodyBytes + USER_HEADER_BYTES, inputs, stages) * gasPrice;
}

export function retention(): bigint {
  return BigInt(Math.floor(Date.now() / 1000) + RETENTION_SECONDS);
}
