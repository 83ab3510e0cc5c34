// docs/operations.md#http: what is wrong with a value that somebody has sent, in a few words: it may be wrong in a million places.
import type { z } from 'zod';
import { bounded } from '../../protocol/text.ts';

const SHOWN = 5;
const MAX_ISSUE = 200;

/** The first few places with what was expected there. */
export function describeZodIssues({ issues }: z.ZodError): string {
  const shown = issues
    .slice(0, SHOWN)
    .map(({ path, message }) => bounded(`${path.map(String).join('.') || 'it'}: ${message}`, MAX_ISSUE));
  const others = issues.length - shown.length;
  return others > 0 ? `${shown.join('; ')}; and ${others} more` : shown.join('; ');
}
