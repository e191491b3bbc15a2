import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLock, releaseLock } from '../../src/execute/guard/appliance-lock.js';
import {
  FENCE_BUSY,
  type GuardFacts,
  LEASE_UNWRITABLE,
  NOT_ARMED,
  OTHER_SESSION,
  TAKEN_OVER,
} from '../../src/execute/guard/guard-facts.js';
import { openGuard } from '../../src/execute/guard/self-revert.js';
import type { RunId } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { type GuardBox, openGuardBox } from '../support/guard-box.js';
import { missingRoot, missingSystemParts } from '../support/system.js';

const CONFIG = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';
const RUN = '20261122T201500Z-vc65-1f3a' as RunId;
const FOLDER = `/root/.vasatrust/${RUN}`;
const BOOT = '6c7f3b1e-0000-4000-8000-00000000000a';
const OTHER_BOOT = '6c7f3b1e-0000-4000-8000-00000000000b';
const BEFORE = '<sms>\r\n\t<retryAttempt>99999</retryAttempt>\r\n</sms>';
const DURING = BEFORE.replace('99999', '4');
const OTHER = BEFORE.replace('99999', '7');
const V4 = '10.9.0.5';
const V6 = 'fd00::5';
const OLD_PID = 500;

const sha = (text: string) => createHash('sha256').update(text).digest('hex');
const facts: GuardFacts = {
  run: RUN,
  label: 'vc65',
  configPath: CONFIG,
  working: '/usr/lib/vmware-vpx/sps/conf/.sms-config.xml.vasatrust',
  backup: `${FOLDER}/sms-config.xml.orig`,
  shaBefore: sha(BEFORE),
  shaDuring: sha(DURING),
  addresses: [
    { address: V4, family: 4 },
    { address: V6, family: 6 },
  ],
  routeTool: 'ip',
  cleanPids: [OLD_PID],
  bootId: BOOT,
  owner: "o'hara@ops $(reboot)",
  session: 'one',
};
const guard = openGuard(facts, DEFAULT_TIMING);
const check = ['/bin/sh', `${FOLDER}/guard.sh`, 'check'];

const missing = missingSystemParts('unshare', 'nsenter', 'flock', 'ip', 'dash', 'bash') || missingRoot();

describe.skipIf(missing).each(['dash', 'bash'] as const)('guard.sh, run by %s', (shell) => {
  let box: GuardBox;
  let uptime = 0;
  beforeAll(() => {
    box = openGuardBox({ shell });
  });
  afterAll(() => box.close());

  function setUptime(seconds: number): void {
    uptime = seconds;
    box.write('/proc/uptime', `${seconds.toFixed(2)} 1.00\n`);
  }

  /** Every file and folder where something of a run could be. */
  const everyFile = () =>
    must(['/usr/bin/find', '/etc', '/fake/units', '/root', '/run', '/usr/lib/vmware-vpx']).trim().split('\n').sort();

  async function armed(): Promise<void> {
    fresh();
    expect(await guard.arm(box.shell)).toMatchObject({ ok: true, value: { kind: 'systemd' } });
  }

  function fresh(): void {
    box.reset({ [CONFIG]: BEFORE, '/fake/state': 'STARTED\n', '/fake/pid': `${OLD_PID}\n`, '/fake/loaded': BEFORE });
    must(['/bin/touch', '-d', '2020-02-02T02:02:02Z', CONFIG]);
    must(['/bin/chmod', '640', CONFIG]);
    must(['/bin/mkdir', '-p', '/run/systemd/system', '/etc/systemd/system/multi-user.target.wants']);
    box.write('/proc/sys/kernel/random/boot_id', `${BOOT}\n`);
    setUptime(5000.07);
  }

  function must(argv: readonly string[]): string {
    const { code, stdout, stderr } = box.run(argv);
    if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code} ${stdout} ${stderr}`);
    return stdout;
  }

  /** As the engine does it: a changed copy beside, renamed through the fence. */
  function writeConfig(text: string): void {
    must(guard.fenced(['/bin/cp', '-p', CONFIG, facts.working]));
    box.write(facts.working, text);
    must(guard.fenced(['/bin/mv', '-f', facts.working, CONFIG]));
  }

  function block(): void {
    must(guard.fenced(['/sbin/ip', 'route', 'add', 'unreachable', `${V4}/32`]));
    must(guard.fenced(['/sbin/ip', '-6', 'route', 'add', 'unreachable', `${V6}/128`]));
  }

  /** SPS as a run has it after a restart with the changed value. */
  function restarted(): void {
    box.write('/fake/pid', `${OLD_PID + 1}\n`);
    box.write('/fake/loaded', DURING);
  }

  const routes = () =>
    `${must(['/sbin/ip', 'route', 'show'])}${must(['/sbin/ip', '-6', 'route', 'show', 'type', 'unreachable'])}`;

  function look(rounds = 1): void {
    for (let round = 0; round < rounds; round += 1) {
      setUptime(uptime + 30);
      must(check);
      box.settle();
    }
  }

  async function status() {
    const found = await guard.status(box.shell);
    if (!found.ok) throw new Error(found.error.summary);
    return found.value;
  }

  function spsAsked(): string[] {
    return (box.read('/fake/service-control') ?? '').trim().split('\n').filter(Boolean);
  }

  /** Nothing of the run but its record. */
  function nothingArmed(): void {
    expect(
      must(['/usr/bin/find', '/etc', '/fake/units', '/root', '/usr/lib/vmware-vpx', '-type', 'f'])
        .split('\n')
        .filter((path) => !path.startsWith(FOLDER) && path !== ''),
    ).toEqual([CONFIG]);
    expect(box.exists('/root/.vasatrust/lock')).toBe(false);
  }

  const original = () => [box.read(CONFIG), must(['/bin/stat', '-c', '%a %Y', CONFIG]).trim()];
  const AS_FOUND = [BEFORE, `640 ${Date.UTC(2020, 1, 2, 2, 2, 2) / 1000}`];

  test('a run that gives signs of life is left alone, and disarming leaves nothing', async () => {
    await armed();
    writeConfig(DURING);
    block();
    for (let round = 0; round < 10; round += 1) {
      look();
      must(guard.renew);
    }
    expect(box.read(CONFIG)).toBe(DURING);
    expect(await status()).toMatchObject({ state: 'armed', lookedMsAgo: 0, removed: false });
    expect(await guard.disarm(box.shell)).toMatchObject({
      ok: false,
      error: { code: 'command-failed', summary: /left: unreachable/ },
    });
    must(guard.fenced(['/sbin/ip', 'route', 'del', 'unreachable', `${V4}/32`]));
    must(guard.fenced(['/sbin/ip', '-6', 'route', 'del', 'unreachable', `${V6}/128`]));
    expect(await guard.disarm(box.shell)).toMatchObject({ ok: false, error: { summary: /sms-config.xml has sha256/ } });
    must(guard.restoreFile);
    expect(original()).toEqual(AS_FOUND);
    expect(await guard.disarm(box.shell)).toEqual({ ok: true, value: undefined });
    expect(await guard.disarm(box.shell)).toEqual({ ok: true, value: undefined });
    nothingArmed();
    expect(box.exists('/root/.vasatrust')).toBe(false);
    expect(await guard.isArmed(box.shell)).toEqual({ ok: true, value: 'absent' });
    expect(box.run(guard.fenced(['/bin/touch', '/tmp/done'])).code).not.toBe(0);
    expect(box.exists('/tmp/done')).toBe(false);
  });

  const sps = ['clean', 'dirty', 'STOPPED', 'START_PENDING', 'STOP_PENDING'] as const;
  // All of them once; the other shell gets those in which most is to be done.
  const cases = (shell === 'dash' ? (['none', 'ours', 'static'] as const) : (['ours'] as const)).flatMap((route) =>
    (['before', 'during', 'other'] as const).flatMap((file) =>
      sps.flatMap((state) => [false, true].map((removed) => ({ route, file, state, removed }))),
    ),
  );
  test.each(cases)(
    'lease lost with route $route, file $file, SPS $state, removed $removed',
    async ({ route, file, state, removed }) => {
      await armed();
      // Whatever it was that the run did to SPS.
      must(guard.fenced(['/bin/sync']));
      if (file !== 'before') writeConfig(file === 'during' ? DURING : OTHER);
      if (route === 'ours') block();
      if (route === 'static') must(['/sbin/ip', 'route', 'add', `${V4}/32`, 'dev', 'lo']);
      if (state === 'dirty') restarted();
      else if (state !== 'clean') box.write('/fake/state', `${state}\n`);
      if (removed) must(guard.markRemoved);
      setUptime(uptime + 121);
      look();

      // At once, whatever SPS does.
      expect(routes()).toBe(route === 'static' ? `${V4} dev lo scope link \n` : '');
      if (file === 'other') expect(box.read(CONFIG)).toBe(OTHER);
      else expect(original()).toEqual(AS_FOUND);
      look(5);

      const pending = state.endsWith('PENDING');
      const restarts =
        state === 'STOPPED'
          ? ['--start vmware-sps']
          : state === 'dirty' && !removed
            ? ['--stop vmware-sps', '--start vmware-sps']
            : [];
      expect(spsAsked()).toEqual(restarts);
      expect(box.read('/fake/state')).toBe(pending ? `${state}\n` : 'STARTED\n');
      const ended =
        file === 'other' ? 'hands-off' : pending ? 'waiting' : state === 'dirty' && removed ? 'restart-pending' : 'taken-back';
      expect(await status()).toMatchObject({
        ended,
        state: ended === 'hands-off' || ended === 'waiting' ? 'taken-over' : 'disarmed',
      });
      if (ended === 'taken-back' || ended === 'restart-pending') nothingArmed();
      else expect(box.exists(`/fake/units/vasatrust-${RUN}.timer`)).toBe(true);
      for (const argv of [
        guard.renew,
        guard.markRemoved,
        guard.fenced(['/bin/touch', '/tmp/done']),
        guard.detached('stop'),
        guard.restoreFile,
      ])
        expect(box.run(argv).code).toBe(TAKEN_OVER);
      expect(box.exists('/tmp/done')).toBe(false);
      expect(spsAsked()).toEqual(restarts);
    },
  );

  test('what waited ends when the reason is gone', async () => {
    await armed();
    writeConfig(OTHER);
    restarted();
    box.write('/fake/state', 'START_PENDING\n');
    setUptime(uptime + 121);
    look(3);
    expect(await status()).toMatchObject({ ended: 'hands-off', waitsFor: 'SPS, which is starting' });
    writeConfigByHand(BEFORE);
    look(2);
    expect(await status()).toMatchObject({ ended: 'waiting' });
    box.write('/fake/state', 'STARTED\n');
    look(4);
    expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
    expect(await status()).toMatchObject({ ended: 'taken-back', state: 'disarmed' });
    nothingArmed();
  });

  test('with hands off a file of somebody else it says in the end that it waits for the file', async () => {
    await armed();
    writeConfig(OTHER);
    restarted();
    box.write('/fake/state', 'START_PENDING\n');
    setUptime(uptime + 121);
    look(2);
    box.write('/fake/state', 'STARTED\n');
    look(4);
    expect(await status()).toMatchObject({ ended: 'hands-off', waitsFor: `${CONFIG}, which somebody else has changed` });
    const { length } = (await status()).lines;
    look(3);
    expect((await status()).lines).toHaveLength(length);
    writeConfigByHand(BEFORE);
    look(2);
    expect(await status()).toMatchObject({ ended: 'taken-back', state: 'disarmed' });
    nothingArmed();
  });

  const writeConfigByHand = (text: string) => box.write(CONFIG, text);

  test('SPS that does not start is tried once, its words are kept, and the watch goes on', async () => {
    await armed();
    writeConfig(DURING);
    box.write('/fake/state', 'STOPPED\n');
    box.write('/fake/start-fails', '');
    setUptime(uptime + 121);
    look(20);
    expect(spsAsked()).toEqual(['--start vmware-sps']);
    const { ended, startFailed, lines } = await status();
    expect({ ended, startFailed }).toEqual({ ended: 'waiting', startFailed: true });
    expect(lines).toContainEqual(
      expect.objectContaining({ what: 'start-said', detail: expect.stringMatching(/Error executing start/) }),
    );
    box.write('/fake/state', 'STARTED\n');
    look(2);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test.each([
    { name: 'SPS runs unhealthy', trouble: '/fake/unhealthy', says: 'SPS to turn healthy' },
    { name: 'vmon does not answer', trouble: '/fake/vmon-down', says: 'an answer of vmon-cli about SPS' },
  ])('$name: it waits, and ends when that is over', async ({ trouble, says }) => {
    await armed();
    writeConfig(DURING);
    block();
    box.write(trouble, '');
    setUptime(uptime + 121);
    look(5);
    expect(original()).toEqual(AS_FOUND);
    expect(await status()).toMatchObject({ ended: 'waiting', waitsFor: says });
    must(['/bin/rm', trouble]);
    look(2);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test('vmon-cli that hangs holds up neither routes and file nor the looks after it', async () => {
    const quick = openGuard(facts, { ...DEFAULT_TIMING, secondMs: 10 });
    fresh();
    expect(await quick.arm(box.shell)).toMatchObject({ ok: true });
    writeConfig(DURING);
    block();
    restarted();
    box.write('/fake/vmon-hangs', '');
    setUptime(uptime + 121);
    must(check);
    expect(original()).toEqual(AS_FOUND);
    expect(routes()).toBe('');
    expect(await status()).toMatchObject({ ended: 'waiting', waitsFor: 'an answer of vmon-cli about SPS' });
    must(['/bin/rm', '/fake/vmon-hangs']);
    look(3);
    expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test('where nothing can be written any more, the routes go back all the same, and SPS is started', async () => {
    await armed();
    writeConfig(DURING);
    block();
    box.write('/fake/state', 'STOPPED\n');
    box.makeReadOnly('/root');
    box.makeReadOnly('/usr/lib/vmware-vpx');
    expect(box.run(guard.renew).code).toBe(LEASE_UNWRITABLE);
    setUptime(uptime + 121);
    must(check);
    expect(routes()).toBe('');
    // As long as its job runs no other is begun.
    must(check);
    expect(box.settle()).toBe(1);
    look(3);
    // A restart cannot be remembered, and is not begun.
    expect(spsAsked()).toEqual(['--start vmware-sps']);
    expect(box.read('/fake/state')).toBe('STARTED\n');
  });

  test('in the middle of its own restart, SPS that is stopped is not started a second time', async () => {
    await armed();
    writeConfig(DURING);
    restarted();
    setUptime(uptime + 121);
    must(check);
    box.write('/fake/state', 'STOPPED\n');
    setUptime(uptime + 30);
    must(check);
    expect(await status()).toMatchObject({ ended: 'waiting', waitsFor: 'the end of again-restart-1' });
    expect(box.settle()).toBe(1);
    look(2);
    expect(spsAsked().filter((asked) => asked.startsWith('--start'))).toHaveLength(1);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test('a job is run once, and what was started with the original is left running', async () => {
    await armed();
    expect(await guard.jobState(box.shell, 'restart')).toMatchObject({ ok: true, value: { state: 'none' } });
    must(guard.detached('restart'));
    must(guard.detached('restart'));
    expect(await guard.jobState(box.shell, 'restart')).toMatchObject({ ok: true, value: { state: 'running' } });
    expect(box.settle()).toBe(1);
    expect(await guard.jobState(box.shell, 'restart')).toMatchObject({
      ok: true,
      value: { state: 'ended', code: 0, output: expect.stringContaining('Successfully started') },
    });
    writeConfig(DURING);
    setUptime(uptime + 121);
    look(3);
    expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test('disarming waits for a job to end, for a while', async () => {
    const quick = openGuard(facts, { ...DEFAULT_TIMING, secondMs: 33 });
    await armed();
    expect(await quick.arm(box.shell)).toMatchObject({ ok: true });
    must(quick.detached('stop'));
    expect(await quick.disarm(box.shell)).toMatchObject({ ok: false, error: { summary: /left: stop is under way/ } });
    box.settle();
    expect(await quick.disarm(box.shell)).toEqual({ ok: true, value: undefined });
    nothingArmed();
  });

  test('of two sessions of one run the one that took it on last is obeyed, and the other changes nothing any more', async () => {
    await armed();
    const other = openGuard({ ...facts, session: 'two' }, DEFAULT_TIMING);
    const makes = (name: string) => ['/bin/touch', `/tmp/${name}`];
    expect(box.run(other.fenced(makes('two'))).code).toBe(OTHER_SESSION);
    must(other.takeOn);
    must(other.fenced(makes('two')));
    for (const line of [guard.renew, guard.fenced(makes('one')), guard.detached('restart'), guard.markRemoved, guard.restoreFile])
      expect(box.run(line).code).toBe(OTHER_SESSION);
    expect(box.exists('/tmp/one')).toBe(false);
    expect(await guard.disarm(box.shell)).toMatchObject({ ok: false, error: { code: 'another-run' } });
    expect(await guard.disarm(box.shell, { leave: true })).toMatchObject({ ok: false, error: { code: 'another-run' } });
    expect(await status()).toMatchObject({ state: 'armed', removed: false });
    expect(spsAsked()).toEqual([]);
    // Taken back by the appliance there is nothing to take on, and arming again is what counts.
    setUptime(uptime + 121);
    expect(box.run(other.takeOn).code).toBe(TAKEN_OVER);
    look(2);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
    expect(await guard.arm(box.shell)).toMatchObject({ ok: true });
    expect(box.run(other.renew).code).toBe(OTHER_SESSION);
    expect(await guard.disarm(box.shell)).toEqual({ ok: true, value: undefined });
    nothingArmed();
  });

  test('a job that had not begun when the lease was lost does not begin', async () => {
    await armed();
    must(guard.detached('stop'));
    setUptime(uptime + 151);
    must(check);
    expect(await status()).toMatchObject({ state: 'taken-over', waitsFor: 'the end of stop' });
    box.settle();
    look(2);
    expect(spsAsked()).toEqual([]);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test('a clock that jumps decides nothing; an uptime that cannot be read changes nothing', async () => {
    await armed();
    writeConfig(DURING);
    box.write('/proc/uptime', 'garbage\n');
    expect(box.run(check).code).toBe(0);
    expect(box.read(CONFIG)).toBe(DURING);
    expect(box.run(guard.renew).code).toBe(NOT_ARMED);
    setUptime(uptime);
    must(guard.renew);
  });

  test('a look made while the state is being asked for has an age, too', async () => {
    await armed();
    box.write('/fake/meanwhile', `echo '${(uptime + 0.05).toFixed(2)} 1.00' > /proc/uptime; ${check.join(' ')}`);
    expect(await status()).toMatchObject({ state: 'armed', lookedMsAgo: 0 });
    expect(box.exists('/fake/happened')).toBe(true);
  });

  test('the lease is lost after 120 s, not before', async () => {
    await armed();
    setUptime(5000.07 + 119.99);
    must(guard.renew);
    const at = uptime;
    setUptime(at + 119.99);
    must(check);
    expect(await status()).toMatchObject({ state: 'armed' });
    setUptime(at + 120);
    expect(box.run(guard.renew).code).toBe(TAKEN_OVER);
    must(check);
    expect((await status()).state).toBe('disarmed');
  });

  describe('after a reboot', () => {
    function reboot(): void {
      must(['/sbin/ip', 'route', 'flush', 'type', 'unreachable']);
      must(['/sbin/ip', '-6', 'route', 'flush', 'type', 'unreachable']);
      must(['/usr/bin/find', '/fake/units', '-type', 'f', '-delete']);
      box.write('/proc/sys/kernel/random/boot_id', `${OTHER_BOOT}\n`);
      box.write('/fake/state', 'STOPPED\n');
      setUptime(12.34);
    }
    const boot = () => must(['/bin/sh', `${FOLDER}/guard.sh`, 'boot']);
    function spsStartsByItself(): void {
      box.write('/fake/loaded', box.read(CONFIG) ?? '');
      box.write('/fake/pid', `${OLD_PID}\n`);
      box.write('/fake/state', 'STARTED\n');
    }

    test.each([{ removed: false }, { removed: true }])(
      'the file is back before SPS starts (removed $removed)',
      async ({ removed }) => {
        await armed();
        writeConfig(DURING);
        block();
        restarted();
        if (removed) must(guard.markRemoved);
        reboot();
        boot();
        expect(original()).toEqual(AS_FOUND);
        look(3);
        expect(spsAsked()).toEqual([]);
        expect(await status()).toMatchObject({ state: 'taken-over', rebooted: true });
        spsStartsByItself();
        look(2);
        expect(spsAsked()).toEqual([]);
        expect(await status()).toMatchObject({ state: 'disarmed', ended: 'taken-back', rebooted: true, removed });
        nothingArmed();
      },
    );

    test('SPS that the boot does not start is started once', async () => {
      await armed();
      writeConfig(DURING);
      reboot();
      boot();
      look(40);
      expect(spsAsked()).toEqual(['--start vmware-sps']);
      expect(await status()).toMatchObject({ ended: 'taken-back' });
    });

    test('vmon-cli that hangs then is no hindrance: the file is back, and something looks', async () => {
      const quick = openGuard(facts, { ...DEFAULT_TIMING, secondMs: 10 });
      fresh();
      expect(await quick.arm(box.shell)).toMatchObject({ ok: true });
      writeConfig(DURING);
      reboot();
      box.write('/fake/vmon-hangs', '');
      boot();
      expect(original()).toEqual(AS_FOUND);
      expect(box.exists(`/fake/units/vasatrust-${RUN}.timer`)).toBe(true);
      must(['/bin/rm', '/fake/vmon-hangs']);
      spsStartsByItself();
      look(3);
      expect(await status()).toMatchObject({ ended: 'taken-back', rebooted: true });
    });

    test('a lease that lost its text in the reset hides no reboot', async () => {
      await armed();
      writeConfig(DURING);
      reboot();
      box.write(`${FOLDER}/lease`, '');
      boot();
      expect(original()).toEqual(AS_FOUND);
      spsStartsByItself();
      look(2);
      expect(spsAsked()).toEqual([]);
      expect(await status()).toMatchObject({ ended: 'taken-back', rebooted: true });
    });

    test('without the boot guard, a look finds out by itself', async () => {
      await armed();
      writeConfig(DURING);
      reboot();
      spsStartsByItself();
      // Nothing of it may be called armed in between: what is there waits for its first look of this boot.
      expect(await status()).toMatchObject({ state: 'taken-over' });
      look(4);
      expect(original()).toEqual(AS_FOUND);
      expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
      expect(await status()).toMatchObject({ ended: 'taken-back', rebooted: true });
    });

    test('the boot guard does nothing in the boot of the run', async () => {
      await armed();
      writeConfig(DURING);
      boot();
      expect(box.read(CONFIG)).toBe(DURING);
      must(guard.renew);
    });

    test('the run can be gone on with', async () => {
      await armed();
      writeConfig(DURING);
      reboot();
      boot();
      expect(await guard.arm(box.shell)).toMatchObject({ ok: false, error: { code: 'not-attempted' } });
      spsStartsByItself();
      look(2);
      expect(await guard.arm(box.shell)).toMatchObject({ ok: true });
      writeConfig(DURING);
      setUptime(uptime + 121);
      look(2);
      expect(original()).toEqual(AS_FOUND);
      // That process read the original, and arming noted it.
      expect(spsAsked()).toEqual([]);
      expect(await status()).toMatchObject({ ended: 'taken-back', rebooted: false });
    });
  });

  test('a full disk: the sign of life fails aloud, and all is taken back', async () => {
    await armed();
    writeConfig(DURING);
    block();
    restarted();
    box.run(['/bin/dd', 'if=/usr/lib/vmware-vmon/vmon-cli', 'of=/filler', 'bs=1']);
    fill();
    expect(box.run(guard.renew).code).toBe(LEASE_UNWRITABLE);
    expect(box.run(guard.fenced(['/bin/rm', CONFIG])).code).toBe(LEASE_UNWRITABLE);
    setUptime(uptime + 121);
    must(check);
    expect(original()).toEqual(AS_FOUND);
    expect(routes()).toBe('');
    must(['/bin/rm', '/filler']);
    look(10);
    expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
    nothingArmed();
  });

  function fill(): void {
    const { stderr } = box.run(['/bin/dd', 'if=/host/bin/bash', 'of=/filler', 'bs=4096', 'oflag=append', 'conv=notrunc']);
    const again = stderr.includes('No space left')
      ? ''
      : box.run(['/bin/dd', 'if=/host/bin/perl', 'of=/filler', 'bs=4096', 'oflag=append', 'conv=notrunc']).stderr;
    expect(`${stderr}${again}`).toContain('No space left');
  }

  test('a folder without room for the lease, only: the look still takes back with marks that were made when arming', async () => {
    await armed();
    writeConfig(DURING);
    must(['/bin/rm', '-f', `${FOLDER}/lease`]);
    look();
    expect(original()).toEqual(AS_FOUND);
    expect(await status()).toMatchObject({ ended: 'taken-back', rebooted: false });
  });

  test('without the copy beside the file, the backup serves', async () => {
    await armed();
    writeConfig(DURING);
    must(['/bin/rm', '-f', `${facts.working}-before`]);
    setUptime(uptime + 121);
    look();
    expect(original()).toEqual(AS_FOUND);
  });

  test('an edit that was cut off beside the file is cleared away', async () => {
    await armed();
    must(guard.fenced(['/bin/cp', '-p', CONFIG, facts.working]));
    setUptime(uptime + 121);
    look();
    nothingArmed();
  });

  test('arming again keeps what is known, and is refused where the file is not ours', async () => {
    await armed();
    writeConfig(DURING);
    restarted();
    expect(await guard.arm(box.shell)).toMatchObject({ ok: true });
    setUptime(uptime + 121);
    look(3);
    expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
    writeConfigByHand(OTHER);
    expect(await guard.arm(box.shell)).toMatchObject({ ok: false, error: { summary: /changed by somebody else/ } });
  });

  test('the lock says who holds it, and is given back by its run alone', async () => {
    await armed();
    const other = { ...facts, run: '20261122T203000Z-vc65-beef' as RunId, owner: 'b@x' };
    const guardOfOther = openGuard(other, DEFAULT_TIMING);
    const held = { run: RUN, owner: facts.owner, since: expect.stringMatching(/^\d{4}-.*Z$/) };
    const before = everyFile();
    expect(await guardOfOther.arm(box.shell)).toMatchObject({
      ok: false,
      error: { code: 'another-run', summary: expect.stringContaining(`${RUN}, by ${facts.owner}, since `) },
    });
    expect(everyFile()).toEqual(before);
    expect(await guard.arm(box.shell)).toMatchObject({ ok: true });
    expect(await releaseLock(box.shell, other.run)).toMatchObject({ ok: true });
    expect(await readLock(box.shell)).toEqual({ ok: true, value: held });
    expect(await releaseLock(box.shell, RUN)).toMatchObject({ ok: true });
    expect(await readLock(box.shell)).toEqual({ ok: true, value: undefined });
    expect(await guardOfOther.arm(box.shell)).toMatchObject({ ok: true });
    expect(await readLock(box.shell)).toMatchObject({ value: { run: other.run, owner: 'b@x' } });
  });

  test('arming goes on when the connection that sent it is closed, at whatever program', async () => {
    fresh();
    box.killAt(10_000);
    expect(await guard.arm(box.shell)).toMatchObject({ ok: true });
    const programs = box.programsStarted();
    box.killAt(0);
    expect(programs).toBeGreaterThan(20);
    for (let n = 1; n <= programs; n += 3) {
      fresh();
      box.killAt(n, 'before', 'HUP');
      await guard.arm(box.shell);
      box.killAt(0);
      expect(await guard.arm(box.shell), `program ${n}`).toMatchObject({ ok: true });
      expect(await readLock(box.shell)).toMatchObject({ value: { run: RUN } });
      setUptime(uptime + 10);
      expect(await guard.disarm(box.shell)).toEqual({ ok: true, value: undefined });
    }
  });

  test('a lock that was half taken goes with the end of its run', async () => {
    fresh();
    must(['/bin/mkdir', '-p', '/root/.vasatrust/lock']);
    box.write(`/root/.vasatrust/lock.${RUN}`, `run=${RUN}\nowner=a@b\n`);
    expect(await guard.disarm(box.shell)).toEqual({ ok: true, value: undefined });
    expect(box.exists('/root/.vasatrust')).toBe(false);
  });

  test('SPS is left to whoever stopped or restarted it before the run changed anything', async () => {
    for (const [state, pid] of [
      ['STOPPED', OLD_PID],
      ['STARTED', OLD_PID + 7],
    ] as const) {
      await armed();
      box.write('/fake/state', `${state}\n`);
      box.write('/fake/pid', `${pid}\n`);
      setUptime(uptime + 200);
      look(2);
      expect(spsAsked()).toEqual([]);
      expect(await status()).toMatchObject({ state: 'disarmed' });
    }
  });

  test.each([
    ['did not arrive whole', () => {}, (script: string) => script.slice(0, -100)],
    ['its timer does not start', () => box.write('/fake/systemd-run-fails', ''), (script: string) => script],
    ['the file is another than planned', () => box.write(CONFIG, OTHER), (script: string) => script],
    ['the copy cannot be made', () => box.hide('/bin/cp'), (script: string) => script],
  ])('arming that fails leaves nothing at all: %s', async (_name, prepare, sent) => {
    fresh();
    prepare();
    const before = everyFile();
    const shell: GuardBox['shell'] = (argv, options) =>
      box.shell(argv, options?.stdin === undefined ? options : { stdin: sent(options.stdin) });
    expect(await guard.arm(shell)).toMatchObject({ ok: false, error: { code: 'command-failed' } });
    expect(everyFile()).toEqual(before);
    expect(await readLock(box.shell)).toEqual({ ok: true, value: undefined });
  });

  const killed = [
    { name: 'E, lease lost', prepare: () => [writeConfig(DURING), block(), restarted()], restarts: 1 },
    { name: 'D, lease lost', prepare: () => [writeConfig(DURING), block(), box.write('/fake/state', 'STOPPED\n')], restarts: 0 },
  ];
  // A minute each: each shell gets one.
  for (const when of [shell === 'dash' ? 'after' : 'before'] as const) {
    test.each(killed)(`killed ${when} any program of a look, in state $name, it ends the same`, async ({ prepare }) => {
      for (let n = 1; ; n += 1) {
        await armed();
        prepare();
        setUptime(uptime + 151);
        box.killAt(n, when);
        const { code } = box.run(check);
        const reached = box.programsStarted() >= n;
        box.killAt(0);
        box.settle();
        look(12);
        const at = `${when} ${n}: ${JSON.stringify(await status())}`;
        expect([original(), routes(), box.read('/fake/state')], at).toEqual([AS_FOUND, '', 'STARTED\n']);
        expect(await status(), at).toMatchObject({ ended: 'taken-back', state: 'disarmed' });
        expect(box.read('/fake/loaded'), at).toBe(BEFORE);
        expect(spsAsked().filter((line) => line.startsWith('--start')).length, at).toBe(1);
        nothingArmed();
        if (!reached) {
          expect(code).toBe(0);
          expect(n).toBeGreaterThan(15);
          return;
        }
      }
    });
  }

  test('whoever holds the fence and hangs is passed by after two leases', async () => {
    const quick = openGuard(facts, { ...DEFAULT_TIMING, secondMs: 33 });
    await armed();
    expect(await quick.arm(box.shell)).toMatchObject({ ok: true });
    writeConfig(DURING);
    const hangs = quick.fenced(['/bin/sleep', '8']).join(' ');
    must(['/bin/sh', '-c', `${hangs} < /dev/null > /dev/null 2>&1 &`]);
    must(['/bin/sleep', '0.3']);
    expect(box.run(quick.renew).code).toBe(FENCE_BUSY);
    setUptime(uptime + 239);
    must(check);
    expect(box.read(CONFIG)).toBe(DURING);
    setUptime(uptime + 2);
    must(check);
    expect(original()).toEqual(AS_FOUND);
  });

  test('systemd-run that fails in the middle of taking back: SPS is started all the same', async () => {
    await armed();
    writeConfig(DURING);
    box.write('/fake/state', 'STOPPED\n');
    box.write('/fake/systemd-run-fails', '');
    setUptime(uptime + 121);
    look(2);
    expect(spsAsked()).toEqual(['--start vmware-sps']);
    expect(await status()).toMatchObject({ ended: 'taken-back' });
  });

  test('a file that the run leaves otherwise than it was found is right, too', async () => {
    const leftover = openGuard(
      { ...facts, shaBefore: sha(DURING), shaDuring: sha(DURING), shaAfter: sha(BEFORE) },
      DEFAULT_TIMING,
    );
    for (const found of [DURING, BEFORE]) {
      await armed();
      await guard.disarm(box.shell);
      writeConfigByHand(DURING);
      expect(await leftover.arm(box.shell)).toMatchObject({ ok: true });
      writeConfigByHand(found);
      setUptime(uptime + 121);
      look(2);
      expect(box.read(CONFIG)).toBe(found);
      expect(await leftover.status(box.shell)).toMatchObject({ ok: true, value: { ended: 'taken-back' } });
      nothingArmed();
    }
  });

  test('by hand: forget ends it and leaves everything as it is', async () => {
    await armed();
    writeConfig(OTHER);
    block();
    must(['/bin/sh', `${FOLDER}/guard.sh`, 'forget']);
    expect(box.read(CONFIG)).toBe(OTHER);
    expect(routes()).toContain('unreachable');
    nothingArmed();
    expect(box.run(['/bin/sh', `${FOLDER}/guard.sh`]).code).not.toBe(0);
  });

  test.skipIf(missingSystemParts('route'))('where there is no ip, route takes its place', async () => {
    await armed();
    await guard.disarm(box.shell);
    box.showProc();
    const bootId = box.read('/proc/sys/kernel/random/boot_id')?.trim() ?? '';
    const withRoute = openGuard({ ...facts, bootId, routeTool: 'route' }, DEFAULT_TIMING);
    expect(await withRoute.arm(box.shell)).toMatchObject({ ok: true });
    must(withRoute.fenced(['/sbin/route', 'add', '-host', V4, 'reject']));
    // net-tools cannot reject an IPv6 address at all: "reject" is taken for a device.
    expect(box.run(withRoute.fenced(['/sbin/route', '-A', 'inet6', 'add', `${V6}/128`, 'reject'])).code).not.toBe(0);
    expect(routes()).toMatch(/unreachable 10/);
    box.write(`${FOLDER}/lease`, `${bootId} 1\n`);
    must(check);
    expect(routes()).toBe('');
    expect(await withRoute.status(box.shell)).toMatchObject({ ok: true, value: { ended: 'taken-back' } });
  });

  describe('without systemd', () => {
    const timing = { ...DEFAULT_TIMING, secondMs: 33, leaseMs: 2_000, guardMs: 300, renewMs: 300 };
    const quick = openGuard(facts, timing);
    test.each([{ flock: true }, { flock: false }])('a watcher and cron take its place (flock $flock)', async ({ flock }) => {
      await armed();
      await guard.disarm(box.shell);
      must(['/bin/rmdir', '/run/systemd/system']);
      box.showProc();
      if (!flock) box.hide('/usr/bin/flock');
      expect(await quick.arm(box.shell)).toMatchObject({ ok: true, value: { kind: 'watcher' } });
      expect(box.read(`/etc/cron.d/vasatrust-${RUN}`)).toMatch(
        /^@reboot root .*guard.sh boot .*\n\* \* \* \* \* root .*guard.sh check /,
      );
      must(quick.fenced(['/bin/cp', '-p', CONFIG, facts.working]));
      box.write(facts.working, DURING);
      must(quick.fenced(['/bin/mv', '-f', facts.working, CONFIG]));
      restarted();
      for (let round = 0; round < 6; round += 1) {
        must(['/bin/sleep', '0.5']);
        must(quick.renew);
      }
      expect(box.read(CONFIG)).toBe(DURING);
      await until(() => box.exists(`${FOLDER}/done`));
      expect(original()).toEqual(AS_FOUND);
      expect(spsAsked()).toEqual(['--stop vmware-sps', '--start vmware-sps']);
      expect(await quick.status(box.shell)).toMatchObject({ ok: true, value: { ended: 'taken-back', state: 'disarmed' } });
      nothingArmed();
      await until(() => watchers().length === 0);
      expect(await quick.arm(box.shell)).toMatchObject({ ok: true });
      expect(watchers().length).toBe(1);
      expect(await quick.disarm(box.shell)).toMatchObject({ ok: true });
      await until(() => watchers().length === 0);
      expect(box.exists('/root/.vasatrust')).toBe(false);
    });

    test('without cron either, arming is refused', async () => {
      await armed();
      await guard.disarm(box.shell);
      must(['/bin/rmdir', '/run/systemd/system', '/etc/cron.d']);
      expect(await quick.arm(box.shell)).toMatchObject({ ok: false, error: { summary: /neither systemd nor/ } });
    });

    /** Of this test alone: the folder's name is in nobody else's command line. Shells that a watcher starts for a moment do not count. */
    const watchers = () => readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && watches(pid));

    function watches(pid: string): boolean {
      try {
        const session = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];
        return session === pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${FOLDER}/guard.sh\0watch\0`);
      } catch {
        return false;
      }
    }

    async function until(holds: () => boolean): Promise<void> {
      await expect.poll(holds, { timeout: 20_000, interval: 100 }).toBe(true);
    }
  });
});
