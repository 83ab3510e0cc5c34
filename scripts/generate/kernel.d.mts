export function generateKernel(): { path: string; content: Buffer };
export function compile(entry: string, target: string): string;
