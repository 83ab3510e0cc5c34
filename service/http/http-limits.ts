// docs/operations.md#http: how much of a service's attention one peer can have.
import { withoutUndefined } from '../process/fields.ts';

export type HttpLimits = {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Of a body on its way in, and of an answer on its way out. */
  readonly bytesPerSecond: number;
  /** Before that rate counts; as long may headers take. */
  readonly graceSeconds: number;
  /** The largest body of the service: how long one may take at the least rate. */
  readonly bodyBytes: number;
};

/** All from one address must still make a devnet: its parts, its workers, and several users with 64 connections each. */
export const HTTP_LIMITS: HttpLimits = {
  connections: 2_048,
  connectionsPerAddress: 512,
  bytesPerSecond: 16 * 1024,
  graceSeconds: 10,
  bodyBytes: 1024 * 1024,
};

export type HttpLimitChanges = { readonly [Name in keyof HttpLimits]?: number | undefined };

/** Where a service listens, as its configuration says. */
export type HttpConfig = {
  readonly port: number;
  readonly host?: string;
  readonly limits?: HttpLimitChanges | undefined;
};

export function withLimits(changes: HttpLimitChanges = {}): HttpLimits {
  return { ...HTTP_LIMITS, ...withoutUndefined(changes) };
}
