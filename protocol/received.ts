// docs/messages.md: a message as it has come, with its hash and its decoded form; each is worked out once, when it is
// first asked for.
import type { Hex } from './hex.ts';
import { decodeMessage, type Message, readMessage } from './messages.ts';
import { keccakHex } from './tree.ts';

export type ReceivedMessage = {
  readonly bytes: Uint8Array;
  readonly hash: Hex;
  /** Undefined if the bytes are no message: through L1 anyone may put any bytes into a batch. */
  readonly message: Message | undefined;
};

/** Keeps the bytes, which must not change. `hash` is given if it is known. */
export function receiveMessage(bytes: Uint8Array, hash?: Hex): ReceivedMessage {
  let read: { readonly message: Message | undefined } | undefined;
  let known = hash;
  return {
    bytes,
    get hash() {
      known ??= keccakHex(bytes);
      return known;
    },
    get message() {
      read ??= { message: readMessage(bytes) };
      return read.message;
    },
  };
}

/**
 * The decoded message.
 * @throws MizuError `protocol/malformed` if there is none
 */
export function requireMessage({ bytes, message }: ReceivedMessage): Message {
  return message ?? decodeMessage(bytes);
}
