// docs/prover.md#loading: the time to load a program and its inputs for each gas that the kernel takes for it: reading
// and verifying from disk, then either engine up to the first instruction.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jobLoadGas, partLengths, sizeOfJob } from '../../node/workers/job-size.ts';
import { INPUT_GAS } from '../../protocol/constants.ts';
import { MizuError } from '../../protocol/errors.ts';
import { openDiskObjects } from '../../service/storage/disk-objects.ts';
import { encodeParts, type ModuleParts } from '../../test/modules/encode-module.fixture.ts';
import { HOSTILE } from '../../test/modules/hostile-modules.fixture.ts';
import { type TestProgram, testProgram } from '../../test/modules/programs.fixture.ts';
import { createNativeEngine, NativeFailed, startsFromImage } from '../../vm/native/engine.ts';
import { PAGE_BYTES } from '../../vm/program.ts';
import { createStepMachine } from '../../vm/step/step-machine.ts';
import { cpuNs } from '../processor-time.ts';

export type LoadingCase = {
  readonly name: string;
  /** Nanoseconds of processor time a gas; absent if the program has no native form. */
  readonly native?: number | undefined;
  readonly step?: number | undefined;
};

const MODULE_BYTES = 300_000;
const COMMON = { gasLimit: 1_000n, timestampNs: 0n, seed: new Uint8Array(32) } as const;

export async function worstLoading(isWanted: (name: string) => boolean = () => true): Promise<LoadingCase[]> {
  const rows: LoadingCase[] = [];
  const add = async (name: string, make: () => TestProgram | undefined, inputs: () => Uint8Array[] = () => []) => {
    const program = isWanted(name) ? make() : undefined;
    if (program !== undefined) rows.push(await measure(name, program, inputs()));
  };
  for (const [name, shape] of Object.entries(HOSTILE)) await add(`module: ${name}`, () => lowered(shape));
  const small = testProgram(encodeParts(EMPTY));
  const bytes = (_: unknown, i: number): Uint8Array => Uint8Array.of(i, i >> 8);
  await add('image of 64 MiB', () => withMemory(1024, random(64 << 20)));
  await add('1 GiB of pages', () => withMemory(16_384, new Uint8Array(0)));
  await add(
    'an input of 64 MiB',
    () => small,
    () => [random(64 << 20)],
  );
  await add(
    '2,000 inputs of a byte',
    () => small,
    () => Array.from({ length: 2_000 }, bytes),
  );
  return rows;
}

const EMPTY: ModuleParts = { types: [[[], []]], functions: [{ type: 0, code: [] }] };

function lowered(shape: (bytes: number) => ModuleParts): TestProgram | undefined {
  try {
    return testProgram(encodeParts(shape(MODULE_BYTES)));
  } catch (error) {
    if (error instanceof MizuError && error.code === 'vm/too-large') return undefined;
    throw error;
  }
}

function withMemory(pages: number, image: Uint8Array): TestProgram {
  const built = testProgram(encodeParts({ ...EMPTY, memory: [pages, pages] }));
  if (image.length > pages * PAGE_BYTES) throw new Error('the image is longer than the memory');
  return { ...built, parts: { ...built.parts, image }, program: { ...built.program, memory: image } };
}

/** Random bytes, of which no page is zero. */
function random(bytes: number): Uint8Array {
  return new Uint8Array(bytes).fill(0xa5);
}

async function measure(name: string, built: TestProgram, inputs: readonly Uint8Array[]): Promise<LoadingCase> {
  const size = sizeOfJob(
    { header: built.parts.header, ...partLengths(built.parts) },
    inputs.reduce((sum, { length }) => sum + length, 0),
  );
  const gas = Number(jobLoadGas(size) + BigInt(inputs.length) * INPUT_GAS);
  const readNs = await readCost(built, inputs);
  const { program, parts } = built;
  const source = { ...program, wasm: parts.wasm, fromImage: startsFromImage(program.code) };
  const engine = createNativeEngine();
  let refused = false;
  const nativeNs = cpuNs(() => {
    const loaded = engine.load(source);
    refused = loaded.kind === 'mismatch';
    if (loaded.kind === 'native') runOnce(() => engine.run(loaded, { ...COMMON, inputs }));
  });
  const stepNs = cpuNs(() => createStepMachine({ ...COMMON, program, inputs }).runToEnd());
  return { name, native: refused ? undefined : (readNs + nativeNs) / gas, step: (readNs + stepNs) / gas };
}

function runOnce(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof NativeFailed)) throw error;
  }
}

/** The time to read each part and input from its file, verify it, and copy it for the thread. */
async function readCost({ parts }: TestProgram, inputs: readonly Uint8Array[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'mizu-loading-'));
  try {
    const objects = await openDiskObjects(folder, { durable: false, cacheBytes: 0 });
    const refs = await objects.putAll([parts.code, parts.image, parts.slots, parts.data, parts.wasm, ...inputs]);
    const before = process.cpuUsage();
    for (const { root } of refs) (await objects.get(root))?.slice();
    return since(before);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function since(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) * 1000;
}
