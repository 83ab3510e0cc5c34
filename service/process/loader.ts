// CONTRIBUTING.md#starts: threads and processes of the sources need the hook that loads TypeScript; those of the package do not.

/** Arguments of Node with which a module of this repository is started in a thread or a process of its own. */
export const LOADER_ARGUMENTS: string[] = import.meta.url.endsWith('.ts')
  ? ['--import', new URL('../../scripts/ts.mjs', import.meta.url).href]
  : [];
