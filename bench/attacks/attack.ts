// docs/operations.md#attacks: what an attack is given and does.
import type { Devnet } from '../../devnet/devnet.ts';
import type { HostileUser } from './hostile-user.ts';

export type Attacked = { readonly devnet: Devnet; readonly user: HostileUser };

export type Attack = {
  readonly name: string;
  readonly what: string;
  /**
   * Resolves at the moment at which the attack is under way; then the honest user begins. The text says what was done,
   * or how it was refused. The attack's own work after that ends with the signal.
   */
  begin(attacked: Attacked, signal: AbortSignal): Promise<string>;
};
