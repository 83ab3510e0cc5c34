// docs/edge.md#programs: the programs of simulators that a worker has, and those that it asks its gateway for.
import { MizuError } from '../../protocol/errors.ts';
import { objectRoot } from '../../protocol/tree.ts';
import type { SimulatorRef } from '../backends/simulate-request.ts';
import type { GatewayFrame } from '../frames.ts';
import { createKeptPrograms } from '../kept-programs.ts';

/** Gives the module of a program, which it has compared with its root. */
export type GetSimulator = (ref: SimulatorRef, signal: AbortSignal) => Promise<Uint8Array>;

export type WorkerPrograms = {
  readonly get: GetSimulator;
  /** The gateway has let the worker in: `ask` sends it a frame. */
  connected(ask: (ref: SimulatorRef) => void): void;
  received(frame: Extract<GatewayFrame, { type: 'program' }>): void;
  disconnected(): void;
};

type Asked = { readonly ref: SimulatorRef; readonly settle: (core: Uint8Array | null) => void };

/** Bytes of programs that are kept, the last used ones: eight of the largest. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;
/** That the gateway has for one program. */
const ASK_SECONDS = 60;

/** They are asked for one after the other. What was asked of a connection that has ended is not had. */
export function createWorkerPrograms(decodeBase64: (text: string) => Uint8Array): WorkerPrograms {
  let ask: ((ref: SimulatorRef) => void) | undefined;
  let asked: Asked[] = [];
  let patience: ReturnType<typeof setTimeout> | undefined;

  const askFor = (ref: SimulatorRef): Promise<Uint8Array | null> =>
    new Promise((resolve) => {
      if (ask === undefined) return resolve(null);
      asked.push({ ref, settle: resolve });
      if (asked.length === 1) askNext();
    });

  const askNext = () => {
    clearTimeout(patience);
    const [first] = asked;
    if (first === undefined) return;
    patience = setTimeout(() => settleFirst(null), ASK_SECONDS * 1000);
    ask?.(first.ref);
  };

  const settleFirst = (core: Uint8Array | null) => {
    asked.shift()?.settle(core);
    askNext();
  };

  const getKept = createKeptPrograms(MAX_KEPT_BYTES, askFor);

  return {
    get: async (ref, signal) => {
      const core = await getKept(ref);
      signal.throwIfAborted();
      if (core === null) throw noProgram(ref);
      return core;
    },
    connected: (send) => {
      ask = send;
    },
    received: ({ root, bytes }) => {
      const [first] = asked;
      if (first === undefined || first.ref.root !== root) return;
      settleFirst(bytes === null ? null : toShared(first.ref, decodeBase64(bytes)));
    },
    disconnected: () => {
      ask = undefined;
      const given = asked;
      asked = [];
      clearTimeout(patience);
      for (const { settle } of given) settle(null);
    },
  };
}

/** Threads read it where it lies. Null: these are other bytes than were asked for. */
function toShared({ root, length }: SimulatorRef, bytes: Uint8Array): Uint8Array | null {
  if (bytes.length !== length || objectRoot(bytes) !== root) return null;
  const shared = new Uint8Array(new SharedArrayBuffer(length));
  shared.set(bytes);
  return shared;
}

function noProgram({ root, length }: SimulatorRef): MizuError {
  return new MizuError({
    code: 'edge/no-program',
    message: 'The program of the simulator is not to be had.',
    expected: `${length} bytes with the root ${root} from the gateway`,
    actual: 'none, or others',
    hint: 'The gateway gets it from DA, where it lies as long as its workflow.',
    retryable: true,
  });
}
