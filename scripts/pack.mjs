// docs/sdk.md#package: writes build/package, which is what npm publishes as `mizu`, and packs it: `npm run pack`.
// With an argument both are written into that folder.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build as buildKernel } from './build.mjs';
import { bundlePackage } from './pack/bundle.mjs';
import { writeGuest } from './pack/guest.mjs';
import { thirdParties } from './pack/licences.mjs';
import { createManifest } from './pack/manifest.mjs';
import { packFolder } from './pack/npm.mjs';
import { writeTypes } from './pack/types.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The folder is emptied first. */
async function writePackage(folder) {
  const workspace = JSON.parse(readFileSync(join(root, 'sdk/package.json'), 'utf8'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'dist'), { recursive: true });
  const { packages } = await bundlePackage(root, workspace, join(folder, 'dist'));
  writeGuest(root, join(folder, 'dist/guest'));
  await writeTypes(root, Object.values(workspace.exports), join(folder, 'dist/types'));
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(createManifest(workspace), null, 2)}\n`);
  writeFileSync(join(folder, 'THIRD-PARTY.md'), thirdParties(root, packages));
  for (const file of ['LICENSE', 'sdk/README.md']) cpSync(join(root, file), join(folder, file.replace('sdk/', '')));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await buildKernel();
  const destination = resolve(process.argv[2] ?? join(root, 'build'));
  const folder = join(destination, 'package');
  await writePackage(folder);
  const { file, sizeBytes, unpackedBytes } = packFolder(folder, destination);
  console.log(`${file}: ${toMb(sizeBytes)}, unpacked ${toMb(unpackedBytes)}`);
}

function toMb(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
