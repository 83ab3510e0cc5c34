// docs/edge.md#bench: one part of the measured network as a process of its own: `process.ts ROLE JSON`. It tells its
// address to its parent.
import { join } from 'node:path';
import { parseGatewayConfig, type WorkerConfigInput } from '../../edge/config.ts';
import { openGateway } from '../../edge/gateway/gateway.ts';
import { createSequencer } from '../../edge/gateway/sequencer.ts';
import { startWorker } from '../../edge/main.ts';
import { createLogger } from '../../service/process/log.ts';
import { runService } from '../../service/process/process.ts';
import { openDiskObjects } from '../../service/storage/disk-objects.ts';
import { startMockOpenAi } from '../../test/doubles/mock-openai.ts';

const [role, json] = process.argv.slice(2);
const input = JSON.parse(json ?? '{}');

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({ cpu: user + system });
});
// The channel to the parent must not keep a stopped process alive.
process.channel?.unref();

process.exitCode = await runService(async () => {
  if (role === 'mock') {
    const mock = await startMockOpenAi(input);
    process.send?.({ url: mock.url });
    return mock;
  }
  if (role === 'workers') {
    const workers = await Promise.all((input as WorkerConfigInput[]).map((one) => startWorker(one)));
    process.send?.({ url: workers[0]?.address });
    return { close: async () => void (await Promise.all(workers.map((worker) => worker.close()))) };
  }
  const gateway = await startLocalGateway(input);
  process.send?.({ url: gateway.url });
  return gateway;
});

// The gateway's DA is a folder with fsync: the committee is measured elsewhere.
async function startLocalGateway(value: unknown) {
  const config = parseGatewayConfig(value);
  const sequencer = createSequencer(config.sequencerUrl);
  const objects = await openDiskObjects(join(config.dataDir, 'objects'));
  return openGateway({
    config,
    sequencer,
    chain: await sequencer.chain(),
    putObjects: async (all, { expiry }) => ({
      refs: await objects.putAll(all),
      certificate: { epoch: 0n, expiry, signers: 0n, signatures: [] },
    }),
    getObject: async ({ root }) => {
      throw new Error(`no object ${root}`);
    },
    isStaked: undefined,
    log: createLogger('gateway'),
  });
}
