// docs/contracts.md#powers: who holds what the contracts leave to an owner. By default no key holds two of these.
import { zeroAddress } from 'viem';
import { MizuError } from '../protocol/errors.ts';
import type { Address } from '../protocol/hex.ts';

/** Mints the token, names committees, enters models, pauses confirmation, sets the least price of gas. */
export const POWERS = ['token', 'committee', 'models', 'guardian', 'gasPrice'] as const;

export type Power = (typeof POWERS)[number];

/** A guardian of address zero: nobody can pause. */
export type PowerHolders = Readonly<Record<Power, Address>>;

/** @throws MizuError `contracts/powers-shared` if an account holds two powers */
export function requireSeparate(holders: PowerHolders): void {
  const powersOf = new Map<string, Power[]>();
  for (const power of POWERS) {
    const holder = holders[power].toLowerCase();
    if (holder !== zeroAddress) powersOf.set(holder, [...(powersOf.get(holder) ?? []), power]);
  }
  for (const [holder, powers] of powersOf) if (powers.length > 1) throw shared(holder, powers);
}

function shared(holder: string, powers: readonly Power[]): MizuError {
  return new MizuError({
    code: 'contracts/powers-shared',
    message: 'One account would hold several powers of the network.',
    expected: `an account of its own for each of ${POWERS.join(', ')}`,
    actual: `${holder} for ${powers.join(', ')}`,
    hint: 'Give each power a key of its own, or set sharedPowers in the configuration of the deployment.',
  });
}
