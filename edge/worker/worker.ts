// docs/edge.md#workers: connects out, takes leases, answers rows, signs each lease, and keeps results until they are
// accepted.
import { MizuError } from '../../protocol/errors.ts';
import { type Address, type Hex, isSameAddress } from '../../protocol/hex.ts';
import { utf8Length } from '../../protocol/text.ts';
import { createDomain } from '../../protocol/typed-data.ts';
import type { Logger } from '../../service/process/logger.ts';
import { answerRulesOf, type Backend, parseChatRequest } from '../backends/backend.ts';
import { toRowFailure, toRowUsage } from '../backends/row-failure.ts';
import {
  type AnsweredRow,
  FRAMES_VERSION,
  type GatewayFrame,
  type LeaseFrame,
  MAX_CREDITS,
  MAX_FRAME_BYTES,
  parseGatewayFrame,
  WORKER_PATH,
  type WorkerFrame,
} from '../frames.ts';
import { gatewayOf } from '../invitation.ts';
import { encodeResultLine } from '../rows.ts';
import { createSigner, hashLeaseResult, hashWorkerHello, type SignedFor } from '../signing.ts';
import type { WorkerPayments } from './payments.ts';
import type { WorkerPrograms } from './programs.ts';
import type { OpenSocket, WorkerSocket } from './socket.ts';

/** What Node.js and a browser have each of their own. */
export type WorkerPlatform = {
  readonly openSocket: OpenSocket;
  /** For a lease, whose rows each listen to it. */
  readonly createAbort: () => AbortController;
};

export type WorkerEvent =
  | { readonly kind: 'connected'; readonly gateway: Address }
  | { readonly kind: 'disconnected' }
  /** The gateway keeps the answers of a lease. */
  | { readonly kind: 'accepted'; readonly rows: number };

export type WorkerOptions = {
  readonly platform: WorkerPlatform;
  readonly gatewayUrl: string;
  readonly privateKey: Hex;
  readonly concurrency: number;
  readonly backends: readonly Backend[];
  readonly invitation?: string | undefined;
  /**
   * The address it signs for. If undefined, it is who has signed the invitation, or without one the first gateway that
   * it meets.
   */
  readonly gateway?: Address | undefined;
  readonly drainSeconds: number;
  /** Where its simulators get their programs. */
  readonly programs: WorkerPrograms;
  /** What the gateway owes it; `onChange` is called when the worker may take rows again, or may not. */
  readonly payments: (onChange: () => void) => WorkerPayments;
  readonly log: Logger;
  readonly onEvent?: (event: WorkerEvent) => void;
};

export type Worker = {
  readonly address: Address;
  /** Takes no more leases, finishes what it can in `drainSeconds`, and leaves. */
  close(): Promise<void>;
};

type Work = {
  readonly frame: LeaseFrame;
  readonly results: AnsweredRow[];
  left: number;
  readonly stop: AbortController;
  /** The signed answer, kept until the gateway has accepted it. */
  answer?: string;
  resend?: ReturnType<typeof setTimeout>;
};

// Leases of more rows than are worked on at once: some are on their way meanwhile.
const CREDITS_PER_SLOT = 4;
const FIRST_BACKOFF_MS = 250;
const LAST_BACKOFF_MS = 5_000;
const RESEND_MS = 1_000;

export function createWorker(options: WorkerOptions): Worker {
  const { log, concurrency, platform, onEvent = () => undefined } = options;
  const signer = createSigner(options.privateKey);
  const backends = new Map(options.backends.map((backend) => [backend.name, backend]));
  const works = new Map<number, Work>();
  const rows: { work: Work; place: number }[] = [];
  let socket: WorkerSocket | undefined;
  let signedFor: SignedFor | undefined;
  let welcomed = false;
  let running = 0;
  let failures = 0;
  let closing = false;
  let reconnect: ReturnType<typeof setTimeout> | undefined;
  let onIdle = () => {};

  const payments = options.payments(() => {
    if (welcomed && !closing) send({ type: 'credits', credits: creditsNow() });
  });
  const creditsNow = () => (payments.takesWork() ? Math.min(MAX_CREDITS, concurrency * CREDITS_PER_SLOT) : 0);

  const send = (frame: WorkerFrame) => {
    if (socket?.isOpen()) socket.send(JSON.stringify(frame));
  };
  const sendAnswer = (work: Work) => {
    if (work.answer !== undefined && welcomed && socket?.isOpen()) socket.send(work.answer);
  };

  const drop = (lease: number) => {
    const work = works.get(lease);
    works.delete(lease);
    clearTimeout(work?.resend);
    work?.stop.abort(new Error('the lease is over'));
    if (works.size === 0) onIdle();
  };

  const answerRow = async (work: Work, place: number): Promise<void> => {
    const [index, request] = work.frame.rows[place]!;
    const backend = backends.get(work.frame.model);
    let row: AnsweredRow;
    try {
      if (backend === undefined) throw unknownModel(work.frame.model);
      const asked = parseChatRequest(request);
      const { content, finishReason, usage, reasoning = '' } = await backend.complete(asked, work.stop.signal);
      const thoughts = answerRulesOf(asked).keepReasoning && reasoning !== '' ? { reasoning } : {};
      assertFits(content + (thoughts.reasoning ?? ''), work.frame.rows.length);
      row = [index, { content, finish_reason: finishReason, ...thoughts, usage: toRowUsage(usage) }];
    } catch (error) {
      if (work.stop.signal.aborted) return;
      row = [index, toFailure(error, log)];
    }
    work.results[place] = row;
    work.left -= 1;
    if (work.left === 0) sign(work);
  };

  const sign = (work: Work) => {
    const { lease, task } = work.frame;
    const lines = work.results.map(([index, result]) => encodeResultLine(index, result));
    const signature = signer.sign(hashLeaseResult(signedFor as SignedFor, lease, task, lines));
    work.answer = JSON.stringify({ type: 'results', lease, signature, rows: work.results } satisfies WorkerFrame);
    sendAnswer(work);
  };

  const pump = () => {
    while (running < concurrency && rows.length > 0) {
      const { work, place } = rows.shift()!;
      if (!works.has(work.frame.lease)) continue;
      if (work.frame.deadline <= Date.now()) {
        drop(work.frame.lease);
        continue;
      }
      running += 1;
      answerRow(work, place)
        .catch((err: unknown) => log.error({ err }, 'a row failed in an unforeseen way'))
        .finally(() => {
          running -= 1;
          pump();
        });
    }
  };

  const onLease = (frame: LeaseFrame) => {
    const stop = platform.createAbort();
    const work: Work = { frame, results: new Array(frame.rows.length), left: frame.rows.length, stop };
    works.set(frame.lease, work);
    frame.rows.forEach((_row, place) => {
      rows.push({ work, place });
    });
    pump();
  };

  const onChallenge = async (own: WorkerSocket, frame: Extract<GatewayFrame, { type: 'challenge' }>) => {
    const { challenge, chainId, gatewayRegistry, gateway } = frame;
    const domain = createDomain(chainId, gatewayRegistry);
    const { invitation } = options;
    const inviting = invitation === undefined ? undefined : gatewayOf(domain, invitation);
    const expected = options.gateway ?? inviting ?? signedFor?.gateway ?? gateway;
    if (!isSameAddress(expected, gateway)) throw otherGateway(expected, gateway);
    signedFor = { domain, gateway };
    const account = await payments.account(signedFor);
    if (own !== socket) return;
    send({
      type: 'hello',
      version: FRAMES_VERSION,
      publicKey: signer.publicKey,
      signature: signer.sign(hashWorkerHello(signedFor, challenge)),
      models: [...backends.keys()],
      credits: creditsNow(),
      ...(account === undefined ? {} : { account }),
      ...(options.invitation === undefined ? {} : { invitation: options.invitation }),
      held: [...works.values()].map(({ frame }) => {
        const { lease, task, places, deadline, seal } = frame;
        return { lease, task, places: [...places], deadline, seal };
      }),
    });
  };

  // Of what a failed row has cost no more is known than its usage.
  const countAnswers = (lease: number) => {
    const work = works.get(lease);
    if (work === undefined) return;
    const tokens = { input: 0, output: 0 };
    for (const [, { usage }] of work.results) {
      tokens.input += usage?.prompt_tokens ?? 0;
      tokens.output += usage?.completion_tokens ?? 0;
    }
    payments.answered(work.frame.model, tokens);
    onEvent({ kind: 'accepted', rows: work.results.length });
  };

  const onFrame = async (own: WorkerSocket, frame: GatewayFrame): Promise<void> => {
    switch (frame.type) {
      case 'challenge':
        return onChallenge(own, frame);
      case 'welcome':
        welcomed = true;
        failures = 0;
        payments.connected(signedFor as SignedFor, frame.shareBasisPoints);
        options.programs.connected((ref) => send({ type: 'get', ...ref }));
        for (const lease of frame.lost) drop(lease);
        for (const work of works.values()) sendAnswer(work);
        log.info({ gateway: frame.gateway, held: works.size, lost: frame.lost.length }, 'connected to the gateway');
        if (closing) send({ type: 'drain' });
        onEvent({ kind: 'connected', gateway: frame.gateway });
        return;
      case 'lease':
        return onLease(frame);
      case 'program':
        return options.programs.received(frame);
      case 'account':
        return payments.received(frame);
      case 'accepted':
        countAnswers(frame.lease);
        return drop(frame.lease);
      case 'refused':
        log.warn({ lease: frame.lease, reason: frame.reason }, 'the gateway refuses a lease');
        return drop(frame.lease);
      case 'unsaved': {
        const work = works.get(frame.lease);
        if (work !== undefined) work.resend = setTimeout(() => sendAnswer(work), RESEND_MS);
      }
    }
  };

  const handle = async (own: WorkerSocket, text: string) => onFrame(own, parseGatewayFrame(text));

  const connect = () => {
    const url = `${options.gatewayUrl.replace(/^http/, 'ws').replace(/\/$/, '')}${WORKER_PATH}`;
    const own = platform.openSocket(url, {
      message: (text) => {
        handle(own, text).catch((err: unknown) => {
          log.error({ err }, 'a frame of the gateway is unusable');
          return own.close(1002);
        });
      },
      failed: (err) => log.debug({ err }, 'the connection failed'),
      closed: (code, reason) => {
        welcomed = false;
        options.programs.disconnected();
        onEvent({ kind: 'disconnected' });
        if (closing && works.size === 0) return;
        failures += 1;
        const waitMs =
          Math.min(LAST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(10, failures - 1)) * (0.5 + Math.random() / 2);
        log.warn({ code, reason, waitMs: Math.round(waitMs) }, 'the gateway is gone; connecting again');
        reconnect = setTimeout(connect, waitMs);
      },
    });
    socket = own;
  };

  connect();
  return {
    address: signer.address,
    close: async () => {
      closing = true;
      send({ type: 'drain' });
      if (works.size > 0) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, options.drainSeconds * 1000);
          onIdle = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      for (const lease of [...works.keys()]) drop(lease);
      clearTimeout(reconnect);
      await payments.close();
      await socket?.close(1000);
    },
  };
}

function toFailure(error: unknown, log: Logger): AnsweredRow[1] {
  if (error instanceof MizuError) return { ...toRowFailure(error), retryable: error.retryable };
  log.error({ err: error }, 'a backend failed in an unforeseen way');
  return { error: { code: 'edge/backend', message: 'the backend has failed' }, retryable: true };
}

// All answers of a lease travel in one frame. One character takes at most six in JSON.
function assertFits(content: string, rows: number): void {
  const limit = Math.floor(MAX_FRAME_BYTES / 2 / rows);
  if (content.length * 6 <= limit || utf8Length(JSON.stringify(content)) <= limit) return;
  throw new MizuError({
    code: 'edge/content-too-large',
    message: 'The content is too large for its lease.',
    expected: `at most ${limit} bytes of JSON`,
    actual: `${content.length} characters`,
  });
}

function otherGateway(expected: Address, actual: Address): MizuError {
  return new MizuError({
    code: 'edge/other-gateway',
    message: 'The worker signs for another gateway than this one.',
    expected: `gateway ${expected}`,
    actual,
    hint: 'Check gatewayUrl, and gateway or invitation in the configuration of the worker.',
  });
}

function unknownModel(model: string): MizuError {
  return new MizuError({ code: 'edge/unknown-model', message: `No backend for ${model}.`, retryable: true });
}
