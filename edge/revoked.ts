// docs/edge.md#admission: the names whose invitations the gateway's operator has revoked.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { MizuError } from '../protocol/errors.ts';

const MAX_REVOKED_BYTES = 1024 * 1024;

const revokedFile = (dataDir: string) => join(dataDir, 'revoked-invitations.txt');

/** Names whose invitations are revoked; the gateway reads them at each admission and every 20 s. */
export function readRevoked(dataDir: string): ReadonlySet<string> {
  const file = revokedFile(dataDir);
  return new Set(existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []);
}

/**
 * The name is on the disk when the function returns.
 * @throws MizuError `edge/too-many-revoked` if the file is full
 */
export function revokeInvitation(dataDir: string, name: string): void {
  const file = revokedFile(dataDir);
  const known = readRevoked(dataDir);
  if (known.has(name)) return;
  const bytes = [...known, name].reduce((sum, one) => sum + one.length + 1, 0);
  if (bytes > MAX_REVOKED_BYTES) throw tooManyRevoked(file, bytes);
  const handle = openSync(file, 'a', 0o600);
  try {
    writeSync(handle, `${name}\n`);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function tooManyRevoked(file: string, bytes: number): MizuError {
  return new MizuError({
    code: 'edge/too-many-revoked',
    message: 'Too many invitations are revoked.',
    expected: `at most ${MAX_REVOKED_BYTES} bytes in ${file}`,
    actual: `${bytes}`,
    hint: 'Remove the names whose invitations have expired.',
  });
}
