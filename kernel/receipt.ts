// docs/kernel.md#receipt: the receipt of a step as data.
import type { MessageKind } from '../protocol/constants.ts';
import type { Address, Hex } from '../protocol/hex.ts';

export type RunStatusName = 'running' | 'done' | 'failed' | 'cancelled' | 'expired';

export type ReceiptItem = {
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly ok: boolean;
  readonly error?: string;
  readonly outputRoot: Hex;
  readonly outputLength?: number;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  /** Wei, decimal. */
  readonly feeWei?: string;
  readonly runStatus?: RunStatusName;
  readonly datasetRoot?: Hex;
  readonly datasetLength?: number;
};

export type Receipt = {
  readonly kind: MessageKind | 'Empty' | 'Unknown';
  readonly ok: boolean;
  readonly error?: string;
  readonly sender?: Address;
  readonly nonce?: number;
  readonly workflow?: Hex;
  readonly run?: Hex;
  readonly stage?: number;
  readonly partition?: number;
  /** Of a task that runs again. */
  readonly attempt?: number;
  readonly status?: number;
  readonly outputRoot?: Hex;
  readonly outputLength?: number;
  readonly gasUsed?: number;
  readonly feeWei?: string;
  readonly items?: readonly ReceiptItem[];
  readonly runStatus?: RunStatusName;
  readonly datasetRoot?: Hex;
  readonly datasetLength?: number;
  readonly account?: Address;
  readonly amountWei?: string;
  readonly withdrawal?: number;
};

/** The bytes are the kernel's own output; who has fetched them has checked them against `receiptHash`. */
export function decodeReceipt(bytes: Uint8Array): Receipt {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Receipt;
}
