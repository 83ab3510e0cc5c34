// docs/sdk.md#run: starts a run, or finds the one that is already under way.
import { MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex, hexToBytes } from '../../protocol/hex.ts';
import { encodeInputs, hashRun } from '../../protocol/messages.ts';
import { inputChanged } from '../input/source.ts';
import { blankCertificate, retention, runFee } from './deploy.ts';
import { ensureBalance } from './deposit.ts';
import { gasPriceOf } from './gas-price.ts';
import { sendMessage, signMessage } from './message.ts';
import { type Network, requireSigner } from './network.ts';
import { readOrigin } from './origin.ts';
import { withNewCommittee } from './patience.ts';
import { askPromise, type Promised } from './promise.ts';
import type { ReuseClaim } from './reuse-claim.ts';
import { findRun, type RunKey, type SavedRun, saveRun } from './state-file.ts';
import { inputsInOrder, type Survey } from './survey.ts';
import type { ReceiptView, RunView } from './views.ts';

/** What `startRun` asks the sequencer for. */
export type RunRequest = {
  readonly workflowId: Hex;
  readonly workflowFile: string;
  /** Number of the workflow's stages. */
  readonly stages: number;
  readonly survey: Survey;
  readonly maxCostWei: bigint;
  /** Of it, for one inference item (one partition at a model), and for all of them. */
  readonly maxItemWei: bigint;
  readonly maxInferenceWei: bigint;
  /** Whose results it takes; those of the models' entries if left out. At most 8. */
  readonly gateways?: readonly Address[];
  readonly taskGasLimit: bigint;
  /** Wei per gas, for all that the run does as long as it lives. Default: the network's minimum. */
  readonly gasPrice?: bigint | undefined;
  /** After it the run expires and the rest of the money comes back. */
  readonly deadlineSeconds: number;
  /** What was asked for, if the run is only the rest of it: by that it is found again. */
  readonly asked?: { readonly workflowId: Hex; readonly inputsHash: Hex } | undefined;
  /** Whose operators it goes on with. */
  readonly reuses?: ReuseClaim | undefined;
  /** Starts a new one even if there is one. */
  readonly isNew?: boolean;
  readonly onUpload?: (sentBytes: number, totalBytes: number) => void;
  /** By `uploadInputs`, before. */
  readonly isUploaded?: boolean;
};

/** A run that the sequencer has taken. */
export type StartedRun = { readonly run: Hex; readonly resumed: boolean; readonly promised?: Promised };

const UPLOAD_GROUP_BYTES = 16 * 1024 * 1024;
const ENDED_BADLY = ['failed', 'cancelled', 'expired'];

/**
 * Starts a run, or finds the one that was started in this folder for the same request (then `resumed` is true).
 *
 * @example
 * const { run, resumed } = await startRun(network, {
 *   workflowId,
 *   workflowFile: 'workflow.ts',
 *   stages: workflow.definition.stages.length,
 *   survey: await surveyInput('rows.jsonl', 20),
 *   maxCostWei: parseMizu('1'),
 *   maxItemWei: parseMizu('0.1'),
 *   maxInferenceWei: parseMizu('0.5'),
 *   taskGasLimit: 10_000_000_000n,
 *   deadlineSeconds: 24 * 3600,
 * });
 * @throws MizuError `sdk/gas-price-out-of-range`
 */
export async function startRun(network: Network, request: RunRequest): Promise<StartedRun> {
  const { workflowId, survey, asked = { workflowId, inputsHash: survey.inputsHash } } = request;
  gasPriceOf(network, request.gasPrice);
  const key = await keyOf(network, asked.workflowId, asked);
  const known = request.isNew ? undefined : await resume(network, key, request.reuses === undefined);
  if (known !== undefined) return { run: known, resumed: true };

  if (request.isUploaded !== true) await uploadInputs(network, request.survey, request.onUpload);
  return { ...(await withNewCommittee(() => sendRun(network, request, key))), resumed: false };
}

/**
 * The run of this workflow on this input that is under way or done, as far as this folder knows; `isWhole`: that goes on with no other.
 * A message that was signed and not taken is sent again.
 */
export async function findStarted(
  network: Network,
  workflowId: Hex,
  survey: Survey,
  isWhole = false,
): Promise<Hex | undefined> {
  return resume(network, await keyOf(network, workflowId, survey), isWhole);
}

/** Upper bound of what a run needs on the network besides what it may cost, in wei. */
export function expectedRunFee(network: Network, refs: Survey['refs'], stages: number, gasPrice: bigint): bigint {
  return runFee(encodeInputs(refs, blankCertificate(network)).length, refs, stages, gasPrice);
}

async function keyOf(network: Network, workflow: Hex, { inputsHash }: Pick<Survey, 'inputsHash'>): Promise<RunKey> {
  const { chainId, contracts } = network.chain;
  return { workflow, inputsHash, chainId, inbox: contracts.inbox, origin: (await readOrigin(network)) ?? '' };
}

async function sendRun(network: Network, request: RunRequest, key: RunKey): Promise<Omit<StartedRun, 'resumed'>> {
  const { workflowId, survey } = request;
  const certificate = await network.da.certify(survey.allRefs, retention());
  const inputs = encodeInputs(survey.allRefs, certificate);
  const gasPrice = gasPriceOf(network, request.gasPrice);
  await ensureBalance(network, request.maxCostWei + runFee(inputs.length, survey.allRefs, request.stages, gasPrice));
  const message = await signMessage(network, {
    kind: 'Run',
    gasPrice,
    workflow: workflowId,
    maxCost: request.maxCostWei,
    maxItemCost: request.maxItemWei,
    maxInferenceCost: request.maxInferenceWei,
    taskGasLimit: request.taskGasLimit,
    deadline: BigInt(Math.floor(Date.now() / 1000) + request.deadlineSeconds),
    gateways: request.gateways ?? [],
    inputs,
  });
  const run = hashRun(requireSigner(network).address, message.nonce, workflowId);
  // Before it is sent: after a crash the same message is sent again, and there is one run and not two.
  const record: SavedRun = {
    ...key,
    run,
    message: bytesToHex(message.bytes),
    messageHash: message.hash,
    file: request.workflowFile,
    input: survey.file,
    inputOptions: survey.options,
    others: survey.others.map(({ name, file, options }) => ({ name, file, options })),
    startedAt: Math.floor(Date.now() / 1000),
    ...(request.reuses && { reuses: request.reuses }),
  };
  await saveRun(record);
  await sendMessage(network, message);
  const promised = await askPromise(network, message);
  if (promised.kind === 'promised') await saveRun({ ...record, promise: promised.promise });
  return { run, promised };
}

async function resume(network: Network, key: RunKey, isWhole: boolean): Promise<Hex | undefined> {
  const record = await findRun(key, undefined, isWhole);
  if (record === undefined) return undefined;
  try {
    const receipt = (await network.rpc('mizu_getReceipt', [record.messageHash])) as ReceiptView | null;
    if (receipt === null) {
      await sendMessage(network, { bytes: hexToBytes(record.message), hash: record.messageHash });
      return record.run;
    }
    if (!receipt.ok) return undefined;
  } catch (error) {
    // Refused for good, for example because its nonce was used by another message: then there is no such run. An outage is none.
    if (error instanceof MizuError && !error.retryable) return undefined;
    throw error;
  }
  const view = (await network.rpc('mizu_getRun', [record.run])) as RunView | null;
  return view === null || ENDED_BADLY.includes(view.status) ? undefined : record.run;
}

// The files are read once more: never more than one group of partitions is in memory. What is paid for is what was surveyed.
/** Puts the partitions of the inputs on DA. @throws MizuError `sdk/input-changed`, `da/…` */
export async function uploadInputs(network: Network, survey: Survey, onUpload?: RunRequest['onUpload']): Promise<void> {
  const inputs = inputsInOrder(survey);
  const total = inputs.reduce((sum, { bytes }) => sum + bytes, 0);
  let before = 0;
  for (const input of inputs) {
    await uploadFile(network, input, (sent) => onUpload?.(before + sent, total));
    before += input.bytes;
  }
}

async function uploadFile(
  network: Network,
  input: Pick<Survey, 'file' | 'refs' | 'open'>,
  onSent: (bytes: number) => void,
): Promise<void> {
  let group: Uint8Array[] = [];
  let groupBytes = 0;
  let sent = 0;
  let place = 0;
  const flush = async (): Promise<void> => {
    if (group.length === 0) return;
    const { refs } = await network.da.put(group, { expiry: retention() });
    if (refs.some(({ root }) => root !== input.refs[place++]?.root)) throw inputChanged(input.file);
    sent += groupBytes;
    onSent(sent);
    group = [];
    groupBytes = 0;
  };
  for await (const { bytes } of input.open()) {
    group.push(bytes);
    groupBytes += bytes.length;
    if (groupBytes >= UPLOAD_GROUP_BYTES) await flush();
  }
  await flush();
  if (place < input.refs.length) throw inputChanged(input.file);
}
