// docs/operations.md#http: how much of a service's attention one peer can have.
import { withoutUndefined } from '../process/fields.ts';

export type HttpLimits = {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** The least rate at which a body must come in and an answer must be taken. */
  readonly bytesPerSecond: number;
  /** The time before that rate counts. Headers may take as long. */
  readonly graceSeconds: number;
  /** The largest body of the service. With the least rate it bounds the time that a request may take. */
  readonly bodyBytes: number;
};

/**
 * A whole devnet must fit into the limits of one address: its parts, its workers, and several users with 64 connections
 * each.
 */
export const HTTP_LIMITS: HttpLimits = {
  connections: 2_048,
  connectionsPerAddress: 512,
  bytesPerSecond: 16 * 1024,
  graceSeconds: 10,
  bodyBytes: 1024 * 1024,
};

export type HttpLimitChanges = { readonly [Name in keyof HttpLimits]?: number | undefined };

/** Where a service listens, and its limits. Port 0 takes a free port; the default of `host` is 127.0.0.1. */
export type HttpConfig = {
  readonly port: number;
  readonly host?: string;
  readonly limits?: HttpLimitChanges | undefined;
};

export function withLimits(changes: HttpLimitChanges = {}): HttpLimits {
  return { ...HTTP_LIMITS, ...withoutUndefined(changes) };
}
