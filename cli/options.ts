// docs/sdk.md#cli: options that several commands share.
import { type Command, InvalidArgumentError } from 'commander';
import { MAX_GAS_PRICE, MAX_STAGE_GAS } from '../protocol/constants.ts';
import { type Address, type Hex, isHash } from '../protocol/hex.ts';
import type { Network } from '../sdk/client/network.ts';
import { INPUT_FORMATS } from '../sdk/input/format.ts';
import { shellWord } from '../sdk/output/shell-word.ts';
import type { InputFlags } from './input-flags.ts';
import { createOutageReporter } from './outage.ts';

export type NetworkFlags = {
  readonly rpc?: string;
  readonly l1?: string;
  readonly key?: string;
  readonly rollup?: Address;
  readonly chainId?: number;
  readonly maxFeeGwei?: number;
  readonly maxPriorityFeeGwei?: number;
};

export function withNetworkOptions(command: Command): Command {
  return command
    .option('--rpc <url>', 'RPC of the sequencer (default: MIZU_RPC, or the devnet)', parseUrl)
    .option('--l1 <url>', 'RPC of the L1 (default: MIZU_L1_RPC, or the devnet)', parseUrl)
    .option(
      '--rollup <address>',
      'Rollup of the network to believe (default: MIZU_ROLLUP, or the devnet’s)',
      parseAddress,
    )
    .option('--chain-id <id>', 'of the L1 to believe (default: MIZU_CHAIN_ID, or the devnet’s)', parseChainId)
    .option('--max-fee-gwei <gwei>', 'what a unit of gas on L1 may cost (default: 1000)', parseCount)
    .option('--max-priority-fee-gwei <gwei>', 'of it, for the builder of the block (default: 20)', parseCount)
    .option('--key <file>', 'file with the private key (default: MIZU_PRIVATE_KEY, or the devnet’s developer)');
}

export function withInputOptions(command: Command): Command {
  return command
    .requiredOption(
      '--input <file>',
      'JSONL, JSON, CSV or TSV, also packed with gzip; - is standard input; NAME=FILE is one that the workflow joins by that name',
      collectInput(),
    )
    .option(
      '--format <name>',
      `of the input: ${INPUT_FORMATS.join(', ')}; NAME=… of one that is joined, as below (default: by its name)`,
      collectInput(parseFormat),
    )
    .option(
      '--delimiter <char>',
      'of CSV; `tab` for a tab (default: a comma, of TSV a tab)',
      collectInput(parseDelimiter),
    )
    .option('--quote <char>', 'of CSV and TSV; `none` if no character quotes (default: ")', collectInput(parseQuote))
    .option('--encoding <name>', 'of the input, such as utf-16le or windows-1252 (default: utf-8)', collectInput())
    .option(
      '--partition-rows <n>',
      'most rows of a partition (default: 1,000, and fewer if a task would need too much gas)',
      collectInput((value) => String(parseCount(value))),
    );
}

/** NAME=VALUE is the value for the input of that name. */
export function collectInput(parse: (value: string) => string = (value) => value) {
  return (text: string, before: InputFlags['input'] = []): InputFlags['input'] => {
    const [, name, value = text] = /^([A-Za-z][A-Za-z0-9_-]{0,63})=(.*)$/s.exec(text) ?? [];
    return [...before, { value: parse(value), ...(name === undefined ? {} : { name }) }];
  };
}

/** Options that say what answers for models on this machine, and whether the answers are kept. */
export type BackendFlags = { readonly backend?: string | undefined; readonly cache?: boolean | undefined };

export function withBackendOptions(command: Command): Command {
  return command
    .option(
      '--backend <url|file>',
      'OpenAI-compatible server for models other than builtin/small and datavm/…, or a file with its settings',
    )
    .option(
      '--no-cache',
      'run all operators and ask models anew, and keep nothing (default: in .mizu/operators and .mizu/answers)',
    );
}

/** The words of a command line with which the same server answers. */
export function backendArguments({ backend, cache }: BackendFlags): string {
  return `${backend === undefined ? '' : ` --backend ${shellWord(backend)}`}${cache === false ? ' --no-cache' : ''}`;
}

export function parseFormat(value: string): string {
  if ((INPUT_FORMATS as readonly string[]).includes(value)) return value;
  throw new InvalidArgumentError(`Allowed choices are ${INPUT_FORMATS.join(', ')}.`);
}

function parseDelimiter(value: string): string {
  return value === 'tab' || value === '\\t' ? '\t' : value;
}

function parseQuote(value: string): string {
  return value === 'none' ? '' : value;
}

export type GasPriceFlags = { readonly gasPrice?: bigint | undefined };

export function withGasPrice(command: Command): Command {
  return command.option(
    '--gas-price <wei>',
    'what a unit of gas is paid with; a higher price goes first (default: the network’s minimum)',
    parseGasPrice,
  );
}

function parseGasPrice(value: string): bigint {
  const wei = /^\d{1,29}$/.test(value) ? BigInt(value) : undefined;
  if (wei !== undefined && wei <= MAX_GAS_PRICE) return wei;
  throw new InvalidArgumentError('Expected wei of the token per gas, such as 2000000000.');
}

/** Connects, runs, and closes the connection whatever happens. */
export async function withNetwork<T>(flags: NetworkFlags, use: (network: Network) => Promise<T>): Promise<T> {
  const { discoverNetwork } = await import('../sdk/client/discover.ts');
  const { connectNetwork } = await import('../sdk/client/network.ts');
  const { rpc, l1, key: keyFile, rollup, chainId, maxFeeGwei, maxPriorityFeeGwei } = flags;
  const feeCaps = { maxFeeGwei, maxPriorityFeeGwei };
  const found = await discoverNetwork({ rpc, l1, keyFile, rollup, chainId });
  const network = await connectNetwork({ ...found, feeCaps, patience: { onOutage: createOutageReporter() } });
  try {
    return await use(network);
  } finally {
    await network.close();
  }
}

export function parseHash(value: string): Hex {
  const lower = value.toLowerCase();
  if (isHash(lower)) return lower;
  throw new InvalidArgumentError('Expected 0x and 64 hex digits, as `mizu runs` lists them.');
}

export function parseUrl(value: string): string {
  if (/^https?:$/.test(URL.canParse(value) ? new URL(value).protocol : '')) return value;
  throw new InvalidArgumentError('Expected an http or https URL.');
}

export function collectUrl(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, parseUrl(value)];
}

export function parseAddress(value: string): Address {
  if (/^0x[0-9a-fA-F]{40}$/.test(value)) return value.toLowerCase() as Address;
  throw new InvalidArgumentError('Expected 0x and 40 hex digits.');
}

export function parseChainId(value: string): number {
  const id = Number(value);
  if (Number.isSafeInteger(id) && id >= 1) return id;
  throw new InvalidArgumentError('Expected a chain id, such as 1.');
}

export function parseCount(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 1 && count <= 1_000_000) return count;
  throw new InvalidArgumentError('Expected a number from 1 on.');
}

/** Rows of a quote's dry run if the option is not given. */
export const SAMPLE_ROWS = 20;
const MAX_SAMPLE_ROWS = 1_000;

/** A number that counts from 0. */
export function parsePlace(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Expected a number from 0 on.');
}

export function parseCase(value: string): bigint {
  if (/^[1-9]\d{0,15}$/.test(value)) return BigInt(value);
  throw new InvalidArgumentError('Expected the number of a case, from 1 on.');
}

export function parseSampleRows(value: string): number {
  const rows = Number(value);
  if (Number.isInteger(rows) && rows >= 4 && rows <= MAX_SAMPLE_ROWS) return rows;
  throw new InvalidArgumentError(`Expected 4 to ${MAX_SAMPLE_ROWS} rows.`);
}

/** Gas that one task may use, such as 5000000000 or 5G. */
export function parseTaskGas(value: string): bigint {
  const match = /^(\d{1,14}(?:\.\d{1,3})?)([kMG]?)$/.exec(value);
  const gas =
    match === null ? 0n : BigInt(Math.round(Number(match[1]) * GAS_UNITS[match[2] as keyof typeof GAS_UNITS]));
  if (gas >= 1n && gas <= MAX_STAGE_GAS) return gas;
  throw new InvalidArgumentError(`Expected gas from 1 to ${MAX_STAGE_GAS}, such as 5G.`);
}

const GAS_UNITS = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

export function parseHours(value: string): number {
  const hours = Number(value);
  if (hours > 0 && hours <= 24 * 30) return hours;
  throw new InvalidArgumentError('Expected hours above 0, at most 720.');
}
