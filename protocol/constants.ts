// docs/messages.md, docs/kernel.md: the numbers that all parties share. A constant exists once: Solidity's are generated from here.

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
export const MAX_DELAYED_BYTES = 4096;

export const MAX_PARTITIONS = 1024;
export const MAX_PARTITION_BYTES = 1024 * 1024;
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
export const MAX_PROGRAMS = 64;
export const MAX_STAGES = 256;
export const MAX_STAGE_INPUTS = 8;
export const MAX_INFERENCE_ITEMS = 32;
export const MAX_COMMITTEE = 32;
export const MAX_PREIMAGE_BYTES = 1024;

export const RUN_INPUT = 0xffff;

// What the kernel itself executes for a message, rounded up: `node --import ./scripts/ts.mjs kernel/measure.ts`.
export const MESSAGE_BASE_GAS = 250_000n;
export const MESSAGE_BYTE_GAS = 1_000n;
export const TASK_BASE_GAS = 300_000n;

export const STATUS_FAULT = 256;

export const KIND = {
  Deploy: 0x01,
  Run: 0x02,
  Cancel: 0x03,
  Withdraw: 0x04,
  Advance: 0x10,
  InferenceResult: 0x11,
  Expire: 0x12,
  Deposit: 0x20,
  GatewayChanged: 0x21,
  ModelChanged: 0x22,
  CommitteeChanged: 0x23,
} as const;

export type MessageKind = keyof typeof KIND;

export const RUN_STATUS = { running: 1, done: 2, failed: 3, cancelled: 4, expired: 5 } as const;
export const TASK_STATUS = { done: 1, failed: 2 } as const;
export const MODEL_CLASS = { exact: 0, tolerance: 1, provenance: 2 } as const;
