// The watcher starts without the loader of TypeScript, so the code is JavaScript.
export function killGroup(pid: number): void;
