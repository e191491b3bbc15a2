import { describe, expect, test } from 'vitest';
import { openOutput } from '../../src/cli/terminal.js';

function capture(options: { tty?: boolean; env?: Record<string, string>; json?: boolean; columns?: number } = {}) {
  const written = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => ({
    isTTY: options.tty ?? false,
    columns: options.columns ?? 80,
    write: (text: string) => {
      written[name] += text;
    },
  });
  const out = openOutput({ stdout: stream('stdout'), stderr: stream('stderr') }, options.env ?? {}, options.json ?? false);
  return { out, written };
}

const FAILURE = { code: 'usage', summary: 'that is wrong', remedy: 'Do this.' };
const ESC = '\u001b';

describe('colour', () => {
  const report = 'PROVIDERS\nerror  vmca-clash\nwarning  sole-provider\n  error  not at the start of the line\n';
  for (const { name, tty, env, coloured } of [
    { name: 'on a terminal', tty: true, env: {}, coloured: true },
    { name: 'not in a pipe', tty: false, env: {}, coloured: false },
    { name: 'not with NO_COLOR', tty: true, env: { NO_COLOR: '1' }, coloured: false },
    { name: 'not on a dumb terminal', tty: true, env: { TERM: 'dumb' }, coloured: false },
    { name: 'in a pipe with FORCE_COLOR', tty: false, env: { FORCE_COLOR: '1' }, coloured: true },
    { name: 'NO_COLOR wins over FORCE_COLOR', tty: true, env: { NO_COLOR: '1', FORCE_COLOR: '1' }, coloured: false },
  ]) {
    test(name, () => {
      const { out, written } = capture({ tty, env });
      out.write(report);
      expect(written.stdout.includes(ESC)).toBe(coloured);
    });
  }
  test('never inside of JSON', () => {
    const { out, written } = capture({ tty: true, json: true });
    out.write(report);
    expect(written.stdout).toBe(report);
  });
  test('foreign text further right stays as it is', () => {
    const { out, written } = capture({ tty: true });
    out.write('  error  from outside\n');
    expect(written.stdout).toBe('  error  from outside\n');
  });
});

describe('a failure', () => {
  test('is told on stderr, with its remedy, and leaves stdout empty', () => {
    const { out, written } = capture();
    out.fail(FAILURE);
    expect(written).toEqual({ stdout: '', stderr: 'error  that is wrong.\n  Do this.\n' });
  });
  test('is one JSON document on stdout where JSON was asked for', () => {
    const { out, written } = capture({ json: true });
    out.fail(FAILURE);
    expect(JSON.parse(written.stdout)).toEqual({ formatVersion: 1, error: FAILURE });
    expect(written.stderr).not.toBe('');
  });
  test('brings no control, bidirectional or zero-width character to a terminal', () => {
    const hostile = `a${ESC}[2Jb\u009b31mc\u202ed\u200be\u0007`;
    for (const json of [true, false]) {
      const { out, written } = capture({ tty: true, env: { NO_COLOR: '1' }, json });
      out.fail({ ...FAILURE, summary: hostile });
      out.say(hostile);
      expect(written.stdout + written.stderr).not.toMatch(/[\u001b\u009b\u202e\u200b\u0007]/);
    }
  });
  test('is bounded', () => {
    const { out, written } = capture();
    out.fail({ ...FAILURE, summary: 'x'.repeat(1_000_000) });
    expect(written.stderr.length).toBeLessThan(10_000);
  });
});

test('a secret of this run gets into neither stream, however it is spelt', () => {
  for (const json of [true, false]) {
    const { out, written } = capture({ json });
    out.keepSecret(() => ['cana"ry<1>']);
    for (const spelt of [
      'cana"ry<1>',
      'cana\\"ry<1>',
      'cana"ry&lt;1&gt;',
      encodeURIComponent('cana"ry<1>'),
      Buffer.from('cana"ry<1>').toString('base64'),
    ]) {
      out.say(`they said ${spelt}`);
      out.fail({ ...FAILURE, summary: `they said ${spelt}` });
      expect(written.stdout + written.stderr).not.toContain(spelt);
    }
  }
});

test('the width is that of the terminal, and of nothing else', () => {
  expect(capture({ tty: true, columns: 132 }).out.width).toBe(132);
  expect(capture({ tty: false, columns: 132 }).out.width).toBeUndefined();
});
