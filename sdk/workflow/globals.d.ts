// What a workflow file may use besides the language itself: docs/sdk.md#pure.
declare const console: { log(...values: unknown[]): void; error(...values: unknown[]): void };
declare class TextEncoder {
  encode(text?: string): Uint8Array;
}
declare class TextDecoder {
  decode(bytes?: Uint8Array): string;
}
