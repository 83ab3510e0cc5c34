// docs/edge.md#frames: the gateway's side of its workers' connections.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { formatError, MizuError } from '../../protocol/errors.ts';
import { type Address, bytesToHex, type Hex } from '../../protocol/hex.ts';
import type { Domain } from '../../protocol/typed-data.ts';
import { createPeerPlaces, type PeerPlace, peerOf } from '../../service/http/peers.ts';
import type { Logger } from '../../service/process/log.ts';
import { type GatewayFrame, type HelloFrame, MAX_FRAME_BYTES, WORKER_PATH, type WorkerFrame } from '../frames.ts';
import { encodeResultLine } from '../rows.ts';
import { addressOf, hashLeaseResult, hashWorkerHello, verifySignature } from '../signing.ts';
import type { Accounts } from './accounts.ts';
import { type Admissions, refuse, type WorkerAdmission } from './admission.ts';
import { createIntake } from './intake.ts';
import type { Lease } from './leases.ts';
import { createWorkerPace, type WorkerPace } from './pace.ts';
import type { Programs } from './programs.ts';
import type { Queue } from './queue.ts';
import type { Reputation, WorkerFault } from './reputation.ts';
import { closeReason, encodeLease, parseWorkerFrame } from './worker-frames.ts';

export type SessionsOptions = {
  readonly server: Server;
  readonly queue: Queue;
  readonly reputation: Reputation;
  readonly domain: Domain;
  readonly gateway: Address;
  readonly admissions: Admissions;
  readonly programs: Programs;
  readonly accounts: Pick<Accounts, 'adopt' | 'sign'>;
  readonly shareBasisPoints: number;
  readonly leaseRows: number;
  readonly maxWorkers: number;
  /** Seconds for which a lost connection keeps its leases. */
  readonly reconnectSeconds: number;
  readonly log: Logger;
  /** Called after each change that may have finished tasks or freed rows. */
  readonly onChange: () => void;
};

export type Sessions = {
  /** Hands rows to whoever has room. */
  dispatch(): void;
  models(): Set<string>;
  /** Whether some worker that is none of these has the model and takes rows. */
  hasOther(workers: readonly Address[], model: string): boolean;
  list(): { worker: Address; models: string[]; credits: number; rows: number; points: number }[];
  report(worker: Address, fault: WorkerFault): void;
  /** Sends the worker's account to it, if it is connected. */
  tellAccount(worker: Address): void;
  /** From now on nobody is given rows; answers are taken as before. */
  drain(): void;
  close(): Promise<void>;
};

type Session = {
  readonly socket: WebSocket;
  readonly worker: Address;
  readonly publicKey: Hex;
  readonly models: ReadonlySet<string>;
  /** Rows that it takes at a time; 0: none for now. */
  credits: number;
  pace: WorkerPace;
  readonly admission: WorkerAdmission;
  draining: boolean;
  alive: boolean;
  /** A program that it has asked for is on its way. */
  isGetting: boolean;
  /** The number of frames that bring nothing which are still taken. */
  patience: number;
};

const HELLO_SECONDS = 10;
const PING_SECONDS = 20;
/** The most connections of one address that have sent no hello. */
const STRANGERS_PER_ADDRESS = 64;
/** The most bytes of leases that wait to be written to a worker. */
const MAX_UNSENT_BYTES = 8 * 1024 * 1024;
/** The most frames that bring nothing; each second one is forgiven. */
const MAX_PATIENCE = 256;

export function createSessions(options: SessionsOptions): Sessions {
  const { queue, reputation, domain, log } = options;
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_FRAME_BYTES, perMessageDeflate: false });
  const sessions = new Map<Address, Session>();
  const graces = new Map<Address, NodeJS.Timeout>();
  const intake = createIntake();
  const strangers = createPeerPlaces({ total: options.maxWorkers, perPeer: STRANGERS_PER_ADDRESS });
  let closing = false;
  let draining = false;

  const send = (socket: WebSocket, frame: GatewayFrame) => socket.send(JSON.stringify(frame));

  const rowsOf = (worker: Address) => queue.leasesOf(worker).reduce((sum, lease) => sum + lease.places.length, 0);

  const takesRows = ({ socket, worker, draining: isLeaving, credits }: Session): boolean =>
    !draining && !isLeaving && credits > 0 && !reputation.isBanned(worker) && socket.readyState === WebSocket.OPEN;

  const dispatch = () => {
    let granted = true;
    // Workers have their turns, so that the first does not take all rows.
    while (granted) {
      granted = false;
      for (const session of sessions.values()) granted = dispatchTo(session) || granted;
    }
  };

  const dispatchTo = (session: Session): boolean => {
    const { socket, worker, models, pace } = session;
    const rows = pace.leaseRows();
    if (!takesRows(session)) return false;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES || pace.room() - rowsOf(worker) < rows) return false;
    const grant = queue.lease({ worker, models, rows });
    if (grant === undefined) return false;
    const { lease, task, places, deadline, seal } = grant.lease;
    socket.send(encodeLease({ lease, task, places, deadline, seal, model: grant.model }, grant.lines));
    return true;
  };

  const report = (worker: Address, fault: WorkerFault) => {
    log.warn({ worker, fault }, 'a worker is at fault');
    reputation.failed(worker, fault).then(
      () => {
        if (reputation.isBanned(worker)) sessions.get(worker)?.socket.close(1008, 'banned');
      },
      (err: unknown) => log.error({ err }, 'a reputation cannot be stored'),
    );
  };

  const wearPatience = (session: Session) => {
    session.patience -= 1;
    if (session.patience < 0) throw refuse(`at most ${MAX_PATIENCE} frames that bring nothing`, 'more');
  };

  const onResults = async (session: Session, frame: Extract<WorkerFrame, { type: 'results' }>) => {
    const { socket, worker } = session;
    const refuse = (reason: string) => send(socket, { type: 'refused', lease: frame.lease, reason });
    const lease = queue.find(frame.lease, worker);
    if (lease === undefined) {
      wearPatience(session);
      return refuse('the lease is not yours, or no longer');
    }
    const reason = checkResults(lease, session, frame);
    if (reason !== undefined) {
      report(worker, 'signature');
      queue.abandon(lease);
      refuse(reason);
      return options.onChange();
    }
    try {
      await queue.accept(lease, frame);
      reputation.succeeded(worker);
      session.pace.answered(frame.rows.length);
      if (socket.readyState === WebSocket.OPEN) send(socket, { type: 'accepted', lease: frame.lease });
    } catch (error) {
      if (!(error instanceof MizuError) || !error.retryable) throw error;
      log.error({ err: error }, 'results cannot be stored; the worker keeps them');
      if (socket.readyState === WebSocket.OPEN) send(socket, { type: 'unsaved', lease: frame.lease });
    }
    options.onChange();
  };

  const checkResults = (
    { lease, task }: Lease,
    { publicKey }: Session,
    { rows, signature }: Extract<WorkerFrame, { type: 'results' }>,
  ): string | undefined => {
    const lines = rows.map(([index, result]) => encodeResultLine(index, result));
    const hash = hashLeaseResult(options, lease, task, lines);
    return verifySignature(hash, signature, publicKey)
      ? undefined
      : 'the signature is not of these results by this key';
  };

  const prove = async (challenge: Hex, hello: HelloFrame): Promise<WorkerAdmission> => {
    const worker = addressOf(hello.publicKey);
    if (!verifySignature(hashWorkerHello(options, challenge), hello.signature, hello.publicKey)) {
      throw refuse('a signature of this gateway and the challenge by the key', 'another');
    }
    if (reputation.isBanned(worker)) throw refuse('a worker with reputation left', worker);
    const admission = await options.admissions.admit(worker, hello.invitation);
    if (hello.account !== undefined) await options.accounts.adopt(worker, hello.account);
    return admission;
  };

  const welcome = (socket: WebSocket, hello: HelloFrame, admission: WorkerAdmission): Session => {
    const worker = addressOf(hello.publicKey);
    const isNew = !sessions.has(worker);
    if (isNew && sessions.size >= options.maxWorkers) throw refuse(`at most ${options.maxWorkers} workers`, 'one more');
    sessions.get(worker)?.socket.close(4000, 'replaced by a newer connection');
    clearTimeout(graces.get(worker));
    graces.delete(worker);
    const lost = hello.held.filter((held) => !queue.adopt(held, worker)).map((held) => held.lease);
    const kept = new Set(hello.held.map((held) => held.lease));
    for (const lease of queue.leasesOf(worker)) if (!kept.has(lease.lease)) queue.abandon(lease);
    send(socket, { type: 'welcome', gateway: options.gateway, lost, shareBasisPoints: options.shareBasisPoints });
    const { publicKey, credits } = hello;
    return {
      socket,
      worker,
      publicKey,
      models: new Set(hello.models),
      credits,
      pace: createWorkerPace(credits, options.leaseRows, Date.now),
      admission,
      draining: false,
      alive: true,
      isGetting: false,
      patience: MAX_PATIENCE,
    };
  };

  const leave = (session: Session) => {
    const { worker } = session;
    if (closing || sessions.get(worker) !== session) return;
    sessions.delete(worker);
    log.info({ worker }, 'worker left');
    const giveUp = () => {
      graces.delete(worker);
      for (const lease of queue.leasesOf(worker)) queue.abandon(lease);
      options.onChange();
    };
    if (session.draining) giveUp();
    else graces.set(worker, setTimeout(giveUp, options.reconnectSeconds * 1000));
  };

  // One after the other: so a worker has one program of the gateway's memory, beside the bytes that it does not read.
  const onGet = async (session: Session, { root, length }: Extract<WorkerFrame, { type: 'get' }>) => {
    const { socket } = session;
    if (session.isGetting) return send(socket, { type: 'program', root, bytes: null });
    session.isGetting = true;
    const bytes = await options.programs.get({ root, length });
    session.isGetting = false;
    if (socket.readyState !== WebSocket.OPEN) return;
    const isRoom = socket.bufferedAmount <= MAX_UNSENT_BYTES;
    send(socket, { type: 'program', root, bytes: isRoom ? bytes : null });
  };

  const takeCredits = (session: Session, credits: number) => {
    session.credits = credits;
    session.pace = createWorkerPace(credits, options.leaseRows, Date.now);
    options.onChange();
  };

  const tellAccount = (worker: Address) => {
    const socket = sessions.get(worker)?.socket;
    const account = options.accounts.sign(worker);
    if (socket?.readyState === WebSocket.OPEN && account !== undefined) send(socket, { type: 'account', ...account });
  };

  const onFrame = async (session: Session, frame: WorkerFrame) => {
    if (frame.type === 'results') return onResults(session, frame);
    if (frame.type === 'hello') throw refuse('one hello', 'another');
    wearPatience(session);
    if (frame.type === 'get') return onGet(session, frame);
    if (frame.type === 'ping') return send(session.socket, { type: 'pong' });
    if (frame.type === 'drain') session.draining = true;
    else takeCredits(session, frame.credits);
  };

  sockets.on('connection', (socket: WebSocket, request: IncomingMessage, place: PeerPlace) => {
    const challenge = bytesToHex(randomBytes(32));
    let session: Session | undefined;
    let isGreeting = false;
    const whole = intake.watch(socket, request.socket, () => session !== undefined);
    const hurry = setTimeout(() => socket.close(1008, 'no hello'), HELLO_SECONDS * 1000);
    const greeted = () => {
      clearTimeout(hurry);
      place.leave();
    };
    const fail = (error: unknown) => {
      if (session !== undefined && error instanceof MizuError) report(session.worker, 'frame');
      const isTyped = error instanceof MizuError;
      log.warn({ err: error, worker: session?.worker }, 'a connection is closed');
      socket.close(isTyped ? 1008 : 1011, isTyped ? closeReason(formatError(error)) : 'failed');
    };
    const greet = async (hello: HelloFrame) => {
      const admission = await prove(challenge, hello);
      if (closing || socket.readyState !== WebSocket.OPEN) return;
      session = welcome(socket, hello, admission);
      greeted();
      sessions.set(session.worker, session);
      tellAccount(session.worker);
      const { models, credits } = hello;
      log.info({ worker: session.worker, models, credits, admission }, 'worker joined');
      options.onChange();
    };
    socket.on('message', (data) => {
      whole();
      try {
        const frame = parseWorkerFrame(String(data));
        if (session !== undefined) {
          onFrame(session, frame).catch(fail);
          return;
        }
        if (frame.type !== 'hello' || isGreeting) throw refuse('one hello', frame.type);
        isGreeting = true;
        greet(frame).catch(fail);
      } catch (error) {
        fail(error);
      }
    });
    socket.on('pong', () => {
      if (session !== undefined) session.alive = true;
    });
    socket.on('error', (err) => log.warn({ err, worker: session?.worker }, 'a connection failed'));
    socket.on('close', () => {
      if (session === undefined) greeted();
      else leave(session);
    });
    const { chainId, verifyingContract } = domain;
    send(socket, {
      type: 'challenge',
      challenge,
      chainId,
      gatewayRegistry: verifyingContract,
      gateway: options.gateway,
    });
  });

  options.server.on('upgrade', (request, socket, head) => {
    // Node has no listener of its own any more, and the refused client may be gone already.
    socket.on('error', (err) => log.debug({ err }, 'a connection failed before it was a WebSocket'));
    const isKnown = request.url === WORKER_PATH;
    const place = isKnown ? strangers.enter(peerOf(request.socket.remoteAddress), () => socket.destroy()) : undefined;
    if (place === undefined) {
      socket.end(`HTTP/1.1 ${isKnown ? '503 Service Unavailable' : '404 Not Found'}\r\nConnection: close\r\n\r\n`);
      return;
    }
    // A failed handshake ends the connection before there is a WebSocket.
    socket.once('close', () => place.leave());
    sockets.handleUpgrade(request, socket, head, (client) => sockets.emit('connection', client, request, place));
  });

  const pings = setInterval(() => {
    const revoked = options.admissions.revoked();
    for (const session of sessions.values()) {
      const end = options.admissions.endOf(session.admission, revoked);
      if (end !== undefined) session.socket.close(4001, end);
      session.patience = Math.min(MAX_PATIENCE, session.patience + PING_SECONDS);
      if (!session.alive) session.socket.terminate();
      session.alive = false;
      if (session.socket.readyState === WebSocket.OPEN) session.socket.ping();
    }
  }, PING_SECONDS * 1000);

  return {
    dispatch,
    models: () => new Set([...sessions.values()].flatMap((session) => [...session.models])),
    hasOther: (workers, model) =>
      [...sessions.values()].some((one) => one.models.has(model) && takesRows(one) && !workers.includes(one.worker)),
    list: () =>
      [...sessions.values()].map(({ worker, models, credits }) => ({
        worker,
        models: [...models],
        credits,
        rows: rowsOf(worker),
        points: reputation.points(worker),
      })),
    report,
    tellAccount,
    drain: () => {
      draining = true;
    },
    close: async () => {
      closing = true;
      clearInterval(pings);
      intake.close();
      for (const grace of graces.values()) clearTimeout(grace);
      for (const client of sockets.clients) client.terminate();
      await new Promise<void>((resolve) => sockets.close(() => resolve()));
    },
  };
}
