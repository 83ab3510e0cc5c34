// docs/vm.md#quickjs: the JavaScript that runs before a bundle: the `io` of a program, `console`, text coding, error reports.

/**
 * An expression: a function that takes the host function by letter (see assembly/glue.ts) and returns `[main setter, start,
 * finish, fail]`. QuickJS is given it as source; nothing here is reachable from a bundle but what it puts on `globalThis`.
 */
export const PRELUDE = String.raw`(() => {
  'use strict';
  const host = (letter) => globalThis['mizu:' + letter];
  const nextLine = host('n'), lineJson = host('j'), lineText = host('t'), write = host('w'), openLines = host('o');
  const inputCount = host('c'), inputSize = host('s'), readBytes = host('r'), readText = host('x');
  const log = host('l'), random = host('a'), encode = host('e'), decode = host('d'), callGuarded = host('g'), quit = host('q');
  const hash = host('h'), nearKey = host('k'), group = host('p'), lineRow = host('f'), nearPairs = host('b'), unite = host('m'), repeats = host('y'), similarVectors = host('V');
  const seal = host('z'), sealWith = host('v'), canonical = host('J'), lineIndex = host('i'), hashFirst = host('u');
  for (const letter of 'njtwocsrxlaedgqhkpfbmyzvJiuV') delete globalThis['mizu:' + letter];
  const { RangeError, TypeError, Error, Uint8Array, Uint32Array, ArrayBuffer, Object, String, JSON } = globalThis;
  const isInteger = Number.isInteger, ceil = Math.ceil, max = Math.max;

  const assertInput = (index) => {
    if (!isInteger(index) || index < 0 || index >= inputCount()) {
      throw new RangeError('there is no input ' + String(index) + '; the task has ' + inputCount() + ' inputs (0 to ' + (inputCount() - 1) + ')');
    }
  };
  const assertRange = (index, offset, length) => {
    assertInput(index);
    const size = inputSize(index);
    if (!isInteger(offset) || !isInteger(length) || offset < 0 || length < 0 || offset + length > size) {
      throw new RangeError('bytes ' + offset + ' to ' + (offset + length) + ' are not within input ' + index + ' of ' + size + ' bytes');
    }
  };
  const parameters = (kind) => {
    if (inputCount() === 0) return [];
    return readText(0, 0, inputSize(0)).split('\0').slice(0, -1).filter((text) => text[0] === kind).map((text) => text.slice(1));
  };
  const text = (value) => {
    if (typeof value === 'string') return value;
    if (value instanceof Error) return describe(value);
    if (typeof value === 'object' && value !== null) {
      try { return JSON.stringify(value) ?? String(value); } catch { return Object.prototype.toString.call(value); }
    }
    return String(value);
  };
  const describe = (error) => {
    if (!(error instanceof Error)) return 'Uncaught ' + text(error);
    const cause = error.cause === undefined ? '' : '\n  caused by ' + text(error.cause);
    return error.name + ': ' + error.message + '\n' + (error.stack ?? '') + cause;
  };

  // [polls from which on QuickJS is interrupted, polls so far]: see assembly/glue.ts.
  const cells = new Uint32Array(2), cellBytes = new Uint8Array(cells.buffer);
  const guarded = (compute, commit, budget) => {
    const limit = max(1, ceil(budget / 10000));
    let ended = false;
    const run = () => {
      for (;;) {
        // The first poll comes earlier than after 10,000 jumps: one more is surely too many, one less surely not.
        cells[1] = 0; cells[0] = limit + 1;
        const more = compute();
        cells[0] = 0;
        if (cells[1] >= limit) return;
        if (!more) { ended = true; return; }
        commit();
      }
    };
    let again;
    const runAgain = () => { again = compute(); };
    for (;;) {
      if (!callGuarded(run, cellBytes)) { cells[0] = 0; return false; }
      if (ended) return true;
      // In between it is counted once more, from a poll on: what a call may take must not depend on what went before it.
      for (cells[1] = 0; cells[1] === 0;);
      cells[1] = 0; cells[0] = limit;
      const returned = callGuarded(runAgain, cellBytes);
      cells[0] = 0;
      if (!returned || cells[1] >= limit) return false;
      if (!again) return true;
      commit();
    }
  };

  class TextEncoder {
    get encoding() { return 'utf-8'; }
    encode(value = '') { return encode(String(value).toWellFormed()); }
    encodeInto(value, target) {
      let read = 0, written = 0;
      for (const character of String(value).toWellFormed()) {
        const bytes = encode(character);
        if (written + bytes.length > target.length) break;
        target.set(bytes, written);
        written += bytes.length;
        read += character.length;
      }
      return { read, written };
    }
  }
  class TextDecoder {
    constructor(label = 'utf-8') {
      if (!/^utf-?8$/i.test(label)) throw new RangeError('only UTF-8 is supported, not ' + label);
    }
    get encoding() { return 'utf-8'; }
    decode(value) {
      if (value === undefined) return '';
      if (value instanceof ArrayBuffer) return decode(new Uint8Array(value));
      return decode(value instanceof Uint8Array ? value : new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    }
  }
  const say = (...values) => log(values.map(text).join(' ') + '\n');
  const define = (target, name, value) => Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
  define(globalThis, 'console', { log: say, info: say, warn: say, error: say, debug: say });
  define(globalThis, 'TextEncoder', TextEncoder);
  define(globalThis, 'TextDecoder', TextDecoder);
  define(Math, 'random', () => random());

  const createIo = () => Object.freeze({
    params: Object.freeze(parameters('a')),
    env: Object.freeze(Object.fromEntries(parameters('e').map((entry) => {
      const at = entry.indexOf('=');
      return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    }))),
    inputCount: () => inputCount(),
    inputSize: (index) => { assertInput(index); return inputSize(index); },
    read: (index, offset, length) => { assertRange(index, offset, length); return readBytes(index, offset, length); },
    readText: (index, offset, length) => { assertRange(index, offset, length); return readText(index, offset, length); },
    open: (index) => { assertInput(index); openLines(index); },
    next: () => nextLine(),
    line: () => lineText(),
    json: () => lineJson(),
    write: (value) => {
      if (typeof value !== 'string' && !(value instanceof Uint8Array)) {
        throw new TypeError('io.write takes a string or a Uint8Array, not ' + (value === null ? 'null' : typeof value));
      }
      write(value);
    },
    log: (value) => log(String(value)),
    guarded: (compute, commit, budget) => guarded(compute, commit, budget),
    hash: (value, seed) => new Uint32Array(hash(String(value).toWellFormed(), seed).buffer),
    nearKey: (source, options, ordinal) => {
      const bytes = nearKey(source, options, ordinal);
      return bytes === undefined ? undefined : new Uint32Array(bytes.buffer);
    },
    group: (records, words, groups) => group(records, words, groups),
    nearPairs: (bucket) => new Uint32Array(nearPairs(bucket).buffer),
    unite: (pairs, rows) => new Uint32Array(unite(pairs, rows).buffer),
    repeats: (group, base, count) => new Uint32Array(repeats(group, base, count).buffer),
    similarVectors: (partition) => new Uint32Array(similarVectors(partition).buffer),
    row: () => lineRow(),
    index: () => lineIndex(),
    hashFirst: (value, seed) => hashFirst(value, seed) ?? hashFirst(value.toWellFormed(), seed),
    seal, sealWith, canonical,
  });

  let main, settled = false;
  const fail = (error) => { log(describe(error) + '\n'); quit(1); };
  const start = () => {
    const result = main(createIo());
    if (result !== null && typeof result === 'object' && typeof result.then === 'function') {
      result.then(() => { settled = true; }, fail);
    } else settled = true;
  };
  const finish = () => {
    if (!settled) fail(new Error('the program ended while a promise was still pending'));
  };
  const take = () => {
    main = globalThis.__mizu_main;
    delete globalThis.__mizu_main;
    return typeof main === 'function';
  };
  return [take, start, finish, fail];
})()`;
