// docs/contracts.md#generated: a file that a generator writes, and that the check compares.

/** `path` is relative to the root of the repository. */
export type GeneratedFile = { readonly path: string; readonly content: string };
