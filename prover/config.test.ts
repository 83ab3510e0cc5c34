import { expect, test } from 'vitest';
import { parseValidatorConfig } from '../challenger/config.ts';
import { CONTRACT_NAMES } from '../contracts/deploy.ts';
import { encodeNetwork } from '../node/config.ts';
import { MizuError } from '../protocol/errors.ts';
import { parseExecutorConfig } from './config.ts';

const address = (digit: string) => `0x${digit.repeat(40)}`;
const hash = (digit: string) => `0x${digit.repeat(64)}`;
const NETWORK = {
  dataDir: 'data',
  l1Url: 'http://127.0.0.1:8545',
  contracts: Object.fromEntries(CONTRACT_NAMES.map((name, i) => [name, address((i % 16).toString(16))])),
  fromBlock: '1',
  genesis: {
    chainId: 31337,
    minGasPrice: '1000000000000000000000',
    inboxDomain: hash('1'),
    daDomain: hash('2'),
    gatewayDomain: hash('3'),
    retention: '3600',
    committeeOverlap: '600',
    committee: { epoch: 0, threshold: 1, members: [] },
  },
  da: { members: [{ url: 'http://127.0.0.1:1', address: address('a') }], threshold: 1 },
};

test('a good file is read, with defaults, and written again', () => {
  const config = parseExecutorConfig({ ...NETWORK, key: hash('F') }, {});
  expect(config).toMatchObject({ key: hash('f'), workers: 2, pollMs: 500, payoutWei: 10n ** 18n, policy: {} });
  expect(config.genesis.minGasPrice).toBe(10n ** 21n);
  const { key: _key, policy: _policy, payoutWei: _payout, ...network } = config;
  expect(parseValidatorConfig(encodeNetwork(network))).toEqual(network);
});

test('the key may come from the environment, and must come', () => {
  expect(parseExecutorConfig(NETWORK, { MIZU_EXECUTOR_KEY: hash('e') }).key).toBe(hash('e'));
  expect(() => parseExecutorConfig(NETWORK, {})).toThrow(MizuError);
});

test('an executor may have a delegate, from the environment before that of the file', () => {
  const file = { ...NETWORK, key: hash('1'), delegateKey: hash('2') };
  expect(parseExecutorConfig({ ...NETWORK, key: hash('1') }, {}).delegateKey).toBeUndefined();
  expect(parseExecutorConfig(file, {})).toMatchObject({ key: hash('1'), delegateKey: hash('2') });
  expect(parseExecutorConfig(file, { MIZU_DELEGATE_KEY: hash('E') }).delegateKey).toBe(hash('e'));
  expect(() => parseExecutorConfig(file, { MIZU_DELEGATE_KEY: '0x1' })).toThrow(MizuError);
});

test('a validator may have a key, from the environment before that of the file', () => {
  expect(parseValidatorConfig(NETWORK, {}).key).toBeUndefined();
  const file = { ...NETWORK, key: hash('1'), dryRun: true };
  expect(parseValidatorConfig(file, {})).toMatchObject({ key: hash('1'), dryRun: true });
  expect(parseValidatorConfig(file, { MIZU_VALIDATOR_KEY: hash('E') }).key).toBe(hash('e'));
  expect(() => parseValidatorConfig(NETWORK, { MIZU_VALIDATOR_KEY: '0x1' })).toThrow(MizuError);
});

test('every wrong field is named', () => {
  const wrong = { ...NETWORK, l1Url: 'ftp://x', da: { ...NETWORK.da, threshold: 0 }, extra: 1, key: hash('1') };
  try {
    parseExecutorConfig(wrong, {});
    expect.unreachable();
  } catch (error) {
    expect((error as MizuError).code).toBe('config/malformed');
    expect((error as MizuError).actual).toMatch(/l1Url: expected an http or https URL/);
    expect((error as MizuError).actual).toMatch(/da\.threshold/);
    expect((error as MizuError).actual).toMatch(/extra/);
  }
});
