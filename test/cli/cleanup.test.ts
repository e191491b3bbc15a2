import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { type Ran, runCommand } from './run-command.js';

const CT0 = '453d453a-ac19-4bf5-b1f7-7252ad84950a';
let folder: string;
let lab: RunningLab | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-cleanup-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await lab?.close();
  lab = undefined;
});

/** In the lab's estate; afterwards the lab must not have been changed. */
async function inLab(scenario: string, args: readonly string[]): Promise<Ran> {
  lab ??= await startLab(scenario);
  writeFileSync(join(folder, 'estate.yaml'), lab.estateYaml());
  const ran = await runCommand([...args, '--no-progress'], { cwd: folder, env: lab.env });
  expect(lab.record.filter(({ kind }) => kind === 'change')).toEqual([]);
  return ran;
}

const QUICK = ['--dry-run', '--second-look', '1'];
const argvs = (plan: { steps: { number?: number; do: { argv?: string[] }[] }[] }, number: number) =>
  plan.steps
    .filter((step) => step.number === number)
    .flatMap((step) => step.do.flatMap(({ argv }) => (argv ? [argv.join(' ')] : [])));

describe('cleanup --dry-run', () => {
  test('on clash names exactly the commands of the published procedure, and writes nothing', async () => {
    const ran = await inLab('clash', [
      'cleanup',
      'vc65',
      '--all-stale',
      ...QUICK,
      '--accept',
      'dependents-running',
      '-o',
      'json',
    ]);
    expect(ran.code).toBe(0);
    const plan = JSON.parse(ran.stdout);
    expect(plan.removals.map(({ uid }: { uid: string }) => uid)).toEqual(['b1801691-98a2-4484-b156-f91e55ca54c6', CT0]);
    expect(argvs(plan, 2)[1]).toMatch(/^\/bin\/sed -i \d+s\/99999\/4\/ .*sms-config\.xml\.vasatrust-new$/);
    expect(argvs(plan, 3)).toEqual(['/sbin/ip route add unreachable 10.1.2.4/32', '/sbin/ip route add unreachable 10.1.2.3/32']);
    expect(argvs(plan, 4)).toEqual(['/bin/service-control --stop vmware-sps']);
    expect(argvs(plan, 5)).toEqual(['/bin/service-control --start vmware-sps']);
    expect(argvs(plan, 8)).toEqual(['/sbin/ip route del unreachable 10.1.2.4/32', '/sbin/ip route del unreachable 10.1.2.3/32']);
    expect(argvs(plan, 10)).toEqual(['/bin/service-control --stop vmware-sps', '/bin/service-control --start vmware-sps']);
    expect(plan.warnings.map(({ code }: { code: string }) => code)).not.toContain('looked-once');
  });

  test('on clash without acceptances: refused for each datastore with running VMs, exit code 6', async () => {
    const ran = await inLab('clash', ['cleanup', 'vc65', '--provider', CT0, ...QUICK]);
    expect(ran.code).toBe(6);
    expect(ran.stdout).toContain('dependents-running:vvol-gold');
    expect(ran.stdout).toContain('--accept dependents-running:vvol-silver');
  });

  test('on leftover: the route, the number and the timer are all told at once', async () => {
    const ran = await inLab('leftover', ['cleanup', 'vca', '--provider', 'array1-CT0', ...QUICK, '-o', 'json']);
    expect(ran.code).toBe(6);
    const codes = JSON.parse(ran.stdout).refusals.map(({ code }: { code: string }) => code);
    expect(codes).toEqual(expect.arrayContaining(['not-stale', 'leftover-route', 'cleanup-leftover', 'another-run']));
    expect(ran.stdout).toMatch(/ip route del unreachable 10\.[\d.]+\/32/);
  });

  for (const [scenario, vcenter] of [
    ['external-ca', 'vca'],
    ['linked-mode', 'vca'],
  ] as const)
    test(`on ${scenario} a healthy registration is refused as not-stale, and --all-stale finds nothing`, async () => {
      const one = await inLab(scenario, ['cleanup', vcenter, '--provider', 'array1-CT0', ...QUICK, '-o', 'json']);
      expect([one.code, JSON.parse(one.stdout).refusals[0].code]).toEqual([6, 'not-stale']);
      const all = await inLab(scenario, ['cleanup', vcenter, '--all-stale', ...QUICK]);
      expect([all.code, all.stdout]).toEqual([0, expect.stringContaining('no stale registration')]);
    });

  test('without --dry-run, and with nobody to ask, it tells what stands against it, or that nobody said yes: 6', async () => {
    const refused = await inLab('clash', ['cleanup', 'vc65', '--all-stale', '-o', 'json']);
    expect(refused.code).toBe(6);
    expect(JSON.parse(refused.stdout).refusals.map(({ code }: { code: string }) => code)).toContain('backup-unconfirmed');
    const accepted = ['--accept', 'dependents-running', '--accept', 'backup-unconfirmed'];
    const unasked = await inLab('clash', ['cleanup', 'vc65', '--all-stale', ...accepted]);
    expect(unasked).toMatchObject({ code: 6, stdout: '' });
    expect(unasked.stderr).toMatch(/To be removed from vc65[\s\S]*--yes was not given; nothing was changed/);
  });

  for (const [name, args, says] of [
    ['neither --provider nor --all-stale', ['cleanup', 'vc65', '--dry-run'], /--provider[\s\S]*--all-stale/],
    ['both', ['cleanup', 'vc65', '--all-stale', '--provider', 'x', '--dry-run'], /--provider/],
    ['an unknown vCenter', ['cleanup', 'vc99', '--all-stale', '--dry-run'], /no vCenter "vc99"[\s\S]*vc65, vc67/],
    ['a number that is none', ['cleanup', 'vc65', '--all-stale', '--dry-run', '--second-look', 'soon'], /whole number/],
  ] as const)
    test(`${name}: exit code 2`, async () => {
      const ran = await inLab('clash', args);
      expect(ran.code).toBe(2);
      expect(ran.stderr).toMatch(says);
    });
});

test('cleanup --runbook md is a runbook with tick boxes, filled in, and no secret in it', async () => {
  const ran = await inLab('clash', [
    'cleanup',
    'vc65',
    '--all-stale',
    '--runbook',
    'md',
    '--second-look',
    '0',
    '--accept',
    'dependents-running',
  ]);
  expect(ran.code).toBe(0);
  for (let number = 1; number <= 11; number += 1) expect(ran.stdout).toMatch(new RegExp(`^## ${number}\\. `, 'm'));
  expect(ran.stdout.match(/^- \[ \] /gm)?.length).toBeGreaterThan(30);
  expect(ran.stdout).toContain('    /sbin/ip route add unreachable 10.1.2.3/32');
  expect(ran.stdout).toContain('# How to go back');
  expect(ran.stdout).toContain('looked at once');
  for (const secret of Object.values(lab?.env ?? {})) expect(ran.stdout + ran.stderr).not.toContain(secret);
});

test('saved evidence is enough for a runbook, and what was not seen is said', async () => {
  const saved = join(folder, 'evidence.json');
  await inLab('clash', ['audit', '--save-evidence', saved]);
  const asked = lab?.record.length;
  const ran = await inLab('clash', [
    'cleanup',
    'vc65',
    '--all-stale',
    '--runbook',
    'md',
    '--evidence',
    saved,
    '--accept',
    'dependents-running',
  ]);
  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain('Not seen, so look yourself');
  expect(lab?.record.length).toBe(asked);
});

describe('doctor', () => {
  test('on a healthy estate finds all as assumed, and writes nothing', async () => {
    const ran = await inLab('external-ca', ['doctor', '-o', 'json']);
    const { checks } = JSON.parse(ran.stdout) as { checks: { id: string; vcenter: string; state: string }[] };
    expect(checks.filter(({ state }) => state === 'wrong' || state === 'not-seen')).toEqual([]);
    expect(new Set(checks.map(({ id }) => id)).size).toBeGreaterThan(20);
    expect(ran.code).toBe(0);
  });

  test('a wrong password is said once and sent once; exit code 1', async () => {
    lab = await startLab('clash', { faults: [{ kind: 'wrong-password', where: 'vc65' }] });
    const ran = await inLab('clash', ['doctor', 'vc65']);
    expect(ran.code).toBe(1);
    expect(ran.stdout).toMatch(/^error +login /m);
  });

  test('ssh that leads to another vCenter than address is wrong, and no cleanup is planned for it', async () => {
    lab = await startLab('external-ca', {
      prepare: ({ vcenters: [first, second] }) => {
        if (first === undefined || second === undefined) throw new Error('two vCenters are needed');
        first.vecs.set('MACHINE_SSL_CERT', second.vecs.get('MACHINE_SSL_CERT') ?? []);
      },
    });
    const [{ id = '', registrations = [] } = {}] = lab.world.vcenters;
    const { name = '' } = registrations.find((one) => lab?.world.providers.some(({ name }) => name === one.provider)) ?? {};
    const ran = await inLab('external-ca', ['doctor', id, '-o', 'json']);
    const found = (JSON.parse(ran.stdout).checks as { id: string; state: string }[]).filter(({ id }) => id === 'same-machine');
    expect([ran.code, found]).toEqual([1, [expect.objectContaining({ state: 'wrong' })]]);
    const refused = await inLab('external-ca', ['cleanup', id, '--provider', name, '--dry-run', '-o', 'json']);
    expect([refused.code, refused.stdout]).toEqual([6, expect.stringContaining('another-appliance')]);
  });

  test('--scrub leaves no name and no address', async () => {
    const ran = await inLab('leftover', ['doctor', '--scrub', '-o', 'md']);
    expect(ran.code).toBe(0);
    expect(ran.stdout).not.toMatch(/\bvca\b|lab\.example|array1|127\.0\.0\.1|10\.1\.|administrator/i);
    expect(ran.stdout).toContain('address&#45;1'.replace('&#45;', '-'));
  });
});
