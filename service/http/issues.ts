// docs/operations.md#http: says in a few words what is wrong with a value that somebody has sent, even if it is wrong in a million places.
import type { z } from 'zod';
import { bounded } from '../../protocol/text.ts';

const SHOWN = 5;
const MAX_ISSUE = 200;

/** Names the first few places and what was expected there. */
export function describeZodIssues({ issues }: z.ZodError): string {
  const shown = issues
    .slice(0, SHOWN)
    .map(({ path, message }) => bounded(`${path.map(String).join('.') || 'it'}: ${message}`, MAX_ISSUE));
  const others = issues.length - shown.length;
  return others > 0 ? `${shown.join('; ')}; and ${others} more` : shown.join('; ');
}
