import { expect, test } from 'vitest';
import { markIn } from '../../../src/lab/mark.ts';

test.each([
  ['do #lab:plain now', { name: 'plain', params: {} }],
  ['#lab:plain.', { name: 'plain', params: {} }],
  ['#lab:my-case.v2', { name: 'my-case.v2', params: {} }],
  ['#lab:x{"a":"}\\"{"} tail }', { name: 'x', params: { a: '}"{' } }],
  ['#lab:x {"a":1}', { name: 'x', params: {} }],
  ['nothing here', null],
])('%s', (text, mark) => {
  expect(markIn(text)).toEqual(mark);
});

test('broken parameters say how to write them', () => {
  expect(() => markIn('#lab:x{"a":')).toThrow('#lab:x{"key":"value"}');
});
