import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { GUARD_ROOT, type GuardFacts, guardFolder, TAKEN_OVER } from '../../src/execute/guard/guard-facts.js';
import type { GuardStatus } from '../../src/execute/guard/guard-status.js';
import { openGuard } from '../../src/execute/guard/self-revert.js';
import { rebootAppliance } from '../../src/lab/appliance-reboot.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { settle } from '../../src/lab/sps-model.js';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import type { Result } from '../../src/model/problem.js';
import type { RunId } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import type { CommandOutput } from '../../src/wire/vcenter-shell.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

const PACE = { spsStopMs: 20_000, spsStartMs: 60_000, pollMs: 10_000, taskMs: 4_000, retrySecondMs: 1_000 };
const RUN = '20261122T201500Z-vc65-1f3a' as RunId;
const ADDRESS = '10.1.2.3';

const sha = (text: string) => createHash('sha256').update(text).digest('hex');

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}

const factsFor = (text: string, pid: number, bootId: string): GuardFacts => ({
  run: RUN,
  label: 'vc65',
  configPath: SMS_CONFIG,
  working: SMS_CONFIG.replace('sms-config.xml', '.sms-config.xml.vasatrust'),
  backup: `${guardFolder(RUN)}/sms-config.xml.orig`,
  shaBefore: sha(text),
  shaDuring: sha(text.replace('>99999<', '>4<')),
  addresses: [{ address: ADDRESS, family: 4 }],
  routeTool: 'ip',
  cleanPids: [pid],
  bootId,
  owner: 'somebody@somewhere',
  session: 'one',
});

/** A run that was armed, changed the file, blocked the provider and restarted SPS; its tool says nothing more after that. */
async function blocked(shell: 'bash' | 'appliancesh', init: 'systemd' | 'other') {
  const clock = new VirtualClock();
  const world: LabWorld = await buildScenario('clash', { clock, timing: PACE });
  const [vcenter] = world.vcenters as [LabVcenter];
  vcenter.appliance.shell = shell;
  vcenter.appliance.init = init;
  const way = openMemoryWay(world, vcenter.id);
  const link = value(await clock.run(way.open()));
  const run = link.shell.run;
  const must = async (argv: readonly string[]): Promise<CommandOutput> => {
    const output = value(await clock.run(run(argv, { timeoutMs: 600_000 })));
    if (output.code !== 0) throw new Error(`${argv.join(' ')}: exit code ${output.code} ${output.stdout} ${output.stderr}`);
    return output;
  };
  const text = (await must(['/bin/cat', SMS_CONFIG])).stdout;
  const file = () => structuredClone(vcenter.appliance.files.get(SMS_CONFIG));
  const before = file();
  const bootId = (await must(['/bin/cat', '/proc/sys/kernel/random/boot_id'])).stdout.trim();
  const facts = factsFor(text, vcenter.appliance.sps.pid, bootId);
  const guard = openGuard(facts, DEFAULT_TIMING);
  const proof = value(await clock.run(guard.arm(run)));
  await must(guard.fenced(['/bin/cp', '-p', SMS_CONFIG, facts.working]));
  await must(guard.fenced(['/bin/sed', '-i', 's/>99999</>4</', facts.working]));
  await must(guard.fenced(['/bin/mv', '-f', facts.working, SMS_CONFIG]));
  await must(guard.fenced(['/sbin/ip', 'route', 'add', 'unreachable', `${ADDRESS}/32`]));
  await must(guard.detached('restart'));
  for (let round = 0; round < 6; round += 1) {
    await clock.advance(20_000);
    await must(guard.renew);
  }
  const { sps } = vcenter.appliance;
  settle(world, vcenter);
  expect([sps.state, sps.health, sps.retryAttempt]).toEqual(['STARTED', 'HEALTHY', 4]);
  expect(value(await clock.run(guard.jobState(run, 'restart')))).toMatchObject({ state: 'ended', code: 0 });
  const status = async (): Promise<GuardStatus> => {
    const again = value(await clock.run(way.open()));
    return value(await clock.run(guard.status(again.shell.run)));
  };
  return { clock, world, vcenter, way, run, must, guard, proof, before, file, sps, status };
}

type Run = Awaited<ReturnType<typeof blocked>>;

function isAsBefore({ world, vcenter, file, before, sps }: Run): void {
  settle(world, vcenter);
  expect({ ...file(), inode: undefined }).toEqual({ ...before, inode: undefined });
  expect(vcenter.appliance.routes).toEqual([]);
  expect([sps.state, sps.health, sps.retryAttempt]).toEqual(['STARTED', 'HEALTHY', 99_999]);
}

function nothingLeft({ vcenter }: Run): void {
  const ours = [...vcenter.appliance.files.keys()].filter((path) => path.includes('vasatrust'));
  expect(ours).toEqual([]);
  expect([...vcenter.appliance.files.keys()].filter((path) => path.startsWith(GUARD_ROOT))).toEqual([]);
}

describe.each([
  { shell: 'bash', init: 'systemd' },
  { shell: 'appliancesh', init: 'systemd' },
  { shell: 'bash', init: 'other' },
] as const)('the self-revert in the lab ($shell, init $init)', ({ shell, init }) => {
  test('is armed by what the appliance has', async () => {
    const { proof } = await blocked(shell, init);
    expect(proof.kind).toBe(init === 'systemd' ? 'systemd' : 'watcher');
  });

  test('is not taken for armed while nothing has looked by itself', async () => {
    const clock = new VirtualClock();
    const world: LabWorld = await buildScenario('clash', { clock, timing: PACE });
    const [vcenter] = world.vcenters as [LabVcenter];
    Object.assign(vcenter.appliance, { shell, init });
    const { run } = value(await clock.run(openMemoryWay(world, vcenter.id).open())).shell;
    // A timer that is there and never fires, a watcher that only sleeps.
    const idle = (script: string) =>
      script.replace(/--on-active="\$\w+"/, '--on-active=9999s').replace('        main check\n', '');
    const withIdle: typeof run = (argv, options) => {
      const { stdin } = options ?? {};
      if (stdin === undefined) return run(argv, options);
      const known = argv.indexOf(sha(stdin));
      return run(argv.with(known, sha(idle(stdin))), { ...options, stdin: idle(stdin) });
    };
    const text = value(await clock.run(run(['/bin/cat', SMS_CONFIG]))).stdout;
    const bootId = value(await clock.run(run(['/bin/cat', '/proc/sys/kernel/random/boot_id']))).stdout.trim();
    const facts = factsFor(text, vcenter.appliance.sps.pid, bootId);
    const guard = openGuard(facts, DEFAULT_TIMING);
    expect(await clock.run(guard.arm(withIdle))).toMatchObject({
      ok: false,
      error: { code: 'command-failed', summary: expect.stringContaining('has not looked') },
    });
    expect(value(await clock.run(guard.isArmed(run)))).not.toBe('armed');
    value(await clock.run(guard.disarm(run)));
    const armed = value(await clock.run(guard.arm(run)));
    expect(armed.proof).toContain('by itself');
  });

  test('takes everything back within lease and one look, and restarts SPS once', async () => {
    const at = await blocked(shell, init);
    const pid = at.sps.pid;
    await at.clock.advance(149_000);
    expect({ ...at.file(), inode: undefined }).toEqual({ ...at.before, inode: undefined });
    expect(at.vcenter.appliance.routes).toEqual([]);
    await at.clock.advance(200_000);
    isAsBefore(at);
    expect(at.sps.pid).not.toBe(pid);
    const status = await at.status();
    expect(status).toMatchObject({ state: 'disarmed', ended: 'taken-back' });
    expect(status.lines.map(({ what }) => what)).toEqual([
      'armed',
      'lease-lost',
      'route-back',
      'file-back',
      'restart',
      'waiting',
      'waiting',
      'taken-back',
    ]);
    expect(value(await at.clock.run(at.run(at.guard.fenced(['/bin/rm', SMS_CONFIG])))).code).toBe(TAKEN_OVER);
    value(await at.clock.run(at.guard.disarm(at.run)));
    nothingLeft(at);
  });

  test('with the mark that all is removed, SPS is left running and the restart pending', async () => {
    const at = await blocked(shell, init);
    const pid = at.sps.pid;
    await at.must(at.guard.markRemoved);
    await at.clock.advance(300_000);
    expect(await at.status()).toMatchObject({ state: 'disarmed', ended: 'restart-pending', removed: true });
    expect(at.sps.pid).toBe(pid);
    expect({ ...at.file(), inode: undefined }).toEqual({ ...at.before, inode: undefined });
    expect(at.vcenter.appliance.routes).toEqual([]);
  });

  test('after a reboot the file is back before SPS reads it', async () => {
    const at = await blocked(shell, init);
    await at.clock.run(rebootAppliance(at.world, at.vcenter));
    await at.clock.advance(400_000);
    isAsBefore(at);
    const status = await at.status();
    expect(status).toMatchObject({ state: 'disarmed', ended: 'taken-back', rebooted: true });
    if (init === 'systemd') expect(status.lines.map(({ what }) => what)).not.toContain('restart');
    const again = value(await at.clock.run(at.way.open()));
    value(await at.clock.run(at.guard.disarm(again.shell.run)));
    nothingLeft(at);
  });
});
