// Rules of the kernel that keep state payable, known and answerable, broken one at a time; the kernel's own tests must notice it.
import type { Mutant } from './mutant.ts';

function inKernel(name: string, tests: readonly string[], changes: readonly (readonly [string, string])[]): Mutant[] {
  return changes.map(([text, replacement]) => ({
    file: `kernel/assembly/${name}.ts`,
    text,
    replacement,
    checks: tests.map((test) => `kernel:${test}` as const),
  }));
}

export const KERNEL_MUTANTS: readonly Mutant[] = [
  ...inKernel(
    'expiry',
    ['expiry', 'tasks'],
    [
      [
        'min<u64>(run.expiry, loadWorkflow(run.workflow).expiry) < timestamp + retention()',
        'run.expiry < timestamp + retention()',
      ],
      [
        'min<u64>(run.expiry, loadWorkflow(run.workflow).expiry) < timestamp + retention()',
        'min<u64>(run.expiry, loadWorkflow(run.workflow).expiry) < timestamp',
      ],
      ['pay(run, MESSAGE_BASE_GAS);', 'pay(run, 0);'],
      ['endRun(run, RUN_STATUS_EXPIRED);', 'run.status = RUN_STATUS_EXPIRED;'],
    ],
  ),
  ...inKernel(
    'settle',
    ['settle'],
    [
      ['if (less(settled, earned)) sub(due, earned, settled);', 'memory.copy(due, earned, 32);'],
      ['if (less(account.balance, due)) memory.copy(due, account.balance, 32);', ''],
      ['if (equal(sender, worker, 20)) add(balance, balance, amount);', ''],
      ['if (equal(sender, gateway, 20)) sub(balance, balance, amount);', ''],
      ['if (!paysFee(balanceAfter(amount), SIGNATURE_GAS)) return false;', ''],
      ['!isZeroWei(amount) && isSignedByGateway()', '!isZeroWei(amount)'],
      ['if (!takeFee(0, SIGNATURE_GAS)) return false;', 'if (!takeFee(0, 0)) return false;'],
      ['  credit(worker, amount);\n', ''],
      ['sub(account.balance, account.balance, amount);', ''],
      ['add(settled, settled, amount);', 'memory.copy(settled, amount, 32);'],
      [
        'isSignedBy(digest(gatewayDomain()), accountSignature, gateway)',
        'isSignedBy(digest(gatewayDomain()), accountSignature, worker)',
      ],
    ],
  ),
  ...inKernel(
    'gas-price',
    ['gas-price'],
    [
      ['if (less(price, minGasPrice()))', 'if (false)'],
      ["return fitsBits96(price) || refuse('gasPrice', 'below 2^96', 'more');", 'return true;'],
    ],
  ),
  ...inKernel('start', ['gas-price'], [['run.gasPrice = gasPrice;', 'run.gasPrice = alloc(32);']]),
  ...inKernel(
    'l1',
    ['gas-price'],
    [
      ["if (!fitsBits96(price)) return refuse('price', 'below 2^96', 'more');", ''],
      ['storeMinGasPrice(price);', ''],
    ],
  ),
  ...inKernel(
    'renew',
    ['expiry'],
    [
      ['if (!equal(run.owner, sender, 20))', 'if (false)'],
      ['if (certifiedUntil <= run.expiry)', 'if (certifiedUntil < run.expiry)'],
      ['KEEP_BYTE_GAS * totalLength(list, count)', 'KEEP_BYTE_GAS'],
      ["return matched == count || refuseBound('objects', '', matched, count);", 'return true;'],
      ['if (!equal(object, outputRoot, 32))', 'if (false)'],
      ["return size == outputLength || refuseBound('object length', '', outputLength, size);", 'return true;'],
    ],
  ),
  ...inKernel(
    'certificate',
    ['expiry', 'tasks', 'messages'],
    [
      ['if (expiry < timestamp + retention()) {', 'if (expiry < timestamp) {'],
      ['if (expiry > timestamp + MAX_RETENTION_SECONDS) {', 'if (false) {'],
      ['readU64() == epoch && timestamp <= until', 'readU64() == epoch'],
      ['popcnt<u64>(signers) < threshold) {', 'popcnt<u64>(signers) == 0) {'],
    ],
  ),
  ...inKernel(
    'advance',
    ['tasks', 'expiry'],
    [
      ['  if (isForgotten(run)) {', '  if (false) {'],
      ['if (!pay(run, base + INPUT_GAS * count)) return 0;', 'if (!pay(run, base)) return 0;'],
      ['bytes > MAX_TASK_INPUT_BYTES ||', ''],
      ['!pay(run, INPUT_BYTE_GAS * bytes)) return 0;', '!pay(run, INPUT_BYTE_GAS * count)) return 0;'],
      ['(stage.sink ? SINK_GAS : 0) + stage.loadGas;', '(stage.sink ? SINK_GAS : 0);'],
      ['min<u64>(stage.gasLimit, run.taskGasLimit)', 'stage.gasLimit'],
    ],
  ),
  ...inKernel(
    'inference',
    ['gateways', 'tasks', 'expiry'],
    [
      ['if (less(run.maxItemCost, told))', 'if (false)'],
      ['KEEP_BYTE_GAS * be64(item + RESULT_LENGTH_AT)', 'KEEP_BYTE_GAS'],
      ['add(told, told, price)', '0'],
      ['pay(run, gas + keepGas);', 'pay(run, gas);'],
      [
        'sub(inferenceLeft, run.maxInferenceCost, run.inferenceSpent);',
        'sub(inferenceLeft, run.maxInferenceCost, alloc(32));',
      ],
      [
        'run.gatewayCount != 0 ? contains(run.gateways, run.gatewayCount) : contains(',
        'run.gatewayCount != 0 ? true : contains(',
      ],
      [': contains(ofModel, addressCount);', ': true;'],
      ['run.expiry = min<u64>(run.expiry, certifiedUntil);', ''],
      ['add(run.inferenceSpent, run.inferenceSpent, told);', ''],
      ['MESSAGE_BASE_GAS * refused);', 'MESSAGE_BASE_GAS);'],
      ['const gas = TASK_BASE_GAS + signatureGas +', 'const gas = TASK_BASE_GAS +'],
      ['less(rest, total)) return', 'less(rest, told)) return'],
    ],
  ),
  ...inKernel(
    'deploy',
    ['messages', 'expiry', 'deploy'],
    [
      ['if (!isNew && certifiedUntil <= record.expiry) {', 'if (!isNew && certifiedUntil == record.expiry) {'],
      ['KEEP_BYTE_GAS * totalLength(objects, objectCount + 1), maxFee', 'KEEP_BYTE_GAS, maxFee'],
      ['stage.gasLimit > MAX_STAGE_GAS) {', 'false) {'],
    ],
  ),
  ...inKernel(
    'start',
    ['expiry', 'gateways', 'tasks', 'messages'],
    [
      ['if (workflow.expiry < timestamp + retention()) {', 'if (workflow.expiry < timestamp) {'],
      ['run.expiry = certifiedUntil;', 'run.expiry = workflow.expiry;'],
      ['addBytes(gateways, gatewayCount * GATEWAY_BYTES);', 'addBytes(gateways, 0);'],
    ],
  ),
  ...inKernel(
    'void',
    ['void', 'void-random'],
    [
      ['if (!checkFromL1(MESSAGE_BYTES)) return false;', ''],
      ['run.status != RUN_STATUS_RUNNING && run.status != RUN_STATUS_DONE', 'run.status != RUN_STATUS_RUNNING'],
      ['|| stage.kind != KIND_INFER', ''],
      ['taskAttempt == be16(message + ATTEMPT_AT) &&', ''],
      ['&& equal(outputRoot, message + RESULT_AT, 32)', ''],
      ['if (less(run.spent, taken)) taken = run.spent;', ''],
      ['if (less(account.balance, taken)) taken = account.balance;', ''],
      ['sub(account.balance, account.balance, copy);', ''],
      ['sub(run.inferenceSpent, run.inferenceSpent, less(refund', 'sub(alloc(32), run.inferenceSpent, less(refund'],
      ['run.tasksLeft += tasksDone(run, index);', ''],
      ['reopenStage(run, index, run.voids);', 'reopenStage(run, index, 1);'],
      ['input.mode == MODE_ALL ? ALL : used);', 'false ? ALL : used);'],
      ['countTasksDone(run, index, -1);', ''],
      ['TASK_STATUS_OPEN, alloc(32), 0, 0, taskAttempt + 1);', 'TASK_STATUS_OPEN, alloc(32), 0, 0, taskAttempt);'],
    ],
  ),
  ...inKernel(
    'tasks',
    ['void', 'void-random'],
    [
      ['return taskAttempt >= least;', 'return true;'],
      ['if (attempt < least) return true;', ''],
    ],
  ),
];
