// docs/da.md#uploads: who may upload what at the moment, and how many at a time.
import { randomBytes } from 'node:crypto';
import { MizuError } from '../protocol/errors.ts';
import { type Address, bytesToHex, type Hex } from '../protocol/hex.ts';
import type { ObjectRef } from '../protocol/tree.ts';
import { tooSlowWhenFull } from '../service/http/body.ts';
import type { PaceMeter } from '../service/http/pace.ts';
import { createPeerPlaces, type PeerPlace, type PlaceLimits, type PutOut } from '../service/http/peers.ts';
import type { Class, Standing } from './standing.ts';

/** Given to an account for what a member lacks of its request. */
export type Ticket = {
  readonly id: Hex;
  readonly account: Address;
  readonly standing: Standing;
  /** Who holds its places: an account with something to lose, or an address, since accounts without cost nothing. */
  readonly holder: string;
  readonly lengths: ReadonlyMap<Hex, number>;
  readonly openUntil: number;
};

export type Uploads = {
  open(account: Address, standing: Standing, peer: string, missing: readonly ObjectRef[]): Ticket;
  /** @throws MizuError `da/unsigned`, `da/wrong-length` */
  find(id: unknown, root: Hex, length: number | undefined): Ticket;
  /** The object is there: a ticket whose objects are all there is used up. */
  settle(ticket: Ticket, root: Hex): void;
  /** Takes a ticket back: who sends other bytes than it names has to ask again. */
  revoke(ticket: Ticket): void;
  /** A place for one upload. `onPutOut` gets `da/too-many` or `http/too-slow`. @throws MizuError `da/too-many` */
  begin(ticket: Ticket, length: number, progress: PaceMeter, onPutOut: (error: MizuError) => void): PeerPlace;
  taken(): number;
};

export type UploadLimits = Readonly<Record<Class, PlaceLimits>>;

const MIB = 1024 * 1024;
export const UPLOAD_LIMITS: UploadLimits = {
  staked: { total: 16, perPeer: 8, size: 512 * MIB },
  paying: { total: 8, perPeer: 4, size: 256 * MIB },
  free: { total: 8, perPeer: 4, size: 256 * MIB },
};
/** Roots that tickets of one class name together, about 100 bytes each. */
const TICKETS: PlaceLimits = { total: 1_024, perPeer: 64, size: 256 * 1_024 };
const TICKET_MS = 600_000;

export function createUploads(limits: UploadLimits = UPLOAD_LIMITS): Uploads {
  const each = <T>(make: (kind: Class) => T): Record<Class, T> => ({
    staked: make('staked'),
    paying: make('paying'),
    free: make('free'),
  });
  const places = each((kind) => createPeerPlaces(limits[kind]));
  const ticketPlaces = each(() => createPeerPlaces(TICKETS));
  type Open = { readonly ticket: Ticket; readonly place: PeerPlace; readonly left: Set<Hex> };
  const tickets = new Map<Hex, Open>();

  const dropOld = () => {
    for (const [id, { ticket, place }] of tickets) {
      if (ticket.openUntil > Date.now()) break;
      tickets.delete(id);
      place.leave();
    }
  };

  const revoke = ({ id }: Ticket) => {
    tickets.get(id)?.place.leave();
    tickets.delete(id);
  };

  return {
    open: (account, standing, peer, missing) => {
      dropOld();
      const id = bytesToHex(randomBytes(16));
      const holder = standing.class === 'free' ? peer : account;
      const place = ticketPlaces[standing.class].enter(holder, () => tickets.delete(id), missing.length);
      if (place === undefined) throw tooMany('requests that wait for their objects', TICKETS, standing.class);
      const lengths = new Map(missing.map(({ root, length }) => [root, length]));
      const ticket = { id, account, standing, holder, lengths, openUntil: Date.now() + TICKET_MS };
      tickets.set(id, { ticket, place, left: new Set(lengths.keys()) });
      return ticket;
    },
    find: (id, root, length) => {
      dropOld();
      const found = tickets.get(id as Hex)?.ticket;
      const expected = found?.lengths.get(root);
      if (found === undefined || expected === undefined) throw unsigned(root, id);
      if (length !== expected) throw wrongLength(expected, length);
      return found;
    },
    settle: (ticket, root) => {
      const left = tickets.get(ticket.id)?.left;
      left?.delete(root);
      if (left?.size === 0) revoke(ticket);
    },
    revoke,
    begin: ({ standing: { class: kind }, holder }, length, progress, onPutOut) => {
      const error = tooMany('uploads', limits[kind], kind);
      const putOut = (why: PutOut) => onPutOut(why === 'late' ? tooSlowWhenFull(progress) : error);
      const place = places[kind].enter(holder, putOut, length, progress);
      if (place === undefined) throw error;
      return place;
    },
    taken: () => places.staked.taken() + places.paying.taken() + places.free.taken(),
  };
}

function unsigned(root: Hex, id: unknown): MizuError {
  return new MizuError({
    code: 'da/unsigned',
    message: 'Nobody has asked this member to keep the object.',
    expected: `the header mizu-upload with the id that POST /certificates gave for a request that names ${root}`,
    actual: id === undefined ? 'no such header' : 'an id that is unknown, or no longer good',
    hint: 'Post the signed request first: docs/da.md#requests.',
  });
}

function wrongLength(expected: number, actual: number | undefined): MizuError {
  return new MizuError({
    code: 'da/wrong-length',
    message: 'The upload has another length than the request names.',
    expected: `content-length: ${expected}`,
    actual: actual === undefined ? 'no content-length' : String(actual),
  });
}

function tooMany(what: string, { total, perPeer, size = 0 }: PlaceLimits, kind: Class): MizuError {
  return new MizuError({
    code: 'da/too-many',
    message: `There are too many ${what} of this account or address, or of all accounts of the class ${kind}.`,
    expected: `at most ${perPeer} of one, ${total} (${size} together) of all`,
    actual: 'one more',
    hint: 'Try again a little later.',
    retryable: true,
  });
}
