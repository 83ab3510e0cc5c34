// docs/contracts.md#roles: the roles of StakeManager, numbered as its enum is.

export const ROLE = { executor: 0, validator: 1, sequencer: 2, daMember: 3, gateway: 4 } as const;

export type Role = keyof typeof ROLE;

export const ROLES = Object.keys(ROLE) as readonly Role[];
