// docs/vm.md#engines: what a file of assertions gave in each engine, and the tables of it.
import type { ConformanceEngine } from './engines.ts';

export type FileResult = {
  readonly file: string;
  assertions: number;
  /** Assertions on the text format, which the DataVM does not read. */
  text: number;
  /** Assertions on programs that the DataVM refuses. */
  refused: number;
  /** Steps that the verifier was given. */
  proven: number;
  /** Reasons of refusals, with their assertions. */
  readonly refusals: Map<string, number>;
  readonly engines: ReadonlyMap<ConformanceEngine, EngineResult>;
  judge(engine: ConformanceEngine, complaint: string | undefined, assertion: boolean): void;
  refuse(reason: string, assertion: boolean): void;
};

/** `passed`: assertions; `failures`: these and modules that did not start. */
export type EngineResult = { passed: number; readonly failures: string[] };

const FAILURES_SHOWN = 10;

export function createFileResult(file: string, names: readonly ConformanceEngine[]): FileResult {
  const engines = new Map<ConformanceEngine, EngineResult>(names.map((name) => [name, { passed: 0, failures: [] }]));
  const result: FileResult = {
    file,
    assertions: 0,
    text: 0,
    refused: 0,
    proven: 0,
    refusals: new Map(),
    engines,
    judge(name, complaint, assertion) {
      const engine = engines.get(name)!;
      if (complaint !== undefined) engine.failures.push(complaint);
      else if (assertion) engine.passed++;
    },
    refuse(reason, assertion) {
      if (!assertion) return;
      result.refused++;
      result.refusals.set(reason, (result.refusals.get(reason) ?? 0) + 1);
    },
  };
  return result;
}

/** Adds a file's counts to those of all files. */
export function addResult(total: FileResult, one: FileResult): void {
  total.assertions += one.assertions;
  total.text += one.text;
  total.refused += one.refused;
  total.proven += one.proven;
  for (const [reason, count] of one.refusals) total.refusals.set(reason, (total.refusals.get(reason) ?? 0) + count);
  for (const [name, { passed, failures }] of one.engines) {
    const engine = total.engines.get(name)!;
    engine.passed += passed;
    engine.failures.push(...failures);
  }
}

export function failuresOf(result: FileResult): string[] {
  return [...result.engines].flatMap(([name, { failures }]) => failures.map((failure) => `${name}: ${failure}`));
}

export function formatHead(names: readonly ConformanceEngine[]): string {
  const columns = names.map((name) => `${`${name} passed`.padStart(17)}${'failed'.padStart(7)}`);
  return `${'file'.padEnd(34)}${'assertions'.padStart(10)}${'refused'.padStart(8)}${'text'.padStart(6)}${columns.join('')}${names.includes('evm') ? 'steps proven'.padStart(14) : ''}`;
}

export function formatRow(result: FileResult): string {
  const { file, assertions, refused, text, engines, proven } = result;
  const columns = [...engines.values()].map(
    ({ passed, failures }) => `${String(passed).padStart(17)}${String(failures.length).padStart(7)}`,
  );
  const proofs = engines.has('evm') ? String(proven).padStart(14) : '';
  const row = `${file.padEnd(34)}${String(assertions).padStart(10)}${String(refused).padStart(8)}${String(text).padStart(6)}${columns.join('')}${proofs}`;
  const shown = failuresOf(result)
    .slice(0, FAILURES_SHOWN)
    .map((failure) => `    ${failure}`);
  return [row, ...shown].join('\n');
}
