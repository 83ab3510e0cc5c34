// docs/operations.md#logs: what is used of pino's logger: who hands one on needs none of pino's types.

type Log = {
  (fields: object, message?: string): void;
  (message: string): void;
};

export type Logger = {
  level: string;
  trace: Log;
  debug: Log;
  info: Log;
  warn: Log;
  error: Log;
  fatal: Log;
  /** Whose lines have these fields as well. */
  child(fields: object): Logger;
};
