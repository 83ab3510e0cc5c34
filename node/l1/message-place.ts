// docs/prover.md#derivation: where a message stands.

/** A message by its place in the inbox: `message` counts the batch's messages from its first delayed one. */
export type MessagePlace = { readonly batch: bigint; readonly message: number };

/** An item of an InferenceResult by its place: `index` counts the message's items. */
export type ItemAt = MessagePlace & { readonly index: number };
