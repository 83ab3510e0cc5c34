import { expect, test } from 'vitest';
import type { Hex } from '../../protocol/hex.ts';
import { describeChange, firstChange, type OperatorFacts, operatorAddresses } from './operator-address.ts';

const hash = (digit: string) => `0x${digit.repeat(64)}` as Hex;
const FACTS: OperatorFacts = {
  toolchain: hash('0'),
  inputsHash: hash('1'),
  whole: null,
  endpoints: { m: ['http://a'] },
  operators: [
    { name: 'a', code: hash('2') },
    { name: 'b', code: hash('3'), settings: { model: 'm', temperature: 0 } },
    { name: 'c', code: hash('4') },
  ],
};
const [a, b, c] = FACTS.operators;

test.each<[string, Partial<OperatorFacts>, number, string]>([
  ['nothing', {}, 3, ''],
  [
    'the last operator',
    { operators: [a!, b!, { name: 'c', code: hash('5') }] },
    2,
    "the code of operator 'c' has changed, or what it uses",
  ],
  [
    'a setting, and with it the code',
    {
      operators: [a!, { ...b!, code: hash('5'), settings: { model: 'm', temperature: 1 } }, { ...c!, code: hash('6') }],
    },
    1,
    "model settings of operator 'b' have changed: temperature 0 → 1",
  ],
  ['an endpoint', { endpoints: { m: ['http://b'] } }, 1, "who answers for the model m of operator 'b' has changed"],
  ['the input', { inputsHash: hash('9') }, 0, `the input has changed: ${hash('1')} before, ${hash('9')} now`],
  ['the toolchain', { toolchain: hash('9') }, 0, 'the toolchain has changed: this is another version of mizu'],
  [
    'an operator that is new',
    { operators: [a!, { name: 'x', code: hash('7') }, { ...b!, code: hash('8') }] },
    1,
    "the code of operator 'x' has changed, or what it uses",
  ],
])('%s: addresses change from there on, and the first reason is told', (_, changed, from, reason) => {
  const now = { ...FACTS, ...changed };
  const [before, after] = [operatorAddresses(FACTS), operatorAddresses(now)];
  expect(after.findIndex((address, i) => address !== before[i])).toBe(from === 3 ? -1 : from);
  for (let place = 0; place < 3; place++) {
    const change = firstChange(FACTS, now, place);
    expect(change === undefined ? '' : describeChange(change)).toBe(place < from ? '' : reason);
  }
});
