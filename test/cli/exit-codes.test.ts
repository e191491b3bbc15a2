import { describe, expect, test } from 'vitest';
import { auditExitCode, EXIT, type ExitCode, exitCodeFor } from '../../src/cli/exit-codes.js';

describe('of several exit codes that apply, the order of the contract decides', () => {
  const order: ExitCode[] = [70, 5, 7, 4, 130, 2, 6, 1, 3, 0];
  for (const [index, code] of order.entries()) {
    test(`${code} wins over ${order.slice(index + 1).join(', ') || 'nothing'}`, () => {
      expect(exitCodeFor(order.slice(index).reverse())).toBe(code);
    });
  }
  test('nothing applies: clean', () => expect(exitCodeFor([])).toBe(0));
  test('every code of the table has its place in the order', () => expect([...order].sort()).toEqual(Object.values(EXIT).sort()));
});

describe('an audit ends with', () => {
  for (const { name, severities, gaps, code } of [
    { name: '0 when nothing was found and everything was seen', severities: [], gaps: 0, code: 0 },
    { name: '0 for warnings and notices', severities: ['warning', 'notice'], gaps: 0, code: 0 },
    { name: '1 for an error', severities: ['notice', 'error'], gaps: 0, code: 1 },
    { name: '3 for a gap', severities: ['warning'], gaps: 2, code: 3 },
    { name: '1 for an error beside gaps', severities: ['error'], gaps: 2, code: 1 },
  ] as const) {
    test(name, () => expect(auditExitCode(severities, gaps)).toBe(code));
  }
});
