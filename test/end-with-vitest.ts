// docs/operations.md#children: a worker whose Vitest was killed runs no further tests, and what it has started ends with it.
process.once('disconnect', () => process.exit(1));
