// docs/models.md#loading: provable models are found by their names and compared with their ids.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { hashProgram } from '../protocol/program.ts';
import { writeModel } from './folder.ts';
import { isProvable, listModels, loadManifest, loadModel } from './model.ts';

let cacheFolder: string;
beforeEach(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'mizu-models-'));
});
afterEach(() => rm(cacheFolder, { recursive: true }));

it('builds a model of the SDK once, and reads it from its folder afterwards', async () => {
  const one = await loadModel('datavm/small', { cacheFolder });
  expect(hashProgram(one.built.program.header)).toBe(one.manifest.programId);
  const stored = JSON.parse(await readFile(join(cacheFolder, 'models/small/manifest.json'), 'utf8')) as object;
  expect(stored).toEqual(one.manifest);
  // A copy under another name is read from its folder, by nothing else.
  await writeModel(join(cacheFolder, 'models/copy'), { ...one.manifest, name: 'copy' }, one.built);
  const copy = await loadModel('datavm/copy', { cacheFolder });
  expect(copy.built.entry).toEqual(one.built.entry);
  expect(copy.built.objects.map((bytes) => bytes.length)).toEqual(one.built.objects.map((bytes) => bytes.length));
  expect((await listModels({ cacheFolder })).map(({ name }) => name)).toEqual([
    'copy',
    'small',
    'use-lite',
    'use-lite-int8',
  ]);
});

it.each([
  ['code.bin', 'code that is not its own'],
  ['image.bin', 'an image that is not its own'],
  ['slots.bin', 'slots that is not its own'],
  ['module.wasm', 'a module that is not its own'],
])('refuses a folder whose %s is another', async (file, actual) => {
  const { manifest, built } = await loadModel('datavm/small');
  const folder = join(cacheFolder, 'models/copy');
  await writeModel(folder, { ...manifest, name: 'copy' }, built);
  const bytes = await readFile(join(folder, file));
  bytes[5]! ^= 1;
  await writeFile(join(folder, file), bytes);
  await expect(loadModel('datavm/copy', { cacheFolder })).rejects.toMatchObject({ code: 'sdk/bad-model', actual });
});

it('refuses a manifest that is none, and one of another program', async () => {
  const { manifest, built } = await loadModel('datavm/small');
  const folder = join(cacheFolder, 'models/copy');
  const programId = `0x${'00'.repeat(32)}` as const;
  await writeModel(folder, { ...manifest, name: 'copy', programId }, built);
  await expect(loadModel('datavm/copy', { cacheFolder })).rejects.toMatchObject({
    code: 'sdk/bad-model',
    expected: `the program ${programId}`,
  });
  await writeFile(join(folder, 'manifest.json'), '{"name":"copy"}');
  await expect(loadManifest('datavm/copy', { cacheFolder })).rejects.toMatchObject({ code: 'sdk/bad-model' });
});

it('says which models there are', async () => {
  for (const name of ['datavm/none', 'datavm/../small', 'datavm/']) {
    await expect(loadModel(name, { cacheFolder })).rejects.toMatchObject({
      code: 'sdk/no-model',
      expected: 'one of datavm/small, datavm/use-lite, datavm/use-lite-int8',
      actual: name,
    });
  }
  expect(isProvable('builtin/small')).toBe(false);
});
