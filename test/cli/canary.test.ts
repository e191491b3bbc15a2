import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { canary, excerpt, formsOf, spoil } from '../support/canary.js';
import { type Ran, runCommand } from './run-command.js';

let lab: RunningLab;
let folder: string;
beforeAll(async () => {
  lab = await startLab('clash', { prepare: spoil });
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-canary-'));
  writeFileSync(join(folder, 'estate.yaml'), lab.estateYaml());
});
afterAll(async () => {
  await lab?.close();
  rmSync(folder, { recursive: true, force: true });
});

const FORMATS = ['table', 'json', 'md'] as const;
const wrong = (names: RegExp) => Object.keys(lab.env).filter((name) => names.test(name));

for (const { name, spoilt, code, gaps } of [
  { name: 'an audit that sees everything', spoilt: () => [], code: 1, gaps: false },
  { name: 'an audit whose vCenter passwords are refused', spoilt: () => wrong(/^LAB_VC\d+_PASSWORD$/), code: 3, gaps: true },
  { name: 'an audit whose root password is refused', spoilt: () => wrong(/^LAB_VC65_ROOT_PASSWORD$/), code: 3, gaps: true },
])
  describe(name, () => {
    const env: Record<string, string> = {};
    const saved = () => join(folder, `${code}-${gaps}.json`);
    const runs: [string, Ran][] = [];
    beforeAll(async () => {
      Object.assign(env, lab.env);
      for (const variable of spoilt()) env[variable] = canary(`refused-${variable}`);
      for (const format of FORMATS) {
        const args = ['audit', '-o', format, '-f', join(folder, 'estate.yaml'), '--save-evidence', saved()];
        runs.push([format, await runCommand(args, { env })]);
        runs.push([`${format} of the evidence`, await runCommand(['audit', '-o', format, '--evidence', saved()])]);
      }
    }, 120_000);

    test('ends as it should', () => {
      for (const [which, ran] of runs) expect([which, ran.code]).toEqual([which, code]);
      expect(runs.find(([which]) => which === 'table')?.[1].stdout).toMatch(gaps ? /[1-9]\d* gaps?\./ : /, 0 gaps\./);
    });

    test('lets no secret out, in no form', () => {
      const secrets = [...new Set([...Object.values(lab.env), ...Object.values(env)])];
      expect(secrets.length).toBeGreaterThan(3);
      const usernames = lab.world.vcenters.flatMap(({ accounts }) => accounts.map(({ username }) => username));
      const texts: [string, string][] = [
        ...runs.flatMap(([which, { stdout, stderr }]): [string, string][] => [
          [`stdout of ${which}`, stdout],
          [`stderr of ${which}`, stderr],
        ]),
        ['the evidence file', readFileSync(saved(), 'utf8')],
      ];
      const found = texts.flatMap(([where, text]) =>
        secrets.flatMap((secret) =>
          formsOf(secret, usernames)
            .filter((form) => text.includes(form))
            .map((form) => [where, form]),
        ),
      );
      expect(found).toEqual([]);
    });

    test('prints nothing that a terminal would obey, though names were made for that', () => {
      for (const [which, { stdout, stderr }] of runs) {
        expect(excerpt(stdout), `stdout of ${which}`).toBe('');
        expect(excerpt(stderr), `stderr of ${which}`).toBe('');
      }
      if (!gaps) {
        const table = runs.find(([which]) => which === 'table')?.[1].stdout ?? '';
        expect(table).toContain('\\u{9b}2J');
        expect(readFileSync(saved(), 'utf8')).toContain('\\u001b[31mred');
      }
    });
  });
