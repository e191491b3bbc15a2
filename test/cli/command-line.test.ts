import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CODES } from '../../src/findings/explain/codes.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { runCommand } from './run-command.js';

const root = join(import.meta.dirname, '../..');
const golden = (name: string) => join(root, 'test/golden/cli', name);
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-cli-'));
  writeFileSync(
    join(folder, 'five.yaml'),
    'vcenters:\n  - adress: a\n    username: 5\n    password: hunter2-canary\n    tls: { fingerprint: x }\n',
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('help and version', () => {
  for (const option of ['--version', '-V']) {
    test(`${option} prints the version of the package and nothing else`, async () => {
      expect(await runCommand([option])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    });
  }
  for (const [name, args] of [
    ['help.txt', ['--help']],
    ['help-audit.txt', ['audit', '--help']],
    ['help-diagnose.txt', ['diagnose', '--help']],
    ['help-explain.txt', ['explain', '-h']],
    ['help-lab-up.txt', ['lab', 'up', '--help']],
  ] as const) {
    test(`vasatrust ${args.join(' ')}`, async () => {
      const ran = await runCommand(args);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      await expect(ran.stdout).toMatchFileSnapshot(golden(name));
    });
  }
});

describe('bad usage ends with 2, nothing on stdout, and says what to type', () => {
  for (const { args, says } of [
    { args: [], says: /a command is missing[\s\S]*Usage/ },
    { args: ['audti'], says: /unknown command 'audti'[\s\S]*Did you mean audit/ },
    { args: ['audit', '--evidense', 'x'], says: /--evidense[\s\S]*Did you mean --evidence/ },
    { args: ['audit', '-o', 'xml'], says: /table, json, md/ },
    { args: ['audit', 'surplus'], says: /too many arguments/ },
    { args: ['audit', '--evidence'], says: /argument missing/ },
    { args: ['explain', 'trust-lots'], says: /Did you mean trust-lost/ },
    { args: ['explain', 'nothing-like-it'], says: /vasatrust explain/ },
    { args: ['lab'], says: /a command is missing/ },
    { args: ['lab', 'up', 'clsh'], says: /Did you mean clash/ },
    { args: ['lab', 'up', 'clash', '5'], says: /only the scenario estate-of takes a number/ },
    { args: ['audit', '--evidence', '/nonexistent/file'], says: /could not be read/ },
    { args: ['audit', '-f', '/nonexistent/estate.yaml'], says: /no such file/ },
    { args: ['audit'], says: /estate.yaml: there is no such file[\s\S]*GOVC_URL/ },
  ]) {
    test(`vasatrust ${args.join(' ')}`, async () => {
      const ran = await runCommand(args, { cwd: folder });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toMatch(says);
    });
  }
});

describe('with -o json an error is one JSON document on stdout', () => {
  for (const args of [
    ['-o', 'json', 'audti'],
    ['audit', '--output=json', '--nonsense'],
    ['audit', '-o', 'json', '-f', '/nonexistent/estate.yaml'],
    ['-ojson', 'explain', 'trust-lots'],
    ['audit', '--evidence', '/nonexistent/file', '-o', 'json'],
  ]) {
    test(`vasatrust ${args.join(' ')}`, async () => {
      const ran = await runCommand(args);
      expect(ran.code).toBe(2);
      expect(JSON.parse(ran.stdout)).toMatchObject({
        formatVersion: 1,
        error: { code: expect.any(String), summary: expect.stringMatching(/./), remedy: expect.stringMatching(/./) },
      });
      expect(ran.stderr).not.toBe('');
    });
  }
  test('every mistake of estate.yaml is listed with its place, and the password in it is not', async () => {
    const ran = await runCommand(['audit', '--file', join(folder, 'five.yaml'), '-o', 'json']);
    const { error } = JSON.parse(ran.stdout) as {
      error: { details: { line: number; column: number; path: string; remedy: string }[] };
    };
    expect(error.details.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '2 vcenters[0].address',
      '2 vcenters[0].adress',
      '3 vcenters[0].username',
      '4 vcenters[0].password',
      '5 vcenters[0].tls.fingerprint',
    ]);
    expect(error.details.every(({ column, remedy }) => column > 0 && remedy !== '')).toBe(true);
    expect(ran.stdout + ran.stderr).not.toContain('hunter2-canary');
  });
});

describe('explain', () => {
  test('without a code lists every code once', async () => {
    const ran = await runCommand(['explain']);
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    const listed = ran.stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/\s+/)[1]);
    expect(listed).toEqual(CODES.map(({ code }) => code));
  });
  for (const format of ['table', 'md', 'json']) {
    test(`a code as ${format}`, async () => {
      const ran = await runCommand(['explain', 'stale-registration', '-o', format]);
      expect(ran).toMatchObject({ code: 0, stderr: '' });
      await expect(ran.stdout).toMatchFileSnapshot(golden(`explain.${format}`));
    });
  }
  test('takes a code in any case', async () => {
    expect((await runCommand(['explain', 'VMCA-Clash'])).code).toBe(0);
  });
});

describe('an audit of the lab', () => {
  let lab: RunningLab;
  let estate: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    lab = await startLab('clash');
    estate = join(folder, 'lab.yaml');
    writeFileSync(estate, lab.estateYaml());
    env = { ...lab.env };
  }, 60_000);
  afterAll(() => lab.close());

  test('options stand before or after the command; the result is on stdout, progress on stderr, the exit code is 1', async () => {
    const before = await runCommand(['-o', 'json', '--file', estate, 'audit'], { env });
    const after = await runCommand(['audit', '--file', estate, '-o', 'json', '--no-progress'], { env });
    for (const ran of [before, after]) {
      expect(ran.code).toBe(1);
      expect(JSON.parse(ran.stdout)).toMatchObject({ formatVersion: 1 });
    }
    expect(before.stderr).toMatch(/^\d{4}-\d\d-\d\dT\S+ vc65 {2}/);
    expect(after.stderr).toBe('');
  });

  test('the table names the clash and what to type next', async () => {
    const ran = await runCommand(['audit', '-f', estate, '--no-progress'], { env });
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/HELD BY vc67/);
    expect(ran.stdout).toMatch(/Next: vasatrust plan external-ca --provider array1-CT0/);
    expect(ran.stdout).not.toContain('\u001b');
  });

  test('evidence is saved for its owner alone, and judged again to the same result without a connection', async () => {
    const file = join(folder, 'evidence.json');
    const live = await runCommand(['audit', '-f', estate, '--save-evidence', file, '--no-progress'], { env });
    expect(live.code).toBe(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const again = await runCommand(['audit', '--evidence', file, '--no-progress']);
    expect(again.code).toBe(1);
    expect(again.stdout).toBe(live.stdout);
    expect(again.stderr).toMatch(/nothing is contacted/);
  });

  test('a file of ours is replaced; where none can be written the audit says so', async () => {
    const file = join(folder, 'replaced.json');
    writeFileSync(file, 'old', { mode: 0o644 });
    expect((await runCommand(['audit', '-f', estate, '--save-evidence', file, '--no-progress'], { env })).code).toBe(1);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const refused = await runCommand(['audit', '-f', estate, '--save-evidence', '/nonexistent/x', '--no-progress'], { env });
    expect(refused).toMatchObject({ code: 2, stdout: '' });
  });

  test('without its passwords the audit has gaps, names them, and never calls the estate healthy', async () => {
    const ran = await runCommand(['audit', '-f', estate, '--no-progress', '-o', 'json']);
    const audit = JSON.parse(ran.stdout) as { gaps: { target: string; remedy: string; problem: unknown }[] };
    expect(ran.code).toBe(3);
    expect(new Set(audit.gaps.map(({ target }) => target))).toEqual(new Set(['vc65', 'vc67']));
    expect(audit.gaps.every(({ remedy }) => remedy !== '')).toBe(true);
  });

  test('Ctrl-C ends it with 130 and without a result', async () => {
    const slow = await startLab('clash', { latencyMs: 3_000 });
    try {
      writeFileSync(join(folder, 'slow.yaml'), slow.estateYaml());
      const ran = runCommand(['audit', '-f', join(folder, 'slow.yaml')], {
        env: slow.env,
        onErrors: (child, stderr) => {
          if (/SSH/.test(stderr)) child.kill('SIGINT');
        },
      });
      expect(await ran).toMatchObject({ code: 130, stdout: '' });
    } finally {
      await slow.close();
    }
  });
});

test.skipIf(!existsSync('/dev/full'))('a result that finds no room is told, and is not taken for a finding', async () => {
  const full = openSync('/dev/full', 'w');
  try {
    const ran = spawnSync(process.execPath, [join(root, 'dist/vasatrust.cjs'), 'explain'], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    expect(ran).toMatchObject({ status: 2, stderr: expect.stringContaining('the result could not be written (ENOSPC)') });
  } finally {
    closeSync(full);
  }
});

describe('the lab', () => {
  test('up writes an estate.yaml, prints how to audit it, ends on Ctrl-C with 0 and takes its files along', async () => {
    let file = '';
    const ran = await runCommand(['lab', 'up', 'external-ca'], {
      onOutput: (child, stdout) => {
        if (!stdout.includes('Ctrl-C')) return;
        file = /^node \S+\/vasatrust\.cjs audit --file (\S+)$/m.exec(stdout)?.[1] ?? '';
        expect(readFileSync(file, 'utf8')).toContain('vcenters:');
        child.kill('SIGINT');
      },
    });
    expect(ran.code).toBe(0);
    expect(ran.stdout).toMatch(/^export \w+=/m);
    expect(() => statSync(file)).toThrow();
  });
  test('up takes its files along also when its terminal is closed', async () => {
    let file = '';
    const ran = await runCommand(['lab', 'up', 'external-ca'], {
      onOutput: (child, stdout) => {
        if (!stdout.includes('Ctrl-C')) return;
        file = /--file (\S+)/.exec(stdout)?.[1] ?? '';
        child.kill('SIGHUP');
      },
    });
    expect(ran.code).toBe(0);
    expect(file).not.toBe('');
    expect(() => statSync(file)).toThrow();
  });
  test('list has every scenario', async () => {
    const ran = await runCommand(['lab', 'list']);
    expect(ran.code).toBe(0);
    for (const name of [
      'clash',
      'same-name',
      'linked-mode',
      'shared-psc',
      'external-ca',
      'vasa5',
      'expired-root',
      'ipv6',
      'by-name',
    ]) {
      expect(ran.stdout).toContain(name);
    }
    for (const name of ['controller-split', 'holder-outside', 'leftover', 'estate-of N']) expect(ran.stdout).toContain(name);
  });
});

test('the demonstration finds the clash, names the next command and ends by itself with 0', async () => {
  const ran = await runCommand(['start']);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toMatch(/vmca-clash/);
  expect(ran.stdout).toMatch(/Next: vasatrust /);
  expect(ran.stderr).toMatch(/exit code 1/);
});

test('a reader that stops reading is no fault', async () => {
  const ran = await runCommand(['explain', '-o', 'json'], { onOutput: (child) => child.stdout?.destroy() });
  expect(ran.stderr).toBe('');
  expect(ran.code).toBe(0);
});
