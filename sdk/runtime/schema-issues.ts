// docs/sdk.md#operators: what zod has against a value, in the words of a reject's reason.

export function describeIssues(
  issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[],
): string {
  const shown = issues
    .slice(0, 4)
    .map((issue) => `${issue.path.length === 0 ? 'row' : issue.path.map(String).join('.')}: ${issue.message}`);
  return issues.length > shown.length
    ? `${shown.join('; ')}; and ${issues.length - shown.length} more`
    : shown.join('; ');
}
