// docs/errors.md: the sections of the page, in this order, and whose codes each has.
import type { DescribedCode } from '../../../protocol/error-codes.ts';
import { CLI } from './cli.ts';
import { DA } from './da.ts';
import { EDGE } from './edge.ts';
import { HTTP } from './http.ts';
import { L1 } from './l1.ts';
import { NODE } from './node.ts';
import { SDK } from './sdk.ts';
import { SEQUENCER } from './sequencer.ts';
import type { ErrorText } from './text.ts';
import { VERIFY } from './verify.ts';
import { VM } from './vm.ts';

export type Area = {
  readonly anchor: string;
  readonly title: string;
  readonly about: string;
  readonly texts: Readonly<Record<string, ErrorText>>;
};

/** All areas together: a code that no area describes does not compile. */
export const TEXTS: Readonly<Record<DescribedCode, ErrorText>> = {
  ...SDK,
  ...VERIFY,
  ...CLI,
  ...SEQUENCER,
  ...EDGE,
  ...DA,
  ...L1,
  ...NODE,
  ...HTTP,
  ...VM,
};

export const AREAS: readonly Area[] = [
  {
    anchor: 'workflows',
    title: 'Workflows',
    about: 'Writing, compiling, running and fetching: what the package `mizu` and its commands refuse.',
    texts: SDK,
  },
  {
    anchor: 'verification',
    title: 'Verification',
    about: 'What `mizu verify` finds. Each ends the command with exit code 3.',
    texts: VERIFY,
  },
  {
    anchor: 'commands',
    title: 'Commands',
    about: 'The command line, the devnet and the demo.',
    texts: CLI,
  },
  {
    anchor: 'messages',
    title: 'Sequencer and messages',
    about: 'What the sequencer answers by [JSON-RPC or HTTP](rpc.md), and what it refuses to start with.',
    texts: SEQUENCER,
  },
  {
    anchor: 'models',
    title: 'Models, gateways and workers',
    about:
      'What happens to a row at a model stands in its result, so also in `rejects.jsonl` ([failures](edge.md#failures)).',
    texts: EDGE,
  },
  {
    anchor: 'da',
    title: 'Data availability',
    about: 'Members of the [committee](da.md) and their clients.',
    texts: DA,
  },
  {
    anchor: 'l1',
    title: 'L1',
    about: 'Nodes of the L1, transactions, and the deployment of the contracts.',
    texts: L1,
  },
  {
    anchor: 'nodes',
    title: 'Nodes',
    about: 'Executors and validators, and what every service has: configuration, kernel and store.',
    texts: NODE,
  },
  {
    anchor: 'http',
    title: 'HTTP and JSON-RPC',
    about: 'What every service may answer, and what a caller says of an answer.',
    texts: HTTP,
  },
  {
    anchor: 'modules',
    title: 'Modules and programs',
    about: 'What becomes no program of the [DataVM](vm.md).',
    texts: VM,
  },
];
