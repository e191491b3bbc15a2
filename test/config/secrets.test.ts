import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openSecrets, resolveSecret } from '../../src/config/secrets.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-secrets-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const node = (script: string, ...args: string[]) => ({ command: [process.execPath, '-e', script, ...args] });
const env = { PATH: process.env.PATH };
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content);
  return { file: join(folder, name) };
};

describe('a secret is read from', () => {
  test('the environment', async () => {
    expect(await resolveSecret({ env: 'P' }, { P: 'canary ü$' })).toEqual({ ok: true, value: 'canary ü$' });
  });
  for (const [name, content, value] of [
    ['without a line end', 'canary', 'canary'],
    ['with a line end', 'canary\n', 'canary'],
    ['with a Windows line end', 'canary\r\n', 'canary'],
    ['with one line end of two', 'canary\n\n', 'canary\n'],
    ['with blanks that belong to it', ' canary ', ' canary '],
  ] as const) {
    test(`a file ${name}`, async () => expect(await resolveSecret(file('s', content), {})).toEqual({ ok: true, value }));
  }
  test('a command, its first line, without a shell in between', async () => {
    const source = node('console.log(process.argv[1]); console.log("second line")', '$(echo no) `no` "q" ; ls');
    expect(await resolveSecret(source, env)).toEqual({ ok: true, value: '$(echo no) `no` "q" ; ls' });
  });
});

describe('what cannot be read is a problem that holds nothing of it', () => {
  for (const { name, source, code, summary } of [
    {
      name: 'a variable that is not set',
      source: () => ({ env: 'NONE' }),
      code: 'secret-unavailable',
      summary: /NONE is not set/,
    },
    { name: 'an empty variable', source: () => ({ env: 'EMPTY' }), code: 'secret-unavailable', summary: /EMPTY/ },
    {
      name: 'a missing file',
      source: () => ({ file: join(folder, 'none') }),
      code: 'secret-unavailable',
      summary: /cannot be read/,
    },
    { name: 'an empty file', source: () => file('empty', '\n'), code: 'secret-unusable', summary: /empty/ },
    { name: 'a huge file', source: () => file('huge', 'canary'.repeat(20_000)), code: 'secret-unusable', summary: /too long/ },
    { name: 'a NUL', source: () => file('nul', 'can\0ary'), code: 'secret-unusable', summary: /NUL/ },
    {
      name: 'bytes that are no text',
      source: () => file('bytes', Buffer.from([0xff, 0xfe])),
      code: 'secret-unusable',
      summary: /UTF-8/,
    },
    {
      name: 'a failing command',
      source: () => node('console.log("canary"); console.error("canary"); process.exit(3)'),
      code: 'secret-unavailable',
      summary: /exit code 3/,
    },
    {
      name: 'a command that is not there',
      source: () => ({ command: ['vasatrust-no-such-command'] }),
      code: 'secret-unavailable',
      summary: /not found/,
    },
    { name: 'a silent command', source: () => node(''), code: 'secret-unusable', summary: /empty/ },
    {
      name: 'a talkative command',
      source: () => node('for (;;) console.log("canary".repeat(1e4))'),
      code: 'secret-unavailable',
      summary: /far more/,
    },
    {
      name: 'a command that asks',
      source: () => node('process.stdin.on("end", () => process.exit(9)).resume()'),
      code: 'secret-unavailable',
      summary: /exit code 9/,
    },
  ]) {
    test(name, async () => {
      const secret = await resolveSecret(source(), { ...env, EMPTY: '' }, 'vc65');
      expect(secret).toMatchObject({ ok: false, error: { code, target: 'vc65' } });
      if (secret.ok) return;
      expect(secret.error.summary).toMatch(summary);
      expect(secret.error.remedy).not.toBe('');
      expect(JSON.stringify(secret.error)).not.toMatch(/canary/);
    });
  }
  test('a command that never ends is ended at the deadline', async () => {
    const secret = await resolveSecret(node('setInterval(() => {}, 1e6)'), env, 'vc65', 200);
    expect(secret).toMatchObject({ ok: false, error: { summary: expect.stringMatching(/did not end within/) } });
  });
});

describe('the secrets of a run', () => {
  test('each source is read once, however many ask at the same time', async () => {
    const secrets = openSecrets(env);
    const counter = join(folder, 'count');
    const source = node(`require("fs").appendFileSync(${JSON.stringify(counter)}, "x"); console.log("canary")`);
    writeFileSync(counter, '');
    const values = await Promise.all(Array.from({ length: 10 }, () => secrets.resolve(source, 'vc65')));
    expect(values.every((value) => value.ok && value.value === 'canary')).toBe(true);
    const { readFileSync } = await import('node:fs');
    expect(readFileSync(counter, 'utf8')).toBe('x');
  });
  test('a failure names whoever asked', async () => {
    const secrets = openSecrets({});
    const both = await Promise.all(['vc65', 'vc67'].map((target) => secrets.resolve({ env: 'NONE' }, target)));
    expect(both.map((one) => (one.ok ? '' : one.error.target))).toEqual(['vc65', 'vc67']);
  });
  test('what was read is known, longest first', async () => {
    const secrets = openSecrets({ A: 'short', B: 'much longer' });
    expect(secrets.known()).toEqual([]);
    await secrets.resolve({ env: 'A' }, 'x');
    await secrets.resolve({ env: 'B' }, 'x');
    expect(secrets.known()).toEqual(['much longer', 'short']);
  });
});
