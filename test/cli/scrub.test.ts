import { expect, test } from 'vitest';
import { scrubber } from '../../src/cli/scrub.js';

const scrub = scrubber(['vc65', 'vc65.lab.example', 'array1-CT0']);

test.each([
  ['vc65.lab.example and VC65 and vc65', 'name-2 and name-1 and name-1'],
  ['vasatrust-20261122T201500Z-vc65-1f3a.timer', 'vasatrust-20261122T201500Z-name-1-1f3a.timer'],
  ['/root/.vasatrust/20261122T201500Z-vc65-1f3a_vc65', '/root/.vasatrust/20261122T201500Z-name-1-1f3a_name-1'],
  ['vc650 and avc65 are other words', 'vc650 and avc65 are other words'],
  ['10.1.2.3, 10.1.2.4, 10.1.2.3, fe80::1', 'address-1, address-2, address-1, address-3'],
])('"%s" becomes "%s"', (text, clean) => {
  expect(scrubber(['vc65', 'vc65.lab.example', 'array1-CT0'])(text)).toBe(clean);
});

test('equal addresses stay equal from one text to the next', () => {
  expect([scrub('10.1.2.3'), scrub('10.1.2.4'), scrub('10.1.2.3')]).toEqual(['address-1', 'address-2', 'address-1']);
});
