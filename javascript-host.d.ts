// CONTRIBUTING.md#floors: all that the pure folders may use of the host beyond the language itself: what Node and browsers both have.
// `tsconfig.pure.json` checks them against this file instead of the types of Node and DOM.

type BufferSource = ArrayBufferView | ArrayBuffer;

declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: BufferSource): string;
}

declare function atob(base64: string): string;

declare namespace WebAssembly {
  class Module {
    constructor(bytes: BufferSource);
    static customSections(module: Module, name: string): ArrayBuffer[];
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  class Memory {
    constructor(limits: { initial: number; maximum?: number; shared?: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global<T = unknown> {
    constructor(type: { value: string; mutable?: boolean }, value?: T);
    value: T;
  }
  function validate(bytes: BufferSource): boolean;
}
