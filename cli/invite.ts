// docs/edge.md#admission: `mizu invite`, for the operator of a gateway.
import { Command } from 'commander';
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';
import { createDomain } from '../protocol/typed-data.ts';
import { readConfig } from './config-file.ts';
import { parseAddress } from './options.ts';
import { createOutput } from './output.ts';

type Flags = {
  readonly config: string;
  readonly name: string;
  readonly worker?: Address;
  readonly days: number;
  readonly revoke?: boolean;
  readonly json?: boolean;
};

const DAY_SECONDS = 86_400;
const MAX_DAYS = 3_650;

export function inviteCommand(): Command {
  return new Command('invite')
    .description('let a worker connect to your gateway, or no longer')
    .requiredOption('--config <file>', 'the gateway’s configuration')
    .requiredOption('--name <name>', 'what the invitation is revoked by')
    .option('--worker <address>', 'address of the worker’s key', parseAddress)
    .option('--days <count>', 'for how long', parseDays, 30)
    .option('--revoke', 'all invitations of this name count no longer')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExample:\n  $ npx mizu invite --config .mizu/devnet/config/gateway.json --name alice --worker 0x${'5e'.repeat(20)}`,
    )
    .action(invite);
}

async function invite({ config: file, name, worker, days, revoke = false, json = false }: Flags): Promise<void> {
  const output = createOutput(json);
  const { parseGatewayConfig } = await import('../edge/config.ts');
  const { createInvitation, INVITATION_NAME } = await import('../edge/invitation.ts');
  const { revokeInvitation } = await import('../edge/revoked.ts');
  const config = parseGatewayConfig(await readConfig(file));
  if (!INVITATION_NAME.test(name)) throw badName(name);
  if (revoke) {
    revokeInvitation(config.dataDir, name);
    output.data({ event: 'revoked', name });
    output.say(`Invitations of the name ${name} count no longer.`);
    return;
  }
  if (worker === undefined) throw noWorker();
  const { createSequencer } = await import('../edge/gateway/sequencer.ts');
  const { createSigner } = await import('../edge/signing.ts');
  const { chainId, gatewayRegistry } = await createSequencer(config.sequencerUrl).chain();
  const expiry = Math.floor(Date.now() / 1000) + days * DAY_SECONDS;
  const domain = createDomain(chainId, gatewayRegistry);
  const signer = createSigner(config.privateKey);
  const invitation = createInvitation(domain, signer, { name, worker: worker.toLowerCase() as Address, expiry });
  output.data({ event: 'invited', name, worker, expiry, invitation });
  output.say(`${name} may connect as ${worker} until ${new Date(expiry * 1000).toISOString()}.`);
  output.say(`In the worker's configuration: "invitation": "${invitation}"`);
}

function parseDays(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= MAX_DAYS) return days;
  throw new MizuError({
    code: 'cli/bad-option',
    message: '--days is no number of days.',
    expected: `1 to ${MAX_DAYS}`,
    actual: text,
  });
}

function badName(actual: string): MizuError {
  return new MizuError({
    code: 'cli/bad-option',
    message: '--name cannot be the name of an invitation.',
    expected: 'up to 64 letters, digits, dots, dashes and underscores',
    actual,
  });
}

function noWorker(): MizuError {
  return new MizuError({
    code: 'cli/bad-option',
    message: 'An invitation is for one worker.',
    expected: '--worker ADDRESS',
    actual: 'none',
    hint: "The worker's log names its address; --revoke needs none.",
  });
}
