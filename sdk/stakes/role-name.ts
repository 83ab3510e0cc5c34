// docs/staking.md: roles as people type and read them: `da-member` is daMember.
import { ROLES, type Role } from '../../protocol/roles.ts';

export function typedRole(role: Role): string {
  return role.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

export const TYPED_ROLES: ReadonlyMap<string, Role> = new Map(ROLES.map((role) => [typedRole(role), role]));
