// docs/contracts.md#roles: the roles of StakeManager, with the numbers of its enum.
import { ROLE } from './generated/enums.ts';

export { ROLE };

export type Role = keyof typeof ROLE;

export const ROLES = Object.keys(ROLE) as readonly Role[];
