// docs/messages.md, docs/kernel.md: the numbers that all parties share. A constant exists once: Solidity's are
// generated from here.

export const DOMAIN_NAME = 'MIZU';
export const DOMAIN_VERSION = '1';

export const TAG = {
  leaf: 0,
  node: 1,
  object: 2,
  program: 3,
  random: 4,
  workflow: 5,
  run: 6,
  seed: 7,
  machine: 8,
  halted: 9,
  context: 10,
} as const;

export const MAX_MESSAGE_BYTES = 256 * 1024;
export const MAX_BATCH_BYTES = 4 * 1024 * 1024;
export const MAX_BATCH_MESSAGES = 4096;
/**
 * The most bytes that all sequenced messages of a batch have together: several entries may name the same bytes, and
 * each is a step.
 */
export const MAX_SEQUENCED_BYTES = 64 * 1024 * 1024;
export const MAX_DELAYED_BYTES = 4096;
/** The most overdue delayed messages that one batch has to take in; those beyond wait for the next batch. */
export const MAX_DELAYED_DUE = 1024;

export const MAX_PARTITIONS = 1024;
export const MAX_PARTITION_BYTES = 1024 * 1024;
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
export const MAX_PROGRAMS = 64;
export const MAX_STAGES = 256;
export const MAX_STAGE_INPUTS = 8;
export const MAX_INFERENCE_ITEMS = 32;
export const MAX_COMMITTEE = 32;
export const MIN_COMMITTEE = 3;
export const MAX_PREIMAGE_BYTES = 1024;
/** The most bytes of one `log` of a user program; what is longer is cut. */
export const MAX_LOG_BYTES = 4096;
/** The most gateways that a run names. */
export const MAX_RUN_GATEWAYS = 8;
/** The most gateways in a model's entry. */
export const MAX_MODEL_GATEWAYS = 8;
/** The most bytes of all inputs of one task together, without its parameters. */
export const MAX_TASK_INPUT_BYTES = 256 * 1024 * 1024;
/** The most bytes of a program's code: 2^23 instructions, so that every engine can hold it. */
export const MAX_CODE_BYTES = 2n ** 27n;
/** The most bytes of a program's passive data. */
export const MAX_DATA_BYTES = 2n ** 30n;
/** The most bytes of a program's WebAssembly module. */
export const MAX_WASM_BYTES = 32 * 1024 * 1024;
/** The longest time, in seconds, for which a certificate may promise its objects: 400 days. */
export const MAX_RETENTION_SECONDS = 34_560_000n;

export const RUN_INPUT = 0xffff;

// Gas that the kernel itself uses for a message, rounded up: `node --import ./scripts/ts.mjs bench/kernel.ts`.
export const MESSAGE_BASE_GAS = 250_000n;
export const MESSAGE_BYTE_GAS = 1_000n;
export const TASK_BASE_GAS = 400_000n;
/** Gas for each stage that a run must know. */
export const STAGE_GAS = 50_000n;
/**
 * Gas for each signature of an InferenceResult, the gateway's and each member's: recovering one takes 1.4 ms. The items
 * share it.
 */
export const SIGNATURE_GAS = 75_000n;
/** Gas for a task's entry in the manifest of its dataset. */
export const SINK_GAS = 20_000n;

// The gas of what loading a task costs everyone, docs/kernel.md#loading: no gas of it may buy more than
// SLOWEST_NS_PER_GAS.
/** Nanoseconds that one gas may take in the slowest engine: the clocks of a dispute are counted from it. */
export const SLOWEST_NS_PER_GAS = 20n;
export const LOAD_BASE_GAS = 200_000n;
export const LOAD_CODE_BYTE_GAS = 4n;
export const LOAD_WASM_BYTE_GAS = 8n;
/** Gas for each byte of a program's image, slots and data. */
export const LOAD_IMAGE_BYTE_GAS = 1n;
/** Gas for each page of linear memory that a program may touch. */
export const PAGE_GAS = 3_000n;
export const INPUT_GAS = 10_000n;
export const INPUT_BYTE_GAS = 2n;
/** Gas for each byte that everyone keeps: a certificate's, or one that a program writes to its output. */
export const KEEP_BYTE_GAS = 10n;

/**
 * docs/kernel.md#gas-price: the highest price of gas, in wei. It is the most that can ever exist of the token, and
 * times any count of gas (64 bits) it is below 2^160.
 */
export const MAX_GAS_PRICE = 2n ** 96n - 1n;

/** docs/contracts.md#gas-price: by which L1 raises or lowers the least price at most in one change. */
export const GAS_PRICE_FACTOR = 2n;

/** The highest gas limit of one task. At SLOWEST_NS_PER_GAS it is 344 s for one pass of the slowest engine. */
export const MAX_STAGE_GAS = 2n ** 34n;
/** More gas than the kernel itself ever uses in one step: docs/kernel.md#cost. */
export const MAX_KERNEL_GAS = 2n ** 28n;

export const STATUS_FAULT = 256;

export const KIND = {
  Deploy: 0x01,
  Run: 0x02,
  Cancel: 0x03,
  Withdraw: 0x04,
  Renew: 0x05,
  Settle: 0x06,
  Advance: 0x10,
  InferenceResult: 0x11,
  Expire: 0x12,
  Deposit: 0x20,
  GatewayChanged: 0x21,
  ModelChanged: 0x22,
  CommitteeChanged: 0x23,
  ItemVoided: 0x24,
  GasPriceChanged: 0x25,
} as const;

export type MessageKind = keyof typeof KIND;

export const RUN_STATUS = { running: 1, done: 2, failed: 3, cancelled: 4, expired: 5 } as const;
export const TASK_STATUS = { open: 0, done: 1, failed: 2 } as const;
/** docs/kernel.md#voided: the most times that items of one run are voided; no attempt is above it. */
export const MAX_VOIDS = 0xffff;
export const MODEL_CLASS = { exact: 0, tolerance: 1, provenance: 2 } as const;
