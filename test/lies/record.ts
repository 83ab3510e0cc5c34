// docs/disputes.md#lies: tables as Markdown has them, and the file that keeps those of the last pass.
import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';

export const RECORD = '--record';

export type PassRecord = {
  readonly title: string;
  /** What the columns say, and what has written it. */
  readonly about: string;
  readonly summary: readonly string[];
  /** Lines of Markdown. */
  readonly tables: readonly string[];
};

export const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export function tableOf(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [headings, headings.map(() => '---'), ...rows].map(lineOf);
}

export const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);

/** Begins a pass: what it returns writes the file when the pass has ended. */
export function beginRecord(file: URL): (pass: PassRecord) => void {
  const [began, load] = [new Date(), loadavg()[0] ?? 0];
  return ({ title, about, summary, tables }) => {
    const machine = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores, node ${process.version}`;
    const text = [
      `# ${title}`,
      '',
      about,
      '',
      `${began.toISOString()}, ${machine}, load before ${load.toFixed(1)}.`,
      '',
      ...summary.map((each) => `- ${each}`),
      '',
      ...tables,
      '',
    ];
    writeFileSync(fileURLToPath(file), text.join('\n'));
  };
}
