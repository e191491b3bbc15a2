import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { generateEcKeys } from '../../src/lab/keys.js';
import { mint } from '../../src/lab/pki.js';
import { writeSpsLog } from '../../src/lab/sps-log.js';
import { type LabOptions, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { type CliOptions, type CliRan, labSps, runCli } from '../support/run-cli.js';

const CT1 = 'b1801691-98a2-4484-b156-f91e55ca54c6';
const ACCEPT = ['--accept', 'dependents-running', '--accept', 'backup-unconfirmed'];
const ONE = ['cleanup', 'vc65', '--provider', 'array1-CT1', '--second-look', '1', ...ACCEPT];
const AGAIN = [...ONE, '--re-register'];

let folder: string;
let lab: RunningLab | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vasatrust-again-'));
});
afterEach(async () => {
  await lab?.close();
  lab = undefined;
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: LabOptions = {}, change = (yaml: string) => yaml): Promise<RunningLab> {
  lab = await startLab('clash', { ...options, timing: { ...labSps(), ...options.timing } });
  writeFileSync(join(folder, 'estate.yaml'), change(lab.estateYaml()));
  return lab;
}

const cli = (args: readonly string[], options: CliOptions = {}): Promise<CliRan> =>
  runCli(args, { cwd: folder, ...options, env: { ...lab?.env, XDG_STATE_HOME: folder, ...options.env } });

const vc65 = ({ world }: RunningLab): LabVcenter => world.vcenters.find(({ id }) => id === 'vc65') as LabVcenter;
const calls = ({ record }: RunningLab, method: string) =>
  record.filter(({ where, kind, what }) => where === 'vc65' && kind === 'sms' && what === method).length;
const changes = ({ record }: RunningLab) => record.filter(({ kind }) => kind === 'change');
const codes = (ran: CliRan) => JSON.parse(ran.stdout).refusals.map(({ code }: { code: string }) => code);

/** Somebody had the array make certificates of its own: neither vCenter trusts them, and nobody holds it. */
function resetArray(world: LabWorld): void {
  for (const provider of world.providers.filter(({ name }) => name.startsWith('array1-'))) {
    const identity = mint(
      {
        subject: [['CN', provider.host]],
        san: [provider.host, ...provider.addresses],
        notBefore: new Date(world.now().getTime() - 60_000),
      },
      KEYS,
    );
    provider.served = { identity, chain: [identity.certificate] };
  }
}
const KEYS = generateEcKeys();

/** SMS lets go of an inactive registration by the plain removal. */
const PLAIN: LabOptions = { switches: { npeWhen: 'active-with-backup' }, prepare: resetArray };

describe('--re-register after a clash', () => {
  test('is refused before anything is changed: it would take the trust from the vCenter that holds it', async () => {
    const at = await start();
    const ran = await cli([...AGAIN, '--accept', 'would-take-trust', '--yes', '-o', 'json']);
    expect([ran.code, codes(ran)]).toEqual([6, ['would-take-trust']]);
    const [refusal] = JSON.parse(ran.stdout).refusals;
    expect(refusal.summary).toContain('vc67 holds it now and would lose it');
    expect(refusal.remedy).toContain('vasatrust plan external-ca');
    expect(changes(at)).toEqual([]);
    expect(calls(at, 'RegisterProvider_Task') + calls(at, 'UnregisterProvider_Task')).toBe(0);
  });

  test('without it the same is shown without a word of registering', async () => {
    await start();
    const ran = await cli([...ONE, '--dry-run', '-o', 'json']);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).steps.map(({ kind }: { kind: string }) => kind)).not.toContain('re-register');
  });
});

describe('--re-register where nobody loses anything', () => {
  test('is shown as step 11 with name, URL, user and fingerprint, and without the password', async () => {
    const at = await start(PLAIN);
    const ran = await cli([...AGAIN, '--dry-run', '-o', 'json']);
    expect(ran.code).toBe(0);
    const last = JSON.parse(ran.stdout).steps.at(-1);
    expect(last).toMatchObject({
      kind: 're-register',
      number: 11,
      registration: { name: 'array1-CT1', because: 'hurts-nobody' },
    });
    expect(last.registration.seen).toHaveLength(1);
    for (const format of ['table', 'md']) {
      const shown = await cli([...AGAIN, '--dry-run', '-o', format]);
      expect(shown.stdout).toContain('Register array1-CT1 again');
      expect(shown.stdout + shown.stderr).not.toContain(at.world.providers[1]?.credentials.password);
    }
    expect((await cli([...AGAIN, '--runbook', 'md'])).stdout).toContain(last.registration.seen[0]);
    expect(changes(at)).toEqual([]);
  });

  test('removed, asked, registered again and online; the password is nowhere to be read', async () => {
    const at = await start(PLAIN);
    const ran = await cli([...AGAIN, '-o', 'json'], { typed: ['vc65', 'yes'] });
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('array1-CT1 is registered again and online')]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ result: 'done', removed: [{ uid: CT1 }], left: [] });
    expect(ran.stderr).toMatch(/SHA-256 {2}([0-9A-F]{2}:){31}[0-9A-F]{2}/);
    expect(ran.stderr).toContain('Compare a fingerprint with the one that the array itself shows');
    const registered = vc65(at).registrations.filter(({ name }) => name === 'array1-CT1');
    expect(registered).toHaveLength(1);
    expect(registered[0]?.uid).not.toBe(CT1);
    expect(calls(at, 'RegisterProvider_Task')).toBe(2);
    const journal = readdirSync(join(folder, 'vasatrust/runs')).map((name) =>
      readFileSync(join(folder, 'vasatrust/runs', name), 'utf8'),
    );
    const passwords = at.world.providers
      .filter(({ name }) => name.startsWith('array'))
      .map(({ credentials }) => JSON.stringify(credentials.password).slice(1, -1));
    for (const password of passwords)
      for (const text of [journal.join(), ran.stdout, ran.stderr]) expect(text).not.toContain(password);
  });

  test('--yes answers the question, too', async () => {
    const at = await start(PLAIN);
    const ran = await cli([...AGAIN, '--yes', '-o', 'json']);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('--yes says that it is')]);
    expect(vc65(at).registrations.some(({ name, uid }) => name === 'array1-CT1' && uid !== CT1)).toBe(true);
  });

  test('a no leaves it removed and everything else as it was: exit code 7, with what to do', async () => {
    const at = await start(PLAIN);
    const ran = await cli([...AGAIN, '-o', 'json'], { typed: ['vc65', 'no'] });
    expect([ran.code, ran.stderr]).toEqual([7, expect.stringContaining('nobody said yes')]);
    expect(JSON.parse(ran.stdout)).toMatchObject({ result: 'removed-and-taken-back', left: [] });
    expect(vc65(at).registrations.some(({ name }) => name === 'array1-CT1')).toBe(false);
  });

  test('estate.yaml does not say how: refused before anything is changed', async () => {
    const at = await start(PLAIN, (yaml) => yaml.replace(/^providers:[\s\S]*$/m, ''));
    const ran = await cli([...AGAIN, '--yes', '-o', 'json']);
    expect([ran.code, codes(ran)]).toEqual([6, ['cannot-register']]);
    expect(changes(at)).toEqual([]);
  });
});

describe('--first-reconnect', () => {
  test('is left out, and said, where the provider is not trusted or not disconnected', async () => {
    await start();
    const offline = await cli([...ONE, '--first-reconnect', '--dry-run', '-o', 'json']);
    const plan = JSON.parse(offline.stdout);
    expect(plan.steps.map(({ kind }: { kind: string }) => kind)).not.toContain('try-reconnect');
    expect(plan.warnings).toContainEqual(expect.objectContaining({ code: 'no-reconnect', why: 'status' }));
    await lab?.close();
    await start({ switches: { statusOfUntrusted: 'disconnected' } });
    const untrusted = JSON.parse((await cli([...ONE, '--first-reconnect', '--dry-run', '-o', 'json'])).stdout);
    expect(untrusted.warnings).toContainEqual(expect.objectContaining({ code: 'no-reconnect', why: 'not-trusted' }));
  });

  test('disconnected, trusted, and not let in: the first step is a Reconnect; it does not help, and the removal follows', async () => {
    const at = await start({
      switches: { statusOfUntrusted: 'disconnected', npeWhen: 'active-with-backup' },
      prepare: ({ vcenters }) => {
        const [one, other] = vcenters;
        if (!one || !other) return;
        one.trustedRoots.push(other.vmca.certificate);
        for (const { url } of one.registrations.filter(({ name }) => name.startsWith('array1-')))
          writeSpsLog(one, Date.now(), {
            thread: 'provider-loader',
            level: 'WARN',
            logger: 'VasaProviderImpl',
            text: `[load] ${url}: javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate`,
          });
      },
    });
    const ran = await cli([...ONE, '--first-reconnect', '--yes', '-o', 'json']);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('Ask SMS to reconnect array1-CT1')]);
    expect(calls(at, 'VasaProviderReconnect_Task')).toBe(1);
    expect(vc65(at).registrations.some(({ uid }) => uid === CT1)).toBe(false);
  });
});

describe('preflight of a lab vCenter', () => {
  const withVcha = (mode: 'enabled' | 'maintenance'): LabOptions => ({
    prepare: ({ vcenters: [first] }) => {
      if (first) first.vcha = { state: 'configured', mode, nodes: [{ cluster: '192.168.9.1' }, { cluster: '192.168.9.2' }] };
    },
  });

  test('vCenter High Availability that may fail over is refused, accepted by its code, and silent in maintenance mode', async () => {
    await start(withVcha('enabled'));
    const refused = await cli([...ONE, '--dry-run', '-o', 'json']);
    expect([refused.code, codes(refused)]).toEqual([6, ['vcha-enabled']]);
    expect((await cli([...ONE, '--dry-run', '--accept', 'vcha-enabled'])).code).toBe(0);
    await lab?.close();
    await start(withVcha('maintenance'));
    expect((await cli([...ONE, '--dry-run'])).code).toBe(0);
  });

  test('a node of it at the address of the provider is never blocked', async () => {
    await start({
      prepare: ({ vcenters: [first] }) => {
        if (first) first.vcha = { state: 'configured', mode: 'maintenance', nodes: [{ cluster: '10.1.2.4' }] };
      },
    });
    const ran = await cli([...ONE, '--accept', 'protected-address', '--dry-run', '-o', 'json']);
    expect([ran.code, codes(ran)]).toEqual([6, ['protected-address']]);
  });

  test('nothing stale: says so with exit code 0; 3 where something about a registration is not known', async () => {
    const at = await start({}, (yaml) => yaml);
    const all = ['cleanup', 'vc67', '--all-stale', '--second-look', '1', '--yes', '-o', 'json'];
    const none = await cli(all);
    expect([none.code, JSON.parse(none.stdout)]).toMatchObject([0, { kind: 'nothing-stale', undecided: [] }]);
    const withoutShell = at.estateYaml().replace(/^ {4}ssh:\n(?: {6}.*\n)+/gm, '');
    writeFileSync(join(folder, 'estate.yaml'), withoutShell);
    const unknown = await cli(['cleanup', 'vc65', '--all-stale', '--dry-run', '--second-look', '1', '-o', 'json']);
    expect(unknown.code).toBe(3);
    expect(JSON.parse(unknown.stdout)).toMatchObject({ kind: 'nothing-stale' });
    expect(JSON.parse(unknown.stdout).undecided.length).toBeGreaterThan(0);
    expect(unknown.stderr).toMatch(/^gap {2}.*ssh/m);
    const said = await cli(['cleanup', 'vc65', '--all-stale', '--dry-run', '--second-look', '1']);
    expect(said.stdout).toMatch(/^No registration of vc65 is proven stale, and of 2 it is not known whether they are\./);
    expect(changes(at)).toEqual([]);
  });

  test('an acceptance that was not needed is mentioned, and is no error', async () => {
    await start();
    const ran = await cli([...ONE, '--accept', 'disk-full:/storage/log', '--dry-run', '-o', 'json']);
    expect([ran.code, JSON.parse(ran.stdout).unneeded]).toEqual([
      0,
      expect.arrayContaining([{ code: 'disk-full', name: '/storage/log' }]),
    ]);
  });
});
