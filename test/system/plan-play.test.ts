import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { run } from '../../src/cli/run.js';
import { openWorld } from '../../src/lab/build-world.js';
import { clash } from '../../src/lab/scenarios/clash.js';
import { loseTrust } from '../../src/lab/scenarios/clash-parts.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabTiming, SpsSwitches } from '../../src/lab/world.js';
import type { WorldBuilder } from '../../src/lab/world-builder.js';
import type { Plan } from '../../src/model/plan.js';
import { readPlan } from '../../src/plan/plan-file.js';
import type { Ran } from '../cli/run-command.js';
import { OutsideCa } from '../support/outside-ca.js';
import { type Played, playPlan } from '../support/play-plan.js';
import { StandingClock } from '../support/standing-clock.js';
import { missingSystemParts } from '../support/system.js';
import { openHandsAt, value } from '../support/vcenter-hands.js';

/** As long as it takes on an appliance, by what is known: stop up to a minute, start one to five, a poll every ten seconds. */
const REAL_TIMING: LabTiming = {
  spsStopMs: 60_000,
  spsStartMs: 180_000,
  pollMs: 10_000,
  taskMs: 8_000,
  latencyMs: 0,
  retrySecondMs: 1_000,
};

const NAMES = ['array1-CT0', 'array1-CT1'];

const root = mkdtempSync(join(tmpdir(), 'vasatrust-play-'));
let clock: StandingClock;
let ca: OutsideCa;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  ca = await OutsideCa.found(join(root, 'ca'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  clock.restore();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Estate {
  readonly lab: RunningLab;
  readonly folder: string;
  vasatrust(...argv: readonly string[]): Promise<Ran>;
}

type Build = (lab: WorldBuilder) => Promise<void>;

/** The clash, and a vCenter 8.0 with two hosts that has nothing registered yet. */
const clashAndThird: Build = async (lab) => {
  await clash.build(lab);
  lab.populate(await lab.vcenter({ id: 'vc80', release: '8.0U3' }), { hosts: { count: 2, version: '8.0.3' }, datastores: [] });
};

/** One certificate is the only path of both: the second one lost nothing yet. */
const singleController: Build = async (lab) => {
  const vcenters = [
    await lab.vcenter({ id: 'vca', release: '7.0U3' }),
    await lab.vcenter({ id: 'vcb', release: '8.0U3' }),
  ] as const;
  const provider = await lab.provider({ name: 'array1-CT0', array: 'array1', retained: false });
  for (const vcenter of vcenters) lab.register(vcenter, provider, { daysAgo: vcenter === vcenters[0] ? 60 : 20 });
  for (const vcenter of vcenters) {
    const datastores = [{ name: `vvol-${vcenter.id}`, providers: [provider], vms: 2, poweredOn: 1 }];
    lab.populate(vcenter, { hosts: { count: 2, version: vcenter.version }, datastores });
  }
  loseTrust(vcenters[0], [provider], lab.daysAgo(20));
};

async function openEstate(name: string, switches: Partial<SpsSwitches>, build: Build = clashAndThird): Promise<Estate> {
  clock = new StandingClock();
  const builder = openWorld(name, { timing: REAL_TIMING, switches });
  builder.keys.prepare('rsa', 7);
  await build(builder);
  const lab = await startLab(builder.finish());
  closing.push(() => lab.close());
  const folder = join(root, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'estate.yaml'), lab.estateYaml());
  copyFileSync(ca.chainFile, join(folder, 'external-ca.pem'));
  return { lab, folder, vasatrust: (...argv) => vasatrust(folder, lab.env, argv) };
}

async function vasatrust(folder: string, env: RunningLab['env'], argv: readonly string[]): Promise<Ran> {
  let [stdout, stderr] = ['', ''];
  const code = await run({
    argv: [...argv, '--no-progress'],
    env,
    cwd: folder,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    interrupted: new AbortController().signal,
  });
  return { code, stdout, stderr };
}

/** Audit, plan, requests, answers by the outside CA, check, import: all as somebody types it. */
async function prepare({ folder, vasatrust: command }: Estate, accept: readonly string[] = []): Promise<Plan> {
  const expectCode = async (code: number, ...argv: readonly string[]): Promise<void> => {
    const ran = await command(...argv);
    expect(ran.code, `${argv.join(' ')}\n${ran.stdout}${ran.stderr}`).toBe(code);
  };
  await expectCode(1, 'audit', '--save-evidence', 'before.json');
  const planning = ['plan', 'external-ca', '--evidence', 'before.json', '--ca', 'external-ca.pem', '--out', 'plan.json'];
  if (accept.length > 0) await expectCode(6, ...planning);
  await expectCode(0, ...planning, ...accept.flatMap((code) => ['--accept', code]));
  await expectCode(0, 'ca', 'csr', 'plan.json', '--out', 'requests', '--bits', '2048');
  mkdirSync(join(folder, 'answers'));
  const plan = value(readPlan(readFileSync(join(folder, 'plan.json'), 'utf8'), 'plan.json'));
  const answers = plan.providerCertificates.map(({ name }) => `answers/${name}.pem`);
  for (const { name } of plan.providerCertificates)
    await ca.answer(join(folder, 'requests', `${name}.csr`), join(folder, 'answers', `${name}.pem`));
  // The clock stood still while openssl dated what it signed.
  clock.advance(60_000);
  await expectCode(0, 'ca', 'check', ...answers, '--plan', 'plan.json', '--dir', 'requests');
  await expectCode(0, 'ca', 'import', ...answers, '--plan', 'plan.json', '--dir', 'requests');
  return plan;
}

const statuses = ({ lab }: Estate, vcenter: string): Promise<Record<string, string>> =>
  at(lab, vcenter, async (hands) =>
    Object.fromEntries(
      (await hands.registrations()).filter(({ name }) => NAMES.includes(name)).map(({ name, status }) => [name, status ?? '']),
    ),
  );

async function at<T>(
  lab: RunningLab,
  vcenter: string,
  work: (hands: Awaited<ReturnType<typeof openHandsAt>>) => Promise<T>,
): Promise<T> {
  const hands = await openHandsAt(lab, vcenter);
  try {
    return await work(hands);
  } finally {
    await hands.close();
  }
}

const ONLINE = Object.fromEntries(NAMES.map((name) => [name, 'online']));

describe.skipIf(missingSystemParts('openssl', 'bash'))('the plan for the clash, played from beginning to end', () => {
  test('everybody is online again after the outage that was announced, and a third vCenter hurts nobody', async () => {
    // SMS learns only from its own registration that a certificate is kept, and disconnects from what it does not trust.
    const switches = { rootsAtProvider: 'add', retainFlag: 'as-told', statusOfUntrusted: 'disconnected' } as const;
    const estate = await openEstate('clash', switches);
    const { lab } = estate;
    const plan = await prepare(estate);
    const played = await playPlan({ ...estate, plan, clock });

    expect(played.overdue).toEqual([]);
    expect(played.procedures).toBeGreaterThan(0);
    for (const vcenter of ['vc65', 'vc67']) expect(await statuses(estate, vcenter)).toEqual(ONLINE);
    expect(plan.outages.map(({ vcenter, windows }) => [vcenter, windows.length])).toEqual([
      ['vc65', 1],
      ['vc67', 0],
    ]);
    expectAnnounced(plan, played);
    await expectClean(estate);

    for (const provider of lab.world.providers.filter((one) => NAMES.includes(one.name))) {
      const url = `https://${provider.host}:${provider.port}${provider.path}`;
      const asked = await estate.vasatrust('check-registration', 'vc80', '--provider', url);
      expect(asked.code, asked.stdout).toBe(0);
      await at(lab, 'vc80', async (hands) => {
        const task = await hands.tasks.register({ name: provider.name, url, ...provider.credentials });
        expect((await hands.finish(task, (ms) => clock.advance(ms))).state).toBe('success');
      });
    }
    for (const vcenter of ['vc65', 'vc67', 'vc80']) expect(await statuses(estate, vcenter)).toEqual(ONLINE);
    await expectClean(estate);
  });

  test('one controller: everybody is out for as long as was announced and accepted', async () => {
    const estate = await openEstate('single-controller', { rootsAtProvider: 'add' }, singleController);
    const plan = await prepare(estate, ['outage-for-all:array1-CT0']);
    expect(plan.outages.map(({ vcenter, windows }) => [vcenter, windows.map(({ why }) => why)])).toEqual([
      ['vca', ['already-out']],
      ['vcb', ['last-path']],
    ]);
    const played = await playPlan({ ...estate, plan, clock });
    expect(played).toMatchObject({ overdue: [], procedures: 0 });
    expectAnnounced(plan, played);
    await expectClean(estate);
  });

  test('the other controller too early: the outage that nobody announced is seen', async () => {
    const estate = await openEstate('too-early', { rootsAtProvider: 'add' });
    const plan = await prepare(estate);
    const index = (id: string) => plan.steps.findIndex((step) => step.id === id);
    const begin = index('confirm-online.vc65.array1-CT0') + 1;
    const end = index('confirm-online.vc67.array1-CT0') + 1;
    const early = plan.steps.filter(({ id }) => id === 'install-certificate.array1-CT1');
    const steps = [...plan.steps.slice(0, begin), ...early, ...plan.steps.slice(begin, end)];
    const played = await playPlan({ ...estate, plan: { ...plan, steps }, clock });
    expect([...played.outages.keys()].sort()).toEqual(['vc65', 'vc67']);
    expect(() => expectAnnounced(plan, played)).toThrow();
  });

  for (const { name, switches, retains, stopsAt } of [
    {
      name: 'signs anew all the same',
      switches: { rootsAtProvider: 'add' },
      retains: false,
      stopsAt: /^confirm-retained\.vc65\.array1-CT0: Verification error.*\nissuer=.*O = vc65\.lab\.example/,
    },
    {
      name: 'replaces the CAs it accepts clients from',
      switches: { rootsAtProvider: 'replace' },
      stopsAt: /^confirm-online\.vc67\.array1-CT0: vc65 went offline/,
    },
    {
      name: 'never says that it keeps its certificate',
      switches: { rootsAtProvider: 'add', retainFlag: 'absent' },
      stopsAt: /^confirm-retained\.vc65\.array1-CT0: not retained/,
    },
  ] as const) {
    test(`a provider that ${name} is caught before the other controller is touched`, async () => {
      const estate = await openEstate(name, switches);
      const plan = await prepare(estate);
      const other = estate.lab.world.providers.find((one) => one.name === 'array1-CT1')?.served;
      await expect(playPlan({ ...estate, plan, clock, retains })).rejects.toThrow(stopsAt);
      expect(estate.lab.world.providers.find((one) => one.name === 'array1-CT1')?.served).toBe(other);
      // The vCenter that held the provider still has its other path.
      expect((await statuses(estate, 'vc67'))['array1-CT1']).toBe('online');
    });
  }

  test('a push that takes the SMS certificate from a host is noticed at the first host', async () => {
    const estate = await openEstate('host push', { rootsAtProvider: 'add', hostPush: 'drops-sms' });
    const plan = await prepare(estate);
    const first = plan.steps.find(({ kind }) => kind === 'push-host-roots');
    await expect(playPlan({ ...estate, plan, clock })).rejects.toThrow(`${first?.id}: the IO-filter provider went offline`);
    expect(estate.lab.record.filter(({ what }) => what.startsWith('trust anchors of'))).toHaveLength(1);
  });
});

/** Nobody was out but whom the plan named, and as long as it said: at an operator's pace, and no longer than that in the lab's own time. */
function expectAnnounced(plan: Plan, played: Played): void {
  const announced = plan.outages.filter(({ windows }) => windows.length > 0);
  expect([...played.outages.keys()].sort()).toEqual(announced.map(({ vcenter }) => vcenter));
  for (const { vcenter, most } of announced) {
    const seen = played.outages.get(vcenter) ?? { paced: 0, lab: 0 };
    expect(seen.paced).toBeGreaterThanOrEqual(0.5 * most);
    expect(seen.paced).toBeLessThanOrEqual(most);
    expect(seen.lab).toBeGreaterThan(0);
    expect(seen.lab).toBeLessThanOrEqual(most);
  }
}

async function expectClean(estate: Estate): Promise<void> {
  const audit = await estate.vasatrust('audit');
  expect(audit.code, audit.stdout).toBe(0);
}
