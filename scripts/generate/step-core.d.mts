/** A generated file: its path in the repository and its text. */
export function generateStepCore(): Promise<{ path: string; content: string }>;
