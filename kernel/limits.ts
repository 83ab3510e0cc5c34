// docs/kernel.md#limits: bounds that only the kernel enforces. With those of protocol/constants.ts they keep a step's work and memory bounded.

/** Tasks of one stage. */
export const MAX_STAGE_WIDTH = 1024;
/** Objects that one task may read, its parameters not counted. */
export const MAX_TASK_INPUTS = 8192;
/** Tasks whose outputs make up one dataset; also those of all runs that one message completes. */
export const MAX_SINK_TASKS = 8192;
/** Tokens of one inference item, input or output. */
export const MAX_ITEM_TOKENS = 2n ** 32n;
