// docs/kernel.md#receipt: the kernel's own account of one step, as JSON.
import type { Address, Hex } from '../protocol/hex.ts';

export type ReceiptItem = {
  readonly run: Hex;
  readonly stage: number;
  readonly partition: number;
  readonly ok: boolean;
  readonly error?: string;
  readonly outputRoot: Hex;
  readonly outputLength: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly feeWei: string;
};

export type Receipt = {
  readonly kind: string;
  readonly ok: boolean;
  readonly error?: string;
  readonly sender?: Address;
  readonly nonce?: number;
  readonly workflow?: Hex;
  readonly run?: Hex;
  readonly stage?: number;
  readonly partition?: number;
  readonly status?: number;
  readonly outputRoot?: Hex;
  readonly outputLength?: number;
  readonly gasUsed?: number;
  readonly feeWei?: string;
  readonly requestRoot?: Hex;
  readonly items?: readonly ReceiptItem[];
  readonly runStatus?: 'running' | 'done' | 'failed' | 'cancelled' | 'expired';
  readonly datasetRoot?: Hex;
  readonly datasetLength?: number;
  readonly account?: Address;
  readonly amountWei?: string;
  readonly withdrawal?: number;
};

/** The bytes come from the kernel: anything but a JSON object is a broken kernel. */
export function parseReceipt(bytes: Uint8Array): Receipt {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  if (typeof value !== 'object' || value === null || !('kind' in value)) throw new Error('the receipt is no object');
  return value as Receipt;
}
