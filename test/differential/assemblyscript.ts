// Compiles AssemblyScript for tests; the result is a DataVM core module.
import asc from 'assemblyscript/asc';

export async function compileAssemblyScript(source: string): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ['program.ts', '--outFile', 'program.wasm', '-O2', '--runtime', 'incremental', '--use', 'abort='],
    {
      readFile: (name) => (name === 'program.ts' ? source : null),
      writeFile: (_, contents) => {
        binary = contents as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error !== null || binary === undefined) throw new Error(`AssemblyScript: ${error?.message} ${stderr.toString()}`);
  return binary;
}
