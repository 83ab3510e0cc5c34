export function generateKernelConstants(): Promise<{ path: string; content: string }>;
