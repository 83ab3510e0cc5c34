// docs/court.md#calibration
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Backend, ChatRequest } from '../backends/backend.ts';
import { calibrateKind, measureDistances } from './calibrate.ts';
import type { Scorer } from './scorer.ts';

const usage = { promptTokens: 1, completionTokens: 1 };
const saying = (content: string): Backend => ({
  name: 'one',
  complete: async () => ({ content, finishReason: 'length', usage }),
});
const scoring: Scorer = {
  name: 'other',
  score: async (_, content) => ({ gaps: content === 'near' ? [0.32, 0.32] : [16, 16], endGap: 0 }),
};
const request = (more: Partial<ChatRequest> = {}) => ({ messages: [{ role: 'user', content: 'Say it.' }], ...more });
const signal = new AbortController().signal;

test('distances are gathered by the kind of the request, of honest answers and of wrong ones', async () => {
  const requests = [request({ temperature: 0 }), request(), request({ temperature: 0 })];
  const told: number[] = [];
  const kinds = await measureDistances({
    ...{ requests, scoring, signal },
    answering: saying('near'),
    wrong: saying('far'),
    onRequest: (done) => told.push(done),
  });
  expect(kinds).toEqual([
    { answers: 'text', temperature: 0, honest: [0.02, 0.02], wrong: [1, 1] },
    { answers: 'text', temperature: 1, honest: [0.02], wrong: [1] },
  ]);
  expect(told).toEqual([1, 2, 3]);
});

test('the threshold lies above all honest answers, and its odds are those of their number', () => {
  const honest = Array.from({ length: 1_000 }, (_, i) => i / 10_000);
  const found = calibrateKind({ answers: 'text', temperature: 0, honest, wrong: [0.1, 0.2, 3, 4] }, 1.5);
  expect(found.threshold).toEqual({ answers: 'text', maxTemperature: 0, nats: 0.1499 });
  expect(found.quantiles).toEqual({ median: 0.05, p90: 0.09, p99: 0.099, largest: 0.0999 });
  expect(found.falseShare).toBeCloseTo(0.003, 4);
  expect(found.falseOdds).toBeLessThan(2e-8);
  expect(found.detection?.share).toBe(0.75);
});

test('no honest answer of the calibration is beyond', () => {
  const distances = fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(distances, fc.double({ min: 1.01, max: 3, noNaN: true }), (honest, margin) => {
      const { threshold } = calibrateKind({ answers: 'json', temperature: 1, honest, wrong: [] }, margin);
      expect(honest.filter((distance) => distance > threshold.nats)).toEqual([]);
    }),
  );
});
