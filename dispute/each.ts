// docs/disputes.md#game: games are isolated for who plays them, too: what fails in one keeps no other from its move.

/**
 * Tries `act` on each item. The result is true if one of them did something.
 * @throws the first error, after all were tried
 */
export async function eachOnItsOwn<T>(items: readonly T[], act: (item: T) => Promise<boolean>): Promise<boolean> {
  const errors: unknown[] = [];
  let done = false;
  for (const item of items) {
    try {
      done = (await act(item)) || done;
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
  return done;
}
