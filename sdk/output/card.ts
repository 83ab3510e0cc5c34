// docs/sdk.md#output: the dataset card, with the YAML that the Hugging Face hub reads.
import type { DatasetFacts, WrittenFile } from './facts.ts';

export function createCard(facts: DatasetFacts, files: readonly WrittenFile[]): string {
  const parts = files.filter((file) => file.name !== 'rejects');
  const rejects = files.find((file) => file.name === 'rejects');
  const total = parts.reduce((sum, file) => sum + file.rows, 0);
  return `---
pretty_name: ${JSON.stringify(facts.workflowName)}
tags:
- mizu
- verifiable
size_categories:
- ${sizeCategory(total)}
configs:
- config_name: default
  data_files:
${parts.map((file) => `  - split: ${file.name}\n    path: ${file.path.replaceAll('\\', '/')}`).join('\n')}
---

# ${facts.workflowName}

${total} rows made by a MIZU workflow. Every row can be checked against the L1.

| file | rows |
|---|---|
${parts.map((file) => `| ${file.path.replaceAll('\\', '/')} | ${file.rows} |`).join('\n')}
| rejects.jsonl (with operator and reason) | ${rejects?.rows ?? 0} |

| | |
|---|---|
| dataset root | \`${facts.datasetRoot}\` |
| run | \`${facts.run}\` |
| workflow | \`${facts.workflow}\` |
| L1 | chain ${facts.chainId}, Inbox \`${facts.inbox}\` |
${reused(facts)}| models | ${facts.models.length === 0 ? 'none' : facts.models.join(', ')} |

Operators: ${facts.operators.join(' → ')}

To check it: \`mizu verify ${facts.run}\`, or \`mizu verify\` with this folder.
`;
}

function reused({ reuses }: DatasetFacts): string {
  if (reuses === undefined) return '';
  const answers = reuses.answered === undefined ? [] : [`the answers to ${reuses.answered}`];
  return `| ${[...reuses.operators, ...answers].join(', ')} | of run \`${reuses.run}\` |\n`;
}

// The hub's own size names.
function sizeCategory(rows: number): string {
  const bounds: [number, string][] = [
    [1_000, 'n<1K'],
    [10_000, '1K<n<10K'],
    [100_000, '10K<n<100K'],
    [1_000_000, '100K<n<1M'],
  ];
  return bounds.find(([bound]) => rows < bound)?.[1] ?? '1M<n<10M';
}
