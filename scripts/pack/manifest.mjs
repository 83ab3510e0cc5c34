// docs/sdk.md#package: the published package.json, made from that of the workspace: each source in it is replaced by
// what was built from it.
import { basename } from 'node:path';

export function createManifest({ private: _private, exports, ...workspace }) {
  const built = Object.entries(exports).map(([name, file]) => {
    const stem = basename(file, '.ts');
    return [name, { types: `./dist/types/sdk/${stem}.d.ts`, default: `./dist/${name === '.' ? 'index' : stem}.js` }];
  });
  return {
    ...workspace,
    bin: { mizu: 'dist/mizu.js' },
    exports: { ...Object.fromEntries(built), './package.json': './package.json' },
    files: ['dist', 'THIRD-PARTY.md'],
  };
}
