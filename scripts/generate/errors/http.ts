// docs/errors.md: what every service of the network may answer, and what its callers say of its answers.
import type { TextsOf } from './text.ts';

export const HTTP_ERRORS = {
  'http/answer-too-large': {
    means: 'A service answers with more bytes than its caller takes.',
    toDo: 'Check that the address is that of a service of the network.',
  },
  'http/bad-request': {
    means: 'The request cannot be read: its path or its headers are malformed.',
    toDo: 'Correct the request as the message says.',
    http: 400,
  },
  'http/cannot-listen': {
    means: 'The service cannot listen on its address.',
    cause: 'Another process has the port, or the host is not one of this machine.',
    toDo: 'Choose another port, or 0 for a free one.',
  },
  'http/cut-off': {
    means: 'The body has ended before its length.',
    cause: 'The connection broke.',
    toDo: 'Send the request again.',
    http: 503,
  },
  'http/internal': {
    means: 'The service has failed on this request.',
    cause: 'A defect of the service, or a full disk.',
    toDo: "Try again. If that goes on, read the service's log.",
    http: 500,
  },
  'http/not-found': {
    means: 'The service has no such page.',
    toDo: 'Compare path and method with the page of the service: [rpc.md](rpc.md), [da.md](da.md), [edge.md](edge.md).',
    http: 404,
  },
  'http/not-json': {
    means: 'A body, or an answer, is not JSON.',
    cause: 'Of an answer: the address belongs to another service, or a proxy has answered.',
    toDo: 'Send one JSON value in UTF-8; check the address.',
    http: 400,
  },
  'http/status-N': {
    means: 'A service answers with the HTTP status N and says no more.',
    cause: 'The address belongs to another service, or a proxy stands before it.',
    toDo: 'Check the address. With 408, 429 and most of 500 and above, try again later.',
  },
  'http/too-large': {
    means: 'The body has more bytes than the service takes.',
    toDo: 'Send less at once; the error names the limit.',
    http: 413,
  },
  'http/too-many': {
    means: 'Too many requests of one address, or of one connection, are served at once.',
    toDo: 'Send fewer at once, and this one again a little later.',
    http: 429,
  },
  'http/too-slow': {
    means: 'The body comes more slowly than the service waits for.',
    toDo: 'Send fewer bodies at once, or over a faster line.',
    http: 408,
  },
  'http/unreachable': {
    means: 'Nothing answers at the address.',
    cause: 'The service is down, or the address is wrong.',
    toDo: 'Check the address, and that the service is up.',
  },
  'http/unsupported-media-type': {
    means: 'The content type of the body is not the one that this path takes, or the body is encoded.',
    toDo: 'Send the `content-type` that the error names, without a `content-encoding`.',
    http: 415,
  },
  'rpc/N': {
    means: 'A sequencer answers with the JSON-RPC error N and says no more.',
    cause: 'The sequencer is of another version, or the address belongs to another service.',
    toDo: 'Check the address; [rpc.md](rpc.md#errors) says what the numbers mean.',
  },
} as const satisfies TextsOf<'http' | 'rpc'>;
