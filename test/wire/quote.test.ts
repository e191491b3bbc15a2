import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellCommand } from '../../src/wire/quote.js';

function asRead(argv: readonly string[]): string[] {
  const line = shellCommand(argv);
  if (!line.ok) throw new Error(line.error);
  const out = execFileSync('/bin/sh', ['-c', line.value], { encoding: 'utf8', cwd: '/' });
  return out.split('\0').slice(0, -1);
}

for (const words of [
  ["it's", '"quoted"', '$(id)', '`id`', '$HOME', '*', '~', '!!', 'a b', '', '\\', "'", "''"],
  ['line\nbreak', 'tab\there', ';', '|', '&', '>file', '#x', '{a,b}', 'A=b', '-n', '\u001b[2J', 'ü€😀'],
  ['https://array1.lab:8084/version.xml?a=b&c=$(reboot)'],
]) {
  test(`a shell reads ${JSON.stringify(words).slice(0, 60)} as they are`, () => {
    expect(asRead(['/usr/bin/printf', '%s\\0', ...words])).toEqual(words);
  });
}

test('whatever the arguments, a shell reads them as they are', () => {
  const unix = fc
    .string({ unit: 'binary', maxLength: 60 })
    .filter((text) => !text.includes('\0') && !/\p{Surrogate}/u.test(text));
  const shellish = fc.string({ unit: fc.constantFrom(...`'"\\$\`(){}[]*?~!#&|;<>= \n\tab`), maxLength: 30 });
  fc.assert(
    fc.property(fc.array(fc.oneof(unix, shellish), { maxLength: 8 }), (words) => {
      expect(asRead(['/usr/bin/printf', '%s\\0', 'first', ...words])).toEqual(['first', ...words]);
    }),
    { seed: 20261122, numRuns: 150 },
  );
});

test('a first word is never a reserved word, an assignment or an alias', () => {
  for (const word of ['if', 'exec', 'A=1', 'ls']) expect(shellCommand([word])).toEqual({ ok: true, value: `'${word}'` });
});

test('what no shell can carry is refused', () => {
  expect(shellCommand([])).toMatchObject({ ok: false });
  expect(shellCommand([''])).toMatchObject({ ok: false });
  expect(shellCommand(['/bin/echo', 'a\0b'])).toMatchObject({ ok: false });
  expect(shellCommand(['/bin/echo', '\ud800'])).toMatchObject({ ok: false });
  expect(shellCommand(['/bin/echo', 'x'.repeat(200_000)])).toMatchObject({ ok: false });
});
