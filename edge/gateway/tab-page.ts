// docs/edge.md#tab: the page of a worker in a browser, which the gateway builds from the sources when it starts.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { HttpApp } from '../../service/http/http.ts';
import { readSmallWeights } from '../backends/model/weights-file.ts';

export const TAB_PATH = '/worker';

const FOLDER = new URL('../tab/', import.meta.url);
/** It has the SHA-256 of the weights. */
const RECORD = new URL('../backends/model/small.json', import.meta.url);
const SCRIPT = 'text/javascript; charset=utf-8';
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self' 'wasm-unsafe-eval'",
    "worker-src 'self'",
    "connect-src 'self'",
    "style-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  // Both are needed for memory that the page and its thread share.
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-cache',
  vary: 'accept-encoding',
};

/** Adds the routes of the page to a gateway. */
export async function addTabPage(app: HttpApp['app']): Promise<void> {
  const [page, thread] = await buildScripts();
  const files = [
    { path: '', type: 'text/html; charset=utf-8', bytes: readFileSync(new URL('page.html', FOLDER)) },
    { path: '/page.css', type: 'text/css; charset=utf-8', bytes: readFileSync(new URL('page.css', FOLDER)) },
    { path: '/page.js', type: SCRIPT, bytes: page },
    { path: '/thread.js', type: SCRIPT, bytes: thread },
    { path: '/small.bin', type: 'application/octet-stream', bytes: Buffer.from(readSmallWeights()) },
  ];
  for (const { path, type, bytes } of files) {
    const packed = await promisify(gzip)(bytes);
    app.get(`${TAB_PATH}${path}`, (request, response) => {
      const isPacked = request.acceptsEncodings('gzip') === 'gzip';
      response.set({ ...HEADERS, 'content-type': type, ...(isPacked ? { 'content-encoding': 'gzip' } : {}) });
      response.send(isPacked ? packed : bytes);
    });
  }
}

// A module of Node.js in one of them is an error here.
async function buildScripts(): Promise<[page: Buffer, thread: Buffer]> {
  const { build } = await import('esbuild');
  const { weights } = JSON.parse(readFileSync(RECORD, 'utf8')) as { readonly weights: string };
  const { outputFiles } = await build({
    entryPoints: ['page.ts', 'thread.ts'].map((name) => fileURLToPath(new URL(name, FOLDER))),
    outdir: fileURLToPath(FOLDER),
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    define: { WEIGHTS_SHA256: JSON.stringify(weights) },
    legalComments: 'none',
    logLevel: 'error',
    write: false,
  });
  const [page, thread] = outputFiles.map(({ contents }) => Buffer.from(contents)) as [Buffer, Buffer];
  return [page, thread];
}
