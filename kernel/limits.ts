// docs/kernel.md#limits: bounds that only the kernel enforces. With those of protocol/constants.ts they bound a step's
// work and memory.

/** The most tasks of one stage. */
export const MAX_STAGE_WIDTH = 1024;
/** The most objects that one task reads, its parameters not counted. */
export const MAX_TASK_INPUTS = 8192;
/** The most tasks whose outputs make up one dataset. It also bounds those of all runs that one message completes. */
export const MAX_SINK_TASKS = 8192;
/** The most tokens of one inference item, for its input and for its output. */
export const MAX_ITEM_TOKENS = 2n ** 32n;
