// docs/edge.md#configuration
import { describe, expect, test } from 'vitest';
import { key, ZERO_ADDRESS } from '../test/edge/gateway.fixture.ts';
import { parseGatewayConfig } from './config.ts';

describe('configuration', () => {
  const minimal = {
    sequencerUrl: 'http://127.0.0.1:1',
    dataDir: 'x',
    da: { members: [{ url: 'http://127.0.0.1:2', address: ZERO_ADDRESS }], threshold: 1 },
  };

  test('names what is wrong', () => {
    expect(() => parseGatewayConfig({ ...minimal, leaseRows: 0, port: 1 }, {})).toThrow(
      expect.objectContaining({ code: 'config/malformed', actual: expect.stringMatching(/leaseRows: .*port/) }),
    );
  });

  test('takes the key from the environment', () => {
    expect(parseGatewayConfig(minimal, { MIZU_GATEWAY_KEY: key(7) }).privateKey).toBe(key(7));
    expect(() => parseGatewayConfig(minimal, {})).toThrow(expect.objectContaining({ code: 'config/malformed' }));
  });

  test('takes canaries only with an L1, and their key from the environment', () => {
    const canaries = { audits: ZERO_ADDRESS, accounts: [key(9)] };
    const keys = { MIZU_GATEWAY_KEY: key(7), MIZU_CANARY_KEY: key(8) };
    const parsed = parseGatewayConfig({ ...minimal, l1Url: 'http://127.0.0.1:3', canaries }, keys);
    expect(parsed.canaries).toEqual({ ...canaries, privateKey: key(8), share: 0.5, confirmations: 3 });
    expect(() => parseGatewayConfig({ ...minimal, canaries }, keys)).toThrow(
      expect.objectContaining({ code: 'config/malformed', actual: expect.stringContaining('l1Url') }),
    );
    expect(() =>
      parseGatewayConfig({ ...minimal, l1Url: 'http://127.0.0.1:3', canaries }, { MIZU_GATEWAY_KEY: key(7) }),
    ).toThrow(expect.objectContaining({ actual: expect.stringContaining('MIZU_CANARY_KEY') }));
  });
});
