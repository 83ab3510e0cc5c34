// docs/errors.md: gateways, workers and the model endpoints behind them.
import type { TextsOf } from './text.ts';

export const EDGE_ERRORS = {
  'edge/answer-too-large': {
    means: 'The endpoint answers with more bytes than its backend takes.',
    toDo: 'Ask for shorter answers (`maxTokens`), or raise `maxAnswerBytes` of the backend.',
    row: true,
  },
  'edge/audit-undecided': {
    means: 'Three workers have given three answers of a model that must be exact.',
    toDo: 'Run the operator again on the rejects. The workers whose answers differ lose reputation ([audits](edge.md#audits)).',
    row: true,
  },
  'edge/backend': {
    means: "A worker's backend has failed in an unforeseen way.",
    toDo: "Nothing: the row goes to another worker. The worker's log has the cause.",
    row: true,
  },
  'edge/bad-answer': {
    means:
      'The endpoint has answered with something that is no chat completion, or the sequencer with no result of its method.',
    cause: 'The server beside the address is another, or of another version.',
    toDo: 'Check `baseUrl` of the backend, and that sequencer and gateway have the same version.',
    row: true,
  },
  'edge/bad-manifest': {
    means: 'The manifest of a model of class B does not say how far its answers may differ.',
    cause: 'It was written for another version, or its thresholds are missing.',
    toDo: 'Write it as the [court](court.md#manifest) says; `mizu court calibrate` prints the thresholds.',
  },
  'edge/bad-frame': {
    means: 'A frame between gateway and worker cannot be read.',
    cause: 'Both are of different versions.',
    toDo: 'Run the same version on both sides.',
  },
  'edge/bad-request': {
    means: 'A row of a request object is no chat request.',
    cause: 'A program that was not made by this SDK has written it.',
    toDo: 'Write rows as [rows.md](rows.md#requests) says.',
    row: true,
  },
  'edge/bad-requests': {
    means: 'An object that should be a list of requests is none.',
    cause: 'A program that was not made by this SDK has written it.',
    toDo: 'Write the object as [rows.md](rows.md#requests) says.',
  },
  'edge/batch-refused': {
    means: "The kernel refuses a gateway's batch of results.",
    cause: 'The gateway is not registered on L1, or its clock is wrong.',
    toDo: 'Register the gateway, and set the clock.',
  },
  'edge/checks-full': {
    means: 'Too many results wait for the check of their schema.',
    toDo: 'Nothing: the worker sends them again a little later.',
  },
  'edge/closing': {
    means: 'The gateway is being stopped.',
    toDo: 'Nothing: the worker sends its results again when the gateway is back.',
  },
  'edge/content-too-large': {
    means: "The model's answer to a row is larger than the lease, or the row's share of the result, allows.",
    toDo: 'Ask for shorter answers (`maxTokens`), or raise what an item may cost ([bytes of results](edge.md#result-bytes)).',
    row: true,
  },
  'edge/journal-unwritable': {
    means: 'The gateway cannot make results durable.',
    cause: 'The disk is full.',
    toDo: 'Make room. Workers keep their results and send them again.',
  },
  'edge/message-failed': {
    means: 'A Settle or a Withdraw of a worker was refused by the kernel, or has no receipt.',
    toDo: "Nothing: the worker tries again. If it goes on, the gateway's account on the network has too little.",
  },
  'edge/model': {
    means: 'An answer that a test gives in place of a model has thrown.',
    toDo: 'Correct the function in `answers` of the test.',
    row: true,
  },
  'edge/model-refused': {
    means: 'The model refuses to answer the row. What it says stands in the error.',
    toDo: 'Change the prompt, drop such rows before, or take another model.',
    row: true,
  },
  'edge/no-answer': {
    means: 'No worker has answered the row in all its attempts.',
    cause: 'The workers or their endpoints are down.',
    toDo: 'Run the operator again on the rejects when they are up (`--retry-rejects`).',
    row: true,
  },
  'edge/no-api': {
    means: 'The address of the backend is not that of a chat completions API.',
    cause: 'A web page or a login answers there.',
    toDo: 'Write `baseUrl` up to and with `/v1`.',
    row: true,
  },
  'edge/no-content': {
    means: 'The answer has no content: it is empty, or calls a tool.',
    toDo: 'Ask in the prompt for a text; for a model that reasons, allow more tokens.',
    row: true,
  },
  'edge/no-images': {
    means: 'The model takes no images, and the row has some.',
    toDo: 'Name a model that takes images.',
    row: true,
  },
  'edge/no-program': {
    means: 'The program of a simulator is not to be had from the gateway, which asks DA.',
    toDo: 'Nothing at first: the row goes to another worker. If it stays, check that the gateway reaches the DA members.',
    row: true,
  },
  'edge/no-simulator': {
    means: "The simulator's module cannot be read or run.",
    toDo: 'Check the path in the configuration of the backend, and that the module is a WASI command.',
  },
  'edge/other-gateway': {
    means: 'The gateway that answers is not the one that the worker signs for.',
    toDo: 'Check `gatewayUrl`, and `gateway` or `invitation`, in the configuration of the worker.',
  },
  'edge/other-rows': {
    means: 'The results of a worker are not those of its lease.',
    toDo: 'Run a worker of the same version as the gateway. The rows are leased to another one.',
  },
  'edge/other-weights': {
    means: 'The page of a worker does not get the weights of the built-in model from its gateway, or gets others.',
    toDo: 'Load the page again. If it stays, the gateway has other files than its version, or a proxy changes what it sends.',
  },
  'edge/quota': {
    means: 'The account at the endpoint has no money left.',
    toDo: 'Fill the account; the worker then takes rows again by itself.',
    row: true,
  },
  'edge/redirected': {
    means: 'The endpoint says that it is at another address. The key is sent nowhere else.',
    toDo: 'Name that address in `baseUrl`.',
    row: true,
  },
  'edge/result-too-large': {
    means: "The results of the rows before it fill the task's result object.",
    toDo: 'Ask for shorter answers, or cut the input into smaller partitions.',
    row: true,
  },
  'edge/schema': {
    means: 'The answer does not fit the schema that was asked for.',
    toDo: 'Say in the prompt what each field is, make the schema simpler, or take a model with structured outputs.',
    row: true,
  },
  'edge/simulator-failed': {
    means: 'The simulator has ended with an exit code above 0, out of gas, or without UTF-8 on standard output.',
    toDo: 'Correct the simulator; `mizu vm run` runs it alone.',
    row: true,
  },
  'edge/status-N': {
    means: 'The endpoint refuses a request with the HTTP status N. Its reason stands in the error.',
    cause:
      '401 to 403: the key. 404: `baseUrl` or the name of the model. 400: a parameter that the endpoint does not know.',
    toDo:
      'Correct the configuration of the backend; the error names a field where one helps. ' +
      '408, 425, 429 and 500 and above are tried again.',
    row: true,
  },
  'edge/timeout': {
    means: 'The endpoint has not answered in time.',
    toDo: 'Raise `timeoutSeconds` of the backend, or lower how many rows it is asked at once.',
    row: true,
  },
  'edge/too-many-revoked': {
    means: 'The file of revoked invitations is too large.',
    toDo: 'Remove the names whose invitations have expired.',
  },
  'edge/truncated': {
    means: 'The answer was cut off at its limit of tokens, so it is not whole.',
    toDo: 'Raise `maxTokens` of the operator, or ask for less.',
    row: true,
  },
  'edge/unknown-model': {
    means: 'A worker was given a row for a model that it has no backend for.',
    toDo: 'Nothing: the row goes to another worker. Start the worker again if its configuration has changed.',
    row: true,
  },
  'edge/unreachable': {
    means: 'Nothing answers at the address of the endpoint.',
    toDo: 'Check `baseUrl`, and that the endpoint is up.',
    row: true,
  },
  'edge/unusable-schema': {
    means: 'No answer can be checked by the schema that the row asks for.',
    cause: 'The schema is outside of the [bounds](edge.md#schema-bounds), or was not made by this SDK.',
    toDo: 'Make the schema smaller.',
    row: true,
  },
  'edge/worker-refused': {
    means: 'The gateway does not take the worker. The error says which rule it breaks.',
    cause: 'The worker has no stake and no invitation, or its invitation was revoked or has expired.',
    toDo: 'Do what [admission](edge.md#admission) asks for.',
  },
  'edge/wrong-model': {
    means: 'The request object names another model than its stage.',
    toDo: 'Deploy the workflow again with this SDK.',
  },
  'edge/wrong-object': {
    means: 'The sequencer gives another object than it was asked for.',
    cause: 'The sequencer is not honest, or a proxy changes its answers.',
    toDo: 'Name another sequencer if it goes on.',
  },
} as const satisfies TextsOf<'edge'>;
