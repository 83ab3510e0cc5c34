// docs/edge.md#tab: the page of a worker: its form, its state, and its stop button.
import { formatEther } from 'viem';
import { formatError } from '../../protocol/errors.ts';
import type { WorkerAccount } from '../../protocol/messages.ts';
import { oneLine } from '../../protocol/text.ts';
import type { Logger } from '../../service/process/logger.ts';
import { createSigner } from '../signing.ts';
import { formatAccount } from '../worker/account-json.ts';
import { openTabStorage, type TabStorage } from './storage.ts';
import { startTabWorker, type TabWorker } from './worker.ts';

/** The gateway puts it in when it builds this script. */
declare const WEIGHTS_SHA256: string;

/** Only one page of a browser is the worker: a key has one connection. */
const LOCK = 'mizu-worker';

const connection = find('connection', HTMLElement);
const form = find('form', HTMLFormElement);
const invitation = find('invitation', HTMLInputElement);
const start = find('start', HTMLButtonElement);
const stop = find('stop', HTMLButtonElement);
const keyBox = find('key-box', HTMLDetailsElement);

function find<T extends HTMLElement>(id: string, type: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`the page has no ${id}`);
  return found;
}

function show(id: string, text: string): void {
  find(id, HTMLElement).textContent = text;
}

function createPageLogger(): Logger {
  const tell = (fields: object | string, message = '') => {
    if (typeof fields === 'string') return show('message', oneLine(fields));
    const { err, reason } = fields as { err?: unknown; reason?: unknown };
    const why = err === undefined ? String(reason ?? '') : formatError(err);
    show('message', oneLine([message, why].filter(Boolean).join(': ')));
  };
  const silent = () => undefined;
  const log: Logger = {
    level: 'warn',
    trace: silent,
    debug: silent,
    info: silent,
    warn: tell,
    error: tell,
    fatal: tell,
    child: () => log,
  };
  return log;
}

/** As `mizu settle` takes it. */
function showAccount(account: WorkerAccount): void {
  show('owed', `${formatEther(account.total)} MIZU`);
  show('account', formatAccount(account));
}

/** An invitation in the fragment is sent to nobody; it is taken out of the address, and so of the history. */
function takeFragment(storage: TabStorage): void {
  const given = new URLSearchParams(location.hash.slice(1)).get('invitation');
  if (given !== null) storage.keepInvitation(given);
  if (location.hash !== '') history.replaceState(null, '', location.pathname);
}

function run(storage: TabStorage): void {
  let rows = 0;
  let worker: TabWorker | undefined;

  const work = async () => {
    start.disabled = true;
    storage.keepInvitation(invitation.value.trim());
    show('message', '');
    connection.textContent = 'connecting';
    worker = await startTabWorker({
      gatewayUrl: location.origin,
      weights: { url: '/worker/small.bin', sha256: WEIGHTS_SHA256 },
      threadUrl: '/worker/thread.js',
      storage,
      invitation: invitation.value.trim(),
      log: createPageLogger(),
      onAccount: showAccount,
      onEvent: (event) => {
        if (event.kind === 'accepted') rows += event.rows;
        else connection.textContent = event.kind === 'connected' ? 'connected' : 'not connected';
        if (event.kind === 'connected') {
          show('gateway', event.gateway);
          show('message', '');
        }
        show('rows', String(rows));
      },
    });
    show('models', worker.models.join(', '));
    stop.disabled = false;
  };

  const leave = async () => {
    stop.disabled = true;
    connection.textContent = 'stopping: rows that were begun are ended';
    await worker?.close();
    connection.textContent = 'stopped';
    start.disabled = false;
  };

  const failed = (error: unknown) => {
    connection.textContent = 'not connected';
    show('message', formatError(error));
    start.disabled = false;
  };

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    work().catch(failed);
  });
  stop.addEventListener('click', () => leave().catch(failed));
  connection.textContent = 'not connected';
  start.disabled = false;
}

/** As long as the page is open it has the lock; another page waits for it. */
async function open(): Promise<void> {
  if (!isSecureContext || !crossOriginIsolated) {
    show('message', 'A worker needs a page by https, or of this machine (localhost): only such a page may keep a key.');
    return;
  }
  connection.textContent = 'another page of this browser is the worker; this one is when that is closed';
  await navigator.locks.request(LOCK, () => {
    const storage = openTabStorage(localStorage);
    takeFragment(storage);
    invitation.value = storage.invitation();
    show('address', createSigner(storage.privateKey).address);
    keyBox.addEventListener('toggle', () => show('key', keyBox.open ? storage.privateKey : ''));
    run(storage);
    return new Promise<never>(() => undefined);
  });
}

open().catch((error: unknown) => show('message', formatError(error)));
