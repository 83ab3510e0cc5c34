export function mapStack(text: string): string;
export function mapUncaught(): void;
