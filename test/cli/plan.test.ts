import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { mintCa } from '../support/mint.js';
import { type Ran, runCommand } from './run-command.js';

let folder: string;
let lab: RunningLab;
const at = (name: string): string => join(folder, name);
const run = (...args: string[]): Promise<Ran> => runCommand([...args, '--no-progress'], { cwd: folder, env: { ...lab.env } });
const plan = (...args: string[]): Promise<Ran> => run('plan', 'external-ca', '--evidence', 'clash.json', ...args);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-cli-plan-'));
  const root = mintCa({ name: 'CN=Example Root CA,O=Example', keyType: 'rsa' });
  const issuing = mintCa({ name: 'CN=Example Issuing CA,O=Example', keyType: 'rsa', issuer: root, pathLength: 0 });
  writeFileSync(at('chain.pem'), `${root.pem}\n${issuing.pem}`);
  writeFileSync(at('ec.pem'), mintCa({ name: 'CN=EC Root' }).pem);
  lab = await startLab('clash');
  writeFileSync(at('estate.yaml'), lab.estateYaml());
  writeFileSync(at('with-ca.yaml'), `${lab.estateYaml()}\nexternalCa: { certificateFile: chain.pem }\n`);
  await run('audit', '--save-evidence', 'clash.json');
  const written = await plan('--ca', 'chain.pem', '--out', 'plan.json');
  if (written.code !== 0) throw new Error(written.stderr);
}, 60_000);
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('plan external-ca', () => {
  test('writes a plan that only its owner reads, and says who is out for how long and what comes next', async () => {
    const ran = await plan('--ca', 'chain.pem', '--out', 'again.json');
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^plan written to again\.json: \d+ steps\n$/);
    expect(ran.stderr).toMatch(/vc65 without any path: .* it has no path now/);
    expect(ran.stderr).toMatch(/vc67 without any path: never/);
    expect(ran.stderr).toContain('next: vasatrust plan show again.json -o md');
    expect(statSync(at('again.json')).mode & 0o777).toBe(0o600);
  });

  test('the same evidence gives the same bytes, and a live look the same steps', async () => {
    expect(readFileSync(at('again.json'), 'utf8')).toBe(readFileSync(at('plan.json'), 'utf8'));
    const live = await run('plan', 'external-ca', '-f', 'with-ca.yaml', '--out', 'live.json');
    expect(live.code).toBe(0);
    const steps = (name: string) =>
      (JSON.parse(readFileSync(at(name), 'utf8')) as { steps: { id: string }[] }).steps.map(({ id }) => id);
    expect(steps('live.json')).toEqual(steps('plan.json'));
  });

  test('holds no secret', () => {
    const text = readFileSync(at('plan.json'), 'utf8');
    for (const secret of Object.values(lab.env)) expect(text).not.toContain(secret);
  });

  for (const { name, args, code, says } of [
    {
      name: 'nobody who answers',
      args: ['--provider', 'array7', '--ca', 'chain.pem', '--out', 'x.json'],
      code: 2,
      says: /no provider of the estate answers to array7[\s\S]*array1-CT0/,
    },
    { name: 'no CA', args: ['--out', 'x.json'], code: 2, says: /certificates are missing[\s\S]*--ca chain\.pem/ },
    { name: 'no file to write', args: ['--ca', 'chain.pem'], code: 2, says: /required option '--out/ },
    {
      name: 'a CA file that is not there',
      args: ['--ca', 'none.pem', '--out', 'x.json'],
      code: 2,
      says: /none\.pem cannot be read \(ENOENT\)/,
    },
    { name: 'a CA that is not RSA', args: ['--ca', 'ec.pem', '--out', 'x.json'], code: 6, says: /"CN=EC Root" is not RSA/ },
    {
      name: 'a file without certificates',
      args: ['--ca', 'estate.yaml', '--out', 'x.json'],
      code: 6,
      says: /holds no certificate/,
    },
    {
      name: 'something that cannot be accepted',
      args: ['--accept', 'vasa5', '--ca', 'chain.pem', '--out', 'x.json'],
      code: 2,
      says: /vasa5 cannot be accepted[\s\S]*outage-for-all/,
    },
    {
      name: 'a place where nothing can be written',
      args: ['--ca', 'chain.pem', '--out', 'chain.pem/x.json'],
      code: 2,
      says: /cannot be written/,
    },
  ]) {
    test(`is refused for ${name}`, async () => {
      const ran = await plan(...args);
      expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: '' });
      expect(ran.stderr).toMatch(says);
    });
  }

  test('an acceptance that was not needed is mentioned, not an error', async () => {
    const ran = await plan('--accept', 'last-path:vc65', '--ca', 'chain.pem', '--out', 'y.json');
    expect(ran.code).toBe(0);
    expect(ran.stderr).toContain('--accept last-path:vc65 was not needed');
  });

  test('refusals come as JSON where JSON was asked for', async () => {
    const ran = await plan('-o', 'json', '--ca', 'ec.pem', '--out', 'x.json');
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout)).toMatchObject({ error: { code: 'refused', details: [{ code: 'ca-unusable' }] } });
  });

  test('evidence that is too thin ends with 3 and names what is missing', async () => {
    const bundle = JSON.parse(readFileSync(at('clash.json'), 'utf8')) as { vcenters: { registrations: unknown }[] };
    const problem = { code: 'timeout', target: 'vc67', summary: 'no answer', remedy: 'Try again.', retry: 'later' };
    const second = bundle.vcenters[1];
    if (second === undefined) throw new Error('no second vCenter');
    second.registrations = { state: 'unknown', problem };
    writeFileSync(at('thin.json'), JSON.stringify(bundle));
    const ran = await run(
      'plan',
      'external-ca',
      '--evidence',
      'thin.json',
      '--ca',
      'chain.pem',
      '--out',
      'x.json',
      '--provider',
      'array1-CT0',
    );
    expect(ran.code).toBe(3);
    expect(ran.stderr).toMatch(/the registrations of vc67 were not seen/);
  });
});

describe('plan show, check and diff', () => {
  test('the table, the runbook and JSON', async () => {
    const [table, runbook, json] = await Promise.all(
      ['table', 'md', 'json'].map((format) => run('plan', 'show', 'plan.json', '-o', format)),
    );
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/^THE PLAN[\s\S]*STOP RULE/) });
    expect(runbook).toMatchObject({ code: 0, stdout: expect.stringMatching(/^# Runbook[\s\S]*- \[ \] done/) });
    expect((JSON.parse(json?.stdout ?? '') as { kind: string }).kind).toBe('external-ca');
  });

  test('a plan that still holds ends with 0, a changed estate with 1, a plan that is none with 2', async () => {
    expect(await run('plan', 'check', 'plan.json', '--evidence', 'clash.json')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('facts of the plan hold'),
    });
    const bundle = readFileSync(at('clash.json'), 'utf8').replaceAll('6.7.0', '6.7.3');
    writeFileSync(at('upgraded.json'), bundle);
    const changed = await run('plan', 'check', 'plan.json', '--evidence', 'upgraded.json');
    expect(changed.code).toBe(1);
    expect(changed.stdout).toMatch(/version of vc67: 6\.7\.0\n {2}was 6\.7\.0\n {2}is 6\.7\.3/);
    expect(await run('plan', 'check', 'clash.json', '--evidence', 'clash.json')).toMatchObject({ code: 2 });
    expect(await run('plan', 'show', 'none.json')).toMatchObject({ code: 2 });
  });

  test('two plans that differ', async () => {
    await plan('--ca', 'chain.pem', '--provider', 'array2-CT0', '--out', 'other.json');
    const ran = await run('plan', 'diff', 'plan.json', 'other.json');
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^- step install-certificate\.array1-CT0$/m);
    expect(ran.stdout).toMatch(/^\+ step install-certificate\.array2-CT0$/m);
    expect(await run('plan', 'diff', 'plan.json', 'plan.json')).toMatchObject({ code: 0, stdout: 'No difference.\n' });
  });
});

describe('plan recommend', () => {
  test('says what fits each array, in every format', async () => {
    const table = await run('plan', 'recommend', '--evidence', 'clash.json', '--provider', 'array1-CT0');
    expect(table.code).toBe(0);
    expect(table.stdout).toMatch(/RECOMMENDED +one certificate of an external CA/);
    expect(table.stdout).not.toContain('array2');
    const json = await run('plan', 'recommend', '--evidence', 'clash.json', '-o', 'json');
    const { recommendations } = JSON.parse(json.stdout) as { recommendations: { chosen: string }[] };
    expect(recommendations.map(({ chosen }) => chosen).sort()).toEqual(['external-ca', 'leave-alone']);
    expect((await run('plan', 'recommend', '--evidence', 'clash.json', '-o', 'md')).stdout).toMatch(/^# Which way out/);
  });
});

describe('check-registration', () => {
  const url = 'https://array2-ct0.lab.example:8084/version.xml';
  for (const { name, args, code, says } of [
    {
      name: 'somebody would be hurt',
      args: ['vc67', '--provider', url, '--evidence', 'clash.json'],
      code: 1,
      says: /would throw out vc65/,
    },
    {
      name: 'nobody is hurt',
      args: ['vc65.lab.example', '--provider', url, '--evidence', 'clash.json'],
      code: 0,
      says: /hurts nobody/,
    },
    {
      name: 'cannot tell',
      args: ['vc65', '--provider', 'https://nowhere.lab.example:1/', '--evidence', 'clash.json'],
      code: 3,
      says: /cannot be told/,
    },
    {
      name: 'a vCenter that is not there',
      args: ['vc99', '--provider', url, '--evidence', 'clash.json'],
      code: 2,
      says: /There are: vc65, vc67/,
    },
    {
      name: 'looked at now, with a URL that nobody registered',
      args: ['vc67', '--provider', url],
      code: 1,
      says: /would throw out vc65/,
    },
  ]) {
    test(`${name}: exit code ${code}`, async () => {
      const ran = await run('check-registration', ...args);
      expect(ran.code).toBe(code);
      expect(ran.stdout + ran.stderr).toMatch(says);
    });
  }
});
