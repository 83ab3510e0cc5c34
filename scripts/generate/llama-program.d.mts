export function generateLlama(): { path: string; content: string };
export function compileLlamaProbe(): Buffer<ArrayBuffer>;
