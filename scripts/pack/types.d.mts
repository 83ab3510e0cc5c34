/** `files` as sdk/package.json names them. The declaration files that were written, from `folder` on. @throws Error if TypeScript finds an error */
export function writeTypes(root: string, files: readonly string[], folder: string): Promise<string[]>;
