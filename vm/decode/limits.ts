// docs/vm.md#program: how large a module may be; a refusal names the bound that is broken.

export const MODULE_BYTES_MAX = 64 * 1024 * 1024;
export const TYPES_MAX = 100_000;
export const FUNCTIONS_MAX = 100_000;
/** V8 takes 7.6 MB; the rewrite makes a function up to three times as long. */
export const FUNCTION_BYTES_MAX = 2 * 1024 * 1024;
export const IMPORTS_MAX = 1_000;
export const EXPORTS_MAX = 100_000;
export const GLOBALS_MAX = 16_384;
export const TABLE_ENTRIES_MAX = 1_000_000;
export const ELEMENT_SEGMENTS_MAX = 100_000;
/** As many as V8 takes. Go's linker begins a new segment after every eight zeros, and stops at this number. */
export const DATA_SEGMENTS_MAX = 100_000;
export const LOCALS_MAX = 32_000;
/** V8 takes 1000 parameters and 1000 results; the rewrite adds gas and frame to them. */
export const PARAMETERS_MAX = 998;
export const RESULTS_MAX = 998;
export const BRANCH_TARGETS_MAX = 65_000;
export const NESTING_MAX = 10_000;
/**
 * The most weight (docs/vm.md#weight) of one function: six times that of the heaviest function of CPython, esbuild and
 * QuickJS.
 */
export const FUNCTION_WEIGHT_MAX = 2 ** 21;
/**
 * The most weight of all functions: so much, and so much more for each byte of the module. Published modules have up to
 * 3 for a byte.
 */
export const WEIGHT_BASE = 2 ** 20;
export const WEIGHT_PER_BYTE = 16;
/**
 * The most loops times instructions of one function: V8's optimizing compiler keeps a bit for each such pair. The
 * largest published function has 3.4 million.
 */
export const LOOP_WEIGHT_MAX = 2 ** 26;
