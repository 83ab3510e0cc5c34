// docs/vm.md#quickjs: strings and values of QuickJS from outside, while a program is built.
import type { EngineExports } from './engine.ts';

export type GuestText = { readonly pointer: number; readonly length: number };

export type Values = ReturnType<typeof createValues>;

export function createValues(exports: EngineExports) {
  const bytes = () => new Uint8Array(exports.memory.buffer);
  const newText = (text: string): GuestText => {
    const encoded = new TextEncoder().encode(text);
    const pointer = exports.wasm_malloc(encoded.length + 1);
    if (pointer === 0) throw new Error('QuickJS is out of memory');
    bytes().set(encoded, pointer);
    bytes()[pointer + encoded.length] = 0;
    return { pointer, length: encoded.length };
  };
  const release = (text: GuestText) => exports.wasm_free(text.pointer);
  const toText = (value: number): string => {
    const lengthResult = exports.wasm_malloc(4);
    const pointer = exports.qjs_get_string_len(value, lengthResult);
    const length = new DataView(exports.memory.buffer).getUint32(lengthResult, true);
    const text = pointer === 0 ? '(no text)' : Buffer.from(bytes().slice(pointer, pointer + length)).toString();
    if (pointer !== 0) exports.qjs_free_cstring(pointer);
    exports.wasm_free(lengthResult);
    return text;
  };
  const property = (value: number, name: string): string => {
    const text = newText(name);
    const found = exports.qjs_get_prop_string(value, text.pointer);
    const result = toText(found);
    exports.qjs_free_value(found);
    release(text);
    return result;
  };
  const describe = (error: number): string => {
    const stack = property(error, 'stack');
    return stack === 'undefined' ? toText(error) : `${toText(error)}\n${stack.trimEnd()}`;
  };
  return {
    newText,
    release,
    free: (value: number): void => exports.qjs_free_value(value),
    isException: (value: number): boolean => exports.qjs_is_exception(value) !== 0,
    toBoolean: (value: number): boolean => exports.qjs_get_bool(value) !== 0,
    evaluate: (source: string, fileName: string): number => {
      const code = newText(source);
      const name = newText(fileName);
      const result = exports.qjs_eval(code.pointer, code.length, name.pointer, 0);
      release(code);
      release(name);
      return result;
    },
    call: (callee: number): number => exports.qjs_call(callee, exports.qjs_get_undefined(), 0, 0),
    setGlobal: (name: string, value: number): void => {
      const text = newText(name);
      const global = exports.qjs_get_global();
      exports.qjs_set_prop_string(global, text.pointer, value);
      exports.qjs_free_value(global);
      exports.qjs_free_value(value);
      release(text);
    },
    /** An error or any other value, with its stack if it has one. */
    describe,
    /** The pending exception with its stack. */
    takeError: (): string => {
      const error = exports.qjs_get_exception();
      const text = describe(error);
      exports.qjs_free_value(error);
      return text;
    },
  };
}
