export function generateLlama(): { path: string; content: string };
export function compileLlamaProbe(): Buffer<ArrayBuffer>;
export function compileLlamaAlone(source: string, withVectors: boolean): Buffer<ArrayBuffer>;
