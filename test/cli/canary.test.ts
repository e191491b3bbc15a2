import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabWorld } from '../../src/lab/world.js';
import { type Ran, runCommand } from './run-command.js';

/** Characters that XML, JSON, YAML, URLs, shells and Markdown each treat in their own way. */
const canary = (what: string) => `Ca"n'a$(r)\\y &amp;<b> %41 ünï→日本 ${what}`;

/** Without ESC and BEL where XML carries it: XML 1.0 cannot. */
const OVER_XML = '\u009b2J\u202egnp.exe\u200b<script>';
const OVER_SSH = '\u001b[31mred\u001b]0;title\u0007\u009b2J\u202e';

function spoil(world: LabWorld): void {
  for (const vcenter of world.vcenters) {
    for (const [index, account] of vcenter.accounts.entries())
      Object.assign(account, { password: canary(`sso-${vcenter.id}-${index}`) });
    vcenter.appliance.rootPassword = canary(`root-${vcenter.id}`);
    for (const registration of vcenter.registrations) registration.name += OVER_XML;
    for (const vm of vcenter.vms) Object.assign(vm, { name: vm.name + OVER_XML });
    for (const datastore of vcenter.datastores) Object.assign(datastore, { name: datastore.name + OVER_XML });
    const store = vcenter.vecs.get('SMS') ?? [];
    const [first] = store;
    if (first !== undefined) store.push({ ...first, alias: `alias ${OVER_SSH}` });
  }
  for (const provider of world.providers) Object.assign(provider.credentials, { password: canary(`provider-${provider.name}`) });
}

/** How a secret may look after it went through something. */
function formsOf(secret: string, usernames: readonly string[]): string[] {
  const xml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const markdown = secret.replace(/[\\`*_[\]|~$]/g, '\\$&').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  const basic = [...usernames, 'root'].map((name) => Buffer.from(`${name}:${secret}`).toString('base64'));
  const base64 = Buffer.from(secret).toString('base64');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    xml,
    xml.replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    markdown,
    base64,
    base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    ...basic,
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
  ];
}

/** What a terminal would obey or a reader not see: C0 but for line end and tab, DEL, C1, bidirectional and zero-width characters. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

/** What stands around the first such character, itself spelled out; empty where there is none. */
function excerpt(text: string): string {
  const at = text.search(OBEYED);
  return at < 0
    ? ''
    : JSON.stringify(text.slice(Math.max(0, at - 60), at + 20)).replace(
        /[^ -~]/g,
        (char) => `<${char.charCodeAt(0).toString(16)}>`,
      );
}

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
