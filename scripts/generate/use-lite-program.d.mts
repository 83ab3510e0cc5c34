export function generateUseLite(): { path: string; content: string };
export function compileUseLiteSimd(): Buffer<ArrayBuffer>;
