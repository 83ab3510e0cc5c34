// docs/errors.md#kernel-reasons: why the kernel refuses a message, read from its source.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'kernel/assembly';
/** The functions themselves. */
const WITHOUT = 'refusal.ts';
const CALL = /\brefuse(|Number|Bound|Wei|Bytes|Unknown)\(/g;
/** What stands in place of the bound, by the function that writes the reason. */
const BOUNDS: Readonly<Record<string, string>> = { Bound: 'N', Wei: 'N wei', Bytes: '0x…' };
const HEAD = /^\/\/ (?:docs\/[\w./]+(?:#[\w-]+)?(?:, )?(?:#[\w-]+)?)+: (.*)$/m;

export type Reasons = { readonly file: string; readonly about: string; readonly reasons: readonly string[] };

/** By file of the kernel, with what its first line says that the file does. */
export function kernelReasons(root: string): Reasons[] {
  return readdirSync(join(root, FOLDER))
    .filter((file) => file.endsWith('.ts') && file !== WITHOUT)
    .sort()
    .flatMap((file) => {
      const text = readFileSync(join(root, FOLDER, file), 'utf8');
      const calls = [...text.matchAll(CALL)].flatMap((call) => readReasons(text, call));
      const reasons = [...new Set(calls)];
      return reasons.length === 0 ? [] : [{ file: `${FOLDER}/${file}`, about: HEAD.exec(text)?.[1] ?? '', reasons }];
    });
}

/** More than one if the source chooses between texts. A field that is no text was given by the caller. */
function readReasons(source: string, { 0: call, 1: kind = '', index }: RegExpExecArray): string[] {
  const [field = '', expected = ''] = argumentsAt(source, index + call.length);
  const name = textsOf(field)[0] ?? 'FIELD';
  return textsOf(expected).map((text) => `${name}: expected ${text}${BOUNDS[kind] ?? ''}`);
}

/** What stands between the commas, up to the bracket that closes the call. */
function argumentsAt(source: string, from: number): string[] {
  const found = [''];
  let depth = 0;
  let isText = false;
  for (const char of source.slice(from)) {
    if (char === "'") isText = !isText;
    if (!isText && char === ')' && depth-- === 0) break;
    if (!isText && char === '(') depth++;
    if (!isText && char === ',' && depth === 0) found.push('');
    else found[found.length - 1] += char;
  }
  return found;
}

function textsOf(source: string): string[] {
  return [...source.matchAll(/'([^']*)'/g)].map((match) => match[1] as string);
}
