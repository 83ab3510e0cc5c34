// docs/models.md#small: writes the bundle of `datavm/small` and the manifests of the models that the SDK builds; `--check` only says so.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { unpackWeights } from '../../edge/backends/model/weights.ts';
import { readSmallWeights } from '../../edge/backends/model/weights-file.ts';
import { formatManifest, type ModelManifest } from '../../models/manifest.ts';
import { buildSmall, countWeights } from '../../models/small/build.ts';
import { buildUseLite } from '../../models/use-lite/build.ts';
import { USE_LITE_PACKAGE, USE_LITE_PACKAGE_VERSION } from '../../models/use-lite/package-files.ts';
import { hashProgram } from '../../protocol/program.ts';

const SMALL = new URL('../../models/small/', import.meta.url);
const USE_LITE = new URL('../../models/use-lite/', import.meta.url);

const result = await build({
  entryPoints: [fileURLToPath(new URL('program.ts', SMALL))],
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  minifyWhitespace: true,
  tsconfigRaw: '{}',
  define: { WEIGHT_COUNTS: JSON.stringify(countWeights(unpackWeights(readSmallWeights()))) },
});
put(new URL('generated/bundle.txt', SMALL), result.outputFiles[0]!.text);
put(
  new URL('manifest.json', SMALL),
  formatManifest({
    class: 'A',
    licence: 'MIT AND WordNet-3.0',
    name: 'small',
    programId: hashProgram((await buildSmall()).program.header),
    source: 'edge/backends/model: rules, and a classifier trained on the glosses of WordNet 3.1',
    tasks: ['generate', 'classify', 'score', 'judge', 'converse'],
    version: '1',
  } satisfies ModelManifest),
);
for (const bytes of [false, true])
  put(
    new URL(bytes ? 'manifest-int8.json' : 'manifest.json', USE_LITE),
    formatManifest({
      class: 'A',
      licence: 'Apache-2.0 AND MIT AND WordNet-3.0',
      name: bytes ? 'use-lite-int8' : 'use-lite',
      programId: hashProgram((await buildUseLite({ bytes })).program.header),
      source: `Universal Sentence Encoder Lite of Google, npm ${USE_LITE_PACKAGE} ${USE_LITE_PACKAGE_VERSION}${bytes ? ', its matrices rounded to bytes' : ''}; a head trained on the glosses of WordNet 3.1`,
      tasks: ['classify', 'embed'],
      version: '1',
    } satisfies ModelManifest),
  );

function put(url: URL, content: string): void {
  const path = fileURLToPath(url);
  if (existsSync(path) && readFileSync(path, 'utf8') === content) return;
  if (process.argv.includes('--check'))
    throw new Error(`${path} is of other sources than these: run \`npm run generate\` and commit the result`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}
