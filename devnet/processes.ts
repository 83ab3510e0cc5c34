// docs/operations.md#devnet: the configuration of every process of the network.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInvitation } from '../edge/invitation.ts';
import { createSigner } from '../edge/signing.ts';
import { KERNEL_PATH } from '../kernel/file.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { devnetAccounts } from './accounts.ts';
import type { DevnetChain } from './chain.ts';
import type { ProcessSpec } from './supervisor.ts';

/** The ports of the processes if no other network is there. */
export const PREFERRED_PORTS = {
  l1: 8545,
  sequencer: 8600,
  gateway: 8601,
  executor: 8602,
  validator: 8603,
  liar: 8604,
  da0: 8610,
  da1: 8611,
  da2: 8612,
  da3: 8613,
} as const;

/** A port that is held by the network that has the ports above. */
export const LOCK_PORT = 8599;

export type Ports = Record<keyof typeof PREFERRED_PORTS, number>;

const DA_MEMBERS = ['da0', 'da1', 'da2', 'da3'] as const;
const WORKERS = ['worker0', 'worker1'] as const;
/** The clock of the devnet's L1 may be set to any time, so its workers are invited for all times. */
const INVITATION_EXPIRY = Number.MAX_SAFE_INTEGER;
const CERTIFICATE_SECONDS = 24 * 3600;
const SEQUENCER_WORKERS = 2;
/** Rows that a worker answers at a time: those of a lease. */
const BUILTIN_ROWS = 64;

export const urlOf = (port: number): string => `http://127.0.0.1:${port}`;

export type Choices = { readonly openai?: OpenAiEndpoint | undefined; readonly liar?: string | undefined };

/**
 * Writes the files below `folder`/config and returns how to start each process, in the order in which they need each
 * other.
 */
export function writeProcesses(
  folder: string,
  chain: DevnetChain,
  ports: Ports,
  { openai, liar }: Choices,
): ProcessSpec[] {
  const accounts = devnetAccounts();
  const gateway = createSigner(accounts.gateway.privateKey);
  const da = {
    members: chain.members.map(({ address }, i) => ({ url: urlOf(ports[DA_MEMBERS[i] as 'da0']), address })),
    threshold: chain.threshold,
  };
  const network = (name: string) => ({
    dataDir: join(folder, 'data', name),
    l1Url: chain.l1Url,
    contracts: chain.contracts,
    fromBlock: chain.fromBlock,
    genesis: chain.genesis,
    da,
    kernelPath: KERNEL_PATH,
    workers: 1,
    pollMs: 250,
  });
  const http = (port: number) => ({ port, host: '127.0.0.1' });
  const health = (port: number) => ({ healthUrl: `${urlOf(port)}/health` });
  const write = createWriter(join(folder, 'config'));
  const liarSpec = (entry: string): ProcessSpec => ({
    name: 'liar',
    entry,
    // The liar has an entry of its own, so its arguments begin without a command's name.
    args: write('', 'liar', {
      ...network('liar'),
      key: accounts.liar.privateKey,
      http: http(ports.liar),
      policy: { intervalSeconds: 0 },
    }).slice(1),
    ...health(ports.liar),
  });
  return [
    ...DA_MEMBERS.map((name, i) => ({
      name,
      args: write('da', name, {
        dataDir: join(folder, 'data', name),
        key: chain.members[i]?.privateKey,
        port: ports[name],
        chainId: chain.chainId,
        contract: chain.contracts.daCommittee,
        epoch: chain.epoch,
        l1Url: chain.l1Url,
        sequencerUrl: urlOf(ports.sequencer),
      }),
      ...health(ports[name]),
    })),
    {
      name: 'sequencer',
      args: write('sequencer', 'sequencer', {
        ...network('sequencer'),
        // Whoever has started a run waits for these workers.
        workers: SEQUENCER_WORKERS,
        key: accounts.sequencer.privateKey,
        http: http(ports.sequencer),
      }),
      ...health(ports.sequencer),
    },
    {
      name: 'executor',
      args: write('executor', 'executor', {
        ...network('executor'),
        key: accounts.executor.privateKey,
        http: http(ports.executor),
      }),
      isPatient: liar === undefined,
      ...health(ports.executor),
    },
    ...(liar === undefined ? [] : [liarSpec(liar)]),
    {
      name: 'validator',
      args: write('validator', 'validator', {
        ...network('validator'),
        key: accounts.validator.privateKey,
        relays: [urlOf(ports.sequencer)],
        http: http(ports.validator),
      }),
      isPatient: liar === undefined,
      ...health(ports.validator),
    },
    {
      name: 'gateway',
      args: write('gateway', 'gateway', {
        sequencerUrl: urlOf(ports.sequencer),
        dataDir: join(folder, 'data', 'gateway'),
        privateKey: accounts.gateway.privateKey,
        listen: http(ports.gateway),
        l1Url: chain.l1Url,
        da: { ...da, epoch: chain.epoch },
        retentionSeconds: CERTIFICATE_SECONDS,
      }),
      ...health(ports.gateway),
    },
    ...WORKERS.map((name) => ({
      name,
      args: write('edge', name, {
        gatewayUrl: urlOf(ports.gateway),
        invitation: createInvitation(createDomain(chain.chainId, chain.contracts.gatewayRegistry), gateway, {
          name,
          worker: accounts[name].address,
          expiry: INVITATION_EXPIRY,
        }),
        privateKey: accounts[name].privateKey,
        dataDir: join(folder, 'data', name),
        settle: { sequencerUrl: urlOf(ports.sequencer) },
        // The built-in model answers at once: a signature takes longer than 16 rows. An endpoint has rates of its own.
        ...(openai === undefined ? { concurrency: BUILTIN_ROWS } : {}),
        backends: [{ kind: 'builtin' }, ...(openai === undefined ? [] : [{ kind: 'openai', ...openai }])],
      }),
    })),
  ];
}

export type OpenAiEndpoint = {
  readonly baseUrl: string;
  /** Name of the environment variable that holds the key. */
  readonly apiKeyEnv: string;
  /** For each model its name in the network and its name at the endpoint. */
  readonly models: Readonly<Record<string, string>>;
};

function createWriter(folder: string) {
  mkdirSync(folder, { recursive: true });
  return (command: string, name: string, config: unknown): string[] => {
    const file = join(folder, `${name}.json`);
    const text = JSON.stringify(config, (_key, part) => (typeof part === 'bigint' ? String(part) : part), 2);
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return [command, '--config', file];
  };
}
