import { expect, test } from 'vitest';
import { parseValidatorConfig } from '../challenger/config.ts';
import { MizuError } from '../protocol/errors.ts';
import { encodeNetwork, parseExecutorConfig } from './config.ts';

const address = (digit: string) => `0x${digit.repeat(40)}`;
const hash = (digit: string) => `0x${digit.repeat(64)}`;
const names = ['token', 'stakeManager', 'inbox', 'daCommittee', 'gatewayRegistry', 'rollup', 'bridge'];
const NETWORK = {
  dataDir: 'data',
  l1Url: 'http://127.0.0.1:8545',
  contracts: Object.fromEntries(names.map((name, i) => [name, address(String(i))])),
  fromBlock: '1',
  genesis: {
    chainId: 31337,
    gasPriceWei: '1000000000000000000000',
    inboxDomain: hash('1'),
    daDomain: hash('2'),
    gatewayDomain: hash('3'),
    committee: { epoch: 0, threshold: 1, members: [] },
  },
  da: { members: [{ url: 'http://127.0.0.1:1', address: address('a') }], threshold: 1 },
};

test('a good file is read, with defaults, and written again', () => {
  const config = parseExecutorConfig({ ...NETWORK, key: hash('F') }, {});
  expect(config).toMatchObject({ key: hash('f'), workers: 2, pollMs: 500, payoutWei: 10n ** 18n, policy: {} });
  expect(config.genesis.gasPriceWei).toBe(10n ** 21n);
  const { key: _key, policy: _policy, payoutWei: _payout, ...network } = config;
  expect(parseValidatorConfig(encodeNetwork(network))).toEqual(network);
});

test('the key may come from the environment, and must come', () => {
  expect(parseExecutorConfig(NETWORK, { MIZU_EXECUTOR_KEY: hash('e') }).key).toBe(hash('e'));
  expect(() => parseExecutorConfig(NETWORK, {})).toThrow(MizuError);
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
