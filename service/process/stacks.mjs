// docs/operations.md#stacks: source maps are read when a stack is shown. Node's own way (--enable-source-maps) reads them at every import and parses
// them at the first look at any error's stack. JavaScript, because it works before TypeScript can be loaded.
import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';
import { types } from 'node:util';

const build = new URL('../../build/', import.meta.url).href;
/** A part of a bundle (scripts/bundle.mjs), or a module by itself with the name of what it was compiled to (scripts/ts-loader.mjs). */
const PLACE = /(file:\/\/\S{1,1000}?)(?:\?([0-9a-f]{64}))?:(\d{1,9}):(\d{1,9})(?![\d…])/g;
const PART = /^bundle\/[\w.%@-]*\w\/[\w-]+\.mjs$/;
const INLINE = /\/\/# sourceMappingURL=data:application\/json;base64,([\w+/=]+)/;
/** Only files that are there: a text that names others leaves nothing behind. */
const read = new Map();

/** The text with the places of TypeScript sources instead of those in what was made of them. Places that nothing is known about stay. */
export function mapStack(text) {
  return text.replace(PLACE, (place, url, key, line, column) => {
    const map = mapOf(url, key);
    // What the bundler has added belongs to no source.
    const { originalSource, originalLine, originalColumn } = map?.findEntry(line - 1, column - 1) ?? {};
    if (!originalSource) return place;
    return `${fileURLToPath(new URL(originalSource, url))}:${originalLine + 1}:${originalColumn + 1}`;
  });
}

/** What ends this process or thread is told by its places in the sources. */
export function mapUncaught() {
  process.on('uncaughtExceptionMonitor', (error) => {
    const seen = new Set([error]);
    for (const one of seen) {
      if (!types.isNativeError(one)) continue;
      if (typeof one.stack === 'string') Reflect.defineProperty(one, 'stack', { value: mapStack(one.stack) });
      seen.add(one.cause);
      if (Array.isArray(one.errors)) for (const part of one.errors) seen.add(part);
    }
  });
}

function mapOf(url, key) {
  const isPart = key === undefined && url.startsWith(build) && PART.test(url.slice(build.length));
  if (!isPart && key === undefined) return undefined;
  const file = isPart ? `${url}.map` : `${build}ts/${key}.mjs`;
  if (!read.has(file)) {
    try {
      const text = readFileSync(new URL(file), 'utf8');
      const json = isPart ? text : Buffer.from(INLINE.exec(text)[1], 'base64').toString();
      read.set(file, new SourceMap(JSON.parse(json)));
    } catch {
      return undefined;
    }
  }
  return read.get(file);
}
