// docs/operations.md#children: a worker whose Vitest was killed runs no further tests, and what it has started ends with it.
// It is read again before each file of a worker, which listens once.
if (!process.listeners('disconnect').some(({ name }) => name === endWithVitest.name))
  process.once('disconnect', endWithVitest);

function endWithVitest(): void {
  process.exit(1);
}
