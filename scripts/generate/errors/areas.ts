// docs/errors.md: the sections of the page, in this order, and whose codes each has.
import type { DescribedCode } from '../../../protocol/error-codes.ts';
import { CLI_ERRORS } from './cli.ts';
import { DA_ERRORS } from './da.ts';
import { EDGE_ERRORS } from './edge.ts';
import { HTTP_ERRORS } from './http.ts';
import { L1_ERRORS } from './l1.ts';
import { NODE_ERRORS } from './node.ts';
import { SDK_ERRORS } from './sdk.ts';
import { SEQUENCER_ERRORS } from './sequencer.ts';
import type { ErrorText } from './text.ts';
import { VERIFY_ERRORS } from './verify.ts';
import { VM_ERRORS } from './vm.ts';

export type Area = {
  readonly anchor: string;
  readonly title: string;
  readonly about: string;
  readonly texts: Readonly<Record<string, ErrorText>>;
};

/** All areas together: a code that no area describes does not compile. */
export const ERROR_TEXTS: Readonly<Record<DescribedCode, ErrorText>> = {
  ...SDK_ERRORS,
  ...VERIFY_ERRORS,
  ...CLI_ERRORS,
  ...SEQUENCER_ERRORS,
  ...EDGE_ERRORS,
  ...DA_ERRORS,
  ...L1_ERRORS,
  ...NODE_ERRORS,
  ...HTTP_ERRORS,
  ...VM_ERRORS,
};

export const AREAS: readonly Area[] = [
  {
    anchor: 'workflows',
    title: 'Workflows',
    about: 'Writing, compiling, running and fetching: what the package `mizu` and its commands refuse.',
    texts: SDK_ERRORS,
  },
  {
    anchor: 'verification',
    title: 'Verification',
    about: 'What `mizu verify` finds. Each ends the command with exit code 3.',
    texts: VERIFY_ERRORS,
  },
  {
    anchor: 'commands',
    title: 'Commands',
    about: 'The command line, the devnet and the demo.',
    texts: CLI_ERRORS,
  },
  {
    anchor: 'messages',
    title: 'Sequencer and messages',
    about: 'What the sequencer answers by [JSON-RPC or HTTP](rpc.md), and what it refuses to start with.',
    texts: SEQUENCER_ERRORS,
  },
  {
    anchor: 'models',
    title: 'Models, gateways and workers',
    about:
      'What happens to a row at a model stands in its result, so also in `rejects.jsonl` ([failures](edge.md#failures)).',
    texts: EDGE_ERRORS,
  },
  {
    anchor: 'da',
    title: 'Data availability',
    about: 'Members of the [committee](da.md) and their clients.',
    texts: DA_ERRORS,
  },
  {
    anchor: 'l1',
    title: 'L1',
    about: 'Nodes of the L1, transactions, and the deployment of the contracts.',
    texts: L1_ERRORS,
  },
  {
    anchor: 'nodes',
    title: 'Nodes',
    about: 'Executors and validators, and what every service has: configuration, kernel and store.',
    texts: NODE_ERRORS,
  },
  {
    anchor: 'http',
    title: 'HTTP and JSON-RPC',
    about: 'What every service may answer, and what a caller says of an answer.',
    texts: HTTP_ERRORS,
  },
  {
    anchor: 'modules',
    title: 'Modules and programs',
    about: 'What becomes no program of the [DataVM](vm.md).',
    texts: VM_ERRORS,
  },
];
