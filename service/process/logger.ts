// docs/operations.md#logs: the part of pino's logger that is used, so that whoever hands one on needs none of pino's types.

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
  /** A logger whose lines have these fields as well. */
  child(fields: object): Logger;
};
