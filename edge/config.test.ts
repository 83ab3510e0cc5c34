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
});
