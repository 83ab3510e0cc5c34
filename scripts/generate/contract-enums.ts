// docs/contracts.md#generated: the contracts' enums as they come over the ABI, numbered in the order of their Solidity
// source.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedFile } from './generated-file.ts';

/** Name in TypeScript, then the file below contracts/src and the enum's name in it. */
const ENUMS = [
  ['ROLE', 'lib/Types.sol', 'Role'],
  ['POWER', 'Exposure.sol', 'Power'],
  ['ASSERTION_STATUS', 'Assertions.sol', 'Status'],
  ['GAME_STATUS', 'Dispute.sol', 'Status'],
  ['SIDE', 'Dispute.sol', 'Side'],
  ['VERDICT', 'court/Ballots.sol', 'Verdict'],
  ['OUTCOME', 'court/Ballots.sol', 'Outcome'],
  ['CASE_STATUS', 'InferenceCourt.sol', 'Status'],
  ['CASE_PHASE', 'InferenceCourt.sol', 'Phase'],
  ['DEMAND_STATUS', 'Demands.sol', 'DemandStatus'],
  ['CHALLENGE_STATUS', 'DAChallenges.sol', 'ChallengeStatus'],
  ['QUESTION_STATUS', 'Questions.sol', 'QuestionStatus'],
] as const;

/** @param root of the repository */
export function generateEnums(root: string): GeneratedFile {
  const lines = ENUMS.map(([name, file, enumName]) => {
    const source = readFileSync(join(root, 'contracts/src', file), 'utf8');
    const members = membersOf(source, enumName).map((member, i) => `${toCamelCase(member)}: ${i}`);
    return `export const ${name} = { ${members.join(', ')} } as const;`;
  });
  return {
    path: 'protocol/generated/enums.ts',
    content: `// Generated from contracts/src by scripts/generate/contracts.ts.\n${lines.join('\n')}\n`,
  };
}

/** @throws Error if the source does not declare the enum, or with more than members */
export function membersOf(source: string, enumName: string): string[] {
  const body = new RegExp(`^ *enum ${enumName} \\{([^}]*)\\}`, 'm').exec(source)?.[1];
  const members = (body ?? '').split(',').map((member) => member.trim());
  if (members.every((member) => /^[A-Z][A-Z_]*$/.test(member))) return members;
  throw new Error(
    `enum ${enumName}: expected members in capitals with commas between them, found ${body ?? 'no such enum'}`,
  );
}

function toCamelCase(member: string): string {
  return member.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
