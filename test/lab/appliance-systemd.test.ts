import { describe, expect, test } from 'vitest';
import { rebootAppliance } from '../../src/lab/appliance-reboot.js';
import { failOver, rotateLog, touchConfig } from '../../src/lab/others.js';
import { processesOf } from '../../src/lab/processes.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { beginStart, beginStop, settle } from '../../src/lab/sps-model.js';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

const REAL = { spsStopMs: 20_000, spsStartMs: 60_000, pollMs: 10_000, taskMs: 4_000, retrySecondMs: 1_000, bootMs: 40_000 };

async function open(init: 'systemd' | 'other' = 'systemd') {
  const clock = new VirtualClock();
  const world: LabWorld = await buildScenario('clash', { clock, timing: REAL });
  const [vcenter] = world.vcenters as [LabVcenter];
  vcenter.appliance.init = init;
  const way = openMemoryWay(world, vcenter.id);
  const connect = async () => {
    const opened = await clock.run(way.open());
    if (!opened.ok) throw new Error(opened.error.summary);
    return opened.value;
  };
  let link = await connect();
  const sh = async (script: string, stdin = '') => {
    const said = await clock.run(link.shell.run(['/bin/sh', '-c', script], { stdin, timeoutMs: 600_000 }));
    if (!said.ok) throw new Error(said.error.summary);
    return said.value;
  };
  const again = async () => {
    link = await connect();
  };
  return { clock, world, vcenter, way, sh, again };
}

const unit = (more: string, service = 'Type=oneshot\nExecStart=/bin/sh /root/at-boot') =>
  `[Unit]\n${more}\n[Service]\n${service}\n[Install]\nWantedBy=multi-user.target\n`;

describe('transient units', () => {
  test('a service runs detached from the connection, and is gone when it has ended well', async () => {
    const { clock, sh } = await open();
    expect(await sh(`systemd-run --unit=t1 /bin/sh -c 'sleep 30; echo done > /root/t1'`)).toMatchObject({
      code: 0,
      stderr: 'Running as unit: t1.service\n',
    });
    expect((await sh('systemctl is-active t1.service')).stdout).toBe('active\n');
    expect((await sh('systemd-run --unit=t1 /bin/true || echo again')).stdout).toBe('again\n');
    await clock.advance(31_000);
    expect(await sh('cat /root/t1; systemctl is-active t1')).toMatchObject({ code: 3, stdout: 'done\ninactive\n' });
    expect((await sh('systemd-run --unit=t1 -q /bin/true; ls /run/systemd/transient')).stdout).toBe('');
  });

  test('a service that failed keeps its name until reset-failed', async () => {
    const { sh } = await open();
    expect(
      (
        await sh(
          'systemd-run -q --unit=t2 /bin/sh -c "exit 3"; sleep 1; systemctl is-failed t2; systemctl show -p Result -p ExecMainStatus t2',
        )
      ).stdout,
    ).toBe('failed\nResult=exit-code\nExecMainStatus=3\n');
    expect((await sh('systemd-run --unit=t2 /bin/true')).code).toBe(1);
    expect(await sh('systemctl reset-failed t2.service && systemd-run -q --unit=t2 /bin/true')).toEqual({
      code: 0,
      stdout: '',
      stderr: '',
    });
  });

  test('what a service leaves running ends with it, setsid or not', async () => {
    const { clock, sh } = await open();
    await sh(`systemd-run -q --unit=t3 /bin/sh -c 'setsid nohup sleep 900 >/dev/null 2>&1 & sleep 5'`);
    expect((await sh('pgrep -x sleep')).code).toBe(0);
    await clock.advance(6_000);
    expect((await sh('pgrep -x sleep')).code).toBe(1);
    // Of a login nobody ends anything.
    await sh('setsid nohup sleep 900 >/dev/null 2>&1 &');
    await clock.advance(6_000);
    expect((await sh('pgrep -x sleep')).code).toBe(0);
  });

  test('a timer fires first after on-active, then after on-unit-active, each time late by its accuracy', async () => {
    const { clock, sh } = await open();
    const said = await sh(
      `systemd-run --unit=t4 --on-active=30s --on-unit-active=30s --timer-property=AccuracySec=1s /bin/sh -c 'read -r u i < /proc/uptime; echo $u >> /root/t4'`,
    );
    expect(said.stderr).toBe('Running timer as unit: t4.timer\nWill run service as unit: t4.service\n');
    const begun = Number((await sh('cut -d" " -f1 /proc/uptime')).stdout);
    expect((await sh('systemctl list-timers --no-legend t4.timer')).stdout).toMatch(/ 30s left .* t4\.timer t4\.service\n$/);
    await clock.advance(100_000);
    const times = (await sh('cat /root/t4')).stdout.trim().split('\n').map(Number);
    expect(times.map((one) => Math.round(one - begun))).toEqual([31, 62, 93]);
    await sh('systemctl stop t4.timer');
    await clock.advance(100_000);
    expect(
      (await sh('wc -l < /root/t4; systemctl is-active t4.timer; systemctl list-units --all --no-legend "t4*"')).stdout,
    ).toBe('3\ninactive\n');
  });

  test('without AccuracySec a timer is a minute late', async () => {
    const { clock, sh } = await open();
    await sh('systemd-run -q --on-active=30s --unit=t5 /bin/touch /root/t5');
    await clock.advance(89_000);
    expect((await sh('test -e /root/t5')).code).toBe(1);
    await clock.advance(2_000);
    expect((await sh('test -e /root/t5')).code).toBe(0);
  });

  test('a timer does not start what still runs, and starts it again afterwards', async () => {
    const { clock, sh } = await open();
    await sh(
      `systemd-run -q --unit=t6 --on-active=10s --on-unit-active=10s --timer-property=AccuracySec=0 /bin/sh -c 'echo x >> /root/t6; sleep 25'`,
    );
    await clock.advance(11_000);
    expect((await sh('wc -l < /root/t6')).stdout).toBe('1\n');
    await clock.advance(20_000);
    expect((await sh('wc -l < /root/t6')).stdout).toBe('1\n');
    await clock.advance(6_000);
    expect((await sh('wc -l < /root/t6')).stdout).toBe('2\n');
  });

  test('options that an old systemd does not have are refused', async () => {
    const { vcenter, sh } = await open();
    expect(vcenter.version).toBe('6.5.0');
    expect(await sh('systemd-run --collect --unit=t7 /bin/true')).toMatchObject({ code: 1 });
    expect((await sh('systemd-run --version; systemd-run --unit=t8 /nosuch')).code).toBe(1);
  });
});

describe('unit files and reboots', () => {
  test('an enabled unit ordered before vmon has ended when SPS begins to start', async () => {
    const { clock, world, vcenter, sh, again } = await open();
    await sh(`cat > /etc/systemd/system/b1.service`, unit('Before=vmware-vmon.service'));
    await sh(
      `sed 's/99999/4/' ${SMS_CONFIG} > /root/during; cp -p ${SMS_CONFIG} /root/before; cat /root/during > ${SMS_CONFIG}; sync`,
    );
    await sh(
      'cat > /root/at-boot',
      `sleep 5; /usr/lib/vmware-vmon/vmon-cli -s sps > /root/seen; cp /root/before ${SMS_CONFIG}\n`,
    );
    expect((await sh('systemctl is-enabled b1; systemctl enable b1.service; systemctl is-enabled b1')).stdout).toBe(
      'disabled\nenabled\n',
    );
    await sh(
      'ip route add unreachable 10.9.9.9/32; systemd-run -q --unit=gone --on-active=1h /bin/true; sleep 900 >/dev/null 2>&1 &',
    );
    const [boot, pid] = [vcenter.appliance.bootId, vcenter.appliance.sps.pid];
    await clock.run(rebootAppliance(world, vcenter));
    expect(vcenter.appliance.bootId).not.toBe(boot);
    expect(vcenter.appliance.sps).toMatchObject({ state: 'STARTING', retryAttempt: 99_999 });
    expect(vcenter.appliance.sps.pid).not.toBe(pid);
    await again();
    expect((await sh('cat /root/seen')).stdout).toContain('RunState: STOPPED');
    expect((await sh('ip route show exact 10.9.9.9/32; systemctl is-active gone.timer; pgrep -x sleep; ls /run')).stdout).toBe(
      'inactive\nlock\n',
    );
    const up = Number((await sh('cut -d" " -f1 /proc/uptime')).stdout);
    expect(up).toBeGreaterThanOrEqual(45);
    expect(up).toBeLessThan(60);
    await clock.advance(80_000);
    settle(world, vcenter);
    expect(vcenter.appliance.sps).toMatchObject({ state: 'STARTED', health: 'HEALTHY' });
  });

  test('without the order, or not enabled, SPS reads the file as it is', async () => {
    for (const [more, enable] of [
      ['After=local-fs.target', true],
      ['Before=vmware-vmon.service', false],
    ] as const) {
      const { clock, world, vcenter, sh } = await open();
      await sh('cat > /etc/systemd/system/b2.service', unit(more));
      await sh('cat > /root/at-boot', `sleep 5; cp /root/before ${SMS_CONFIG}\n`);
      await sh(`cp ${SMS_CONFIG} /root/before; sed -i 's/99999/4/' ${SMS_CONFIG}${enable ? '; systemctl enable -q b2' : ''}`);
      await clock.run(rebootAppliance(world, vcenter));
      expect(vcenter.appliance.sps.retryAttempt).toBe(4);
    }
  });

  test('disabled and removed, nothing of a unit is left', async () => {
    const { sh } = await open();
    await sh('cat > /etc/systemd/system/b3.service; systemctl enable -q b3', unit('Description=x'));
    expect(
      (
        await sh(
          'ls /etc/systemd/system/multi-user.target.wants; systemctl disable -q b3.service; rm /etc/systemd/system/b3.service; systemctl daemon-reload; systemctl is-enabled b3; ls /etc/systemd/system',
        )
      ).stdout,
    ).toBe('b3.service\n');
    expect((await sh('systemctl disable b3.service')).code).toBe(1);
  });

  test('ConditionPathExists, TimeoutStartSec and a setting nobody knows', async () => {
    const { clock, sh } = await open();
    await sh(
      'cat > /etc/systemd/system/c1.service',
      unit('ConditionPathExists=/root/yes', 'Type=oneshot\nTimeoutStartSec=10\nExecStart=/bin/sh -c "touch /root/ran; sleep 60"'),
    );
    expect((await sh('systemctl start c1; test -e /root/ran')).code).toBe(1);
    const before = clock.uptimeMs();
    expect((await sh('touch /root/yes; systemctl start c1; echo $?; systemctl is-failed c1')).stdout).toBe('1\nfailed\n');
    expect(clock.uptimeMs() - before).toBe(10_000);
    await sh('cat > /etc/systemd/system/c2.service', unit('', 'Type=oneshot\nExecStart=/bin/true\nExecStrat=/bin/false'));
    expect((await sh('systemctl start c2')).code).toBe(1);
  });

  test('a power cut loses what was not synced', async () => {
    const { clock, world, vcenter, sh, again } = await open();
    await sh('echo kept > /root/a; sync; echo lost > /root/b; mv /root/b /root/c');
    await clock.run(rebootAppliance(world, vcenter, { how: 'power-cut' }));
    await again();
    expect((await sh('cat /root/a /root/c; ls /root')).stdout).toBe('kept\na\nc\n');
  });

  test('while it is off nothing answers', async () => {
    const { clock, world, vcenter, way } = await open();
    const booting = rebootAppliance(world, vcenter, { offMs: 10_000 });
    await clock.advance(5_000);
    const opened = await clock.run(way.open());
    expect(opened.ok ? '' : opened.error.code).toBe('unreachable');
    await clock.run(booting);
    expect((await clock.run(way.open())).ok).toBe(true);
  });

  test('rebooted while SPS is starting, it starts once more', async () => {
    const { clock, world, vcenter } = await open();
    beginStop(world, vcenter);
    await clock.advance(REAL.spsStopMs);
    beginStart(world, vcenter);
    await clock.advance(REAL.spsStartMs / 2);
    await clock.run(rebootAppliance(world, vcenter));
    expect(vcenter.appliance.sps.state).toBe('STARTING');
    await clock.advance(REAL.spsStartMs * 1.3);
    settle(world, vcenter);
    expect(vcenter.appliance.sps).toMatchObject({ state: 'STARTED', health: 'HEALTHY' });
  });
});

describe('an appliance without systemd', () => {
  test('cron runs its lines every minute and after a boot, which SPS does not wait for', async () => {
    const { clock, world, vcenter, sh, again } = await open('other');
    expect((await sh('command -v systemctl systemd-run; test -d /run/systemd/system')).code).toBe(1);
    await sh(
      'cat > /etc/cron.d/job',
      '@reboot root /usr/lib/vmware-vmon/vmon-cli -s sps > /root/seen\n* * * * * root echo x >> /root/minutes\n',
    );
    await sh('cat > /etc/cron.d/a.job', '* * * * * root echo dotted >> /root/minutes\n');
    await sh('printf "%s" "* * * * * root echo unended >> /root/minutes" > /etc/cron.d/noend');
    await clock.advance(180_000);
    expect((await sh('sort /root/minutes | uniq')).stdout).toBe('x\n');
    expect(Number((await sh('wc -l < /root/minutes')).stdout)).toBeGreaterThanOrEqual(2);
    await clock.run(rebootAppliance(world, vcenter));
    await again();
    expect((await sh('cat /root/seen')).stdout).toContain('RunState: START_PENDING');
  });
});

describe('other people, and the world', () => {
  test('a fail-over: another key and machine, no routes, nothing of root', async () => {
    const { clock, world, vcenter, way, sh } = await open();
    await sh('mkdir -p /root/x; echo 1 > /root/x/y; ip route add unreachable 10.9.9.9/32');
    const [id, text] = [vcenter.appliance.machineId, vcenter.appliance.files.get(SMS_CONFIG)?.content.toString() ?? ''];
    await clock.run(failOver(world, vcenter, { config: text.replace('99999', '7') }));
    expect(vcenter.appliance.machineId).not.toBe(id);
    expect(vcenter.appliance).toMatchObject({ routes: [], sps: { retryAttempt: 7 } });
    expect([...vcenter.appliance.files.keys()].filter((path) => path.startsWith('/root/'))).toEqual([]);
    const opened = await clock.run(way.open());
    expect(opened.ok ? '' : opened.error.code).toBe('host-key-mismatch');
  });

  test('a rotated log is another file, and the old one keeps its number', async () => {
    const { world, vcenter, sh } = await open();
    vcenter.appliance.sps.log.push('one');
    const log = '/var/log/vmware/vmware-sps/sps.log';
    const before = (await sh(`stat -c %i ${log}; cat ${log}`)).stdout;
    rotateLog(world, vcenter);
    vcenter.appliance.sps.log.push('two');
    const after = (await sh(`stat -c %i ${log}; cat ${log}; cat ${log}.1`)).stdout;
    expect(before).toMatch(/^\d+\none\n$/);
    expect(after).toMatch(/^\d+\ntwo\none\n$/);
    expect(after.split('\n')[0]).not.toBe(before.split('\n')[0]);
  });

  test('somebody else edits the file', async () => {
    const { world, vcenter, sh } = await open();
    touchConfig(world, vcenter, (text) => text.replace('99999', '88888'));
    expect((await sh(`grep -c 88888 ${SMS_CONFIG}; stat -c %a ${SMS_CONFIG}`)).stdout).toBe('1\n640\n');
  });

  test('a full disk: names can be changed, contents cannot', async () => {
    const { clock, world, vcenter, sh } = await open();
    await sh('mkdir -p /root/d; echo old > /root/d/f; echo copy > /root/d/copy');
    world.faults.push({ kind: 'disk-full', where: vcenter.id, path: '/root/', fromMs: clock.now().getTime() + 1_000 });
    expect((await sh('echo new > /root/d/g && cat /root/d/g')).stdout).toBe('new\n');
    await clock.advance(1_000);
    const said = await sh(
      'cd /root/d; echo x >> f; echo $?; cp f h; echo $?; sed -i s/old/new/ f; echo $?; cat f; mv f e; cat e; mkdir x; echo $?; rm e; echo $?; echo x > /tmp/y; echo $?; echo y > g; echo $?; wc -c < g; printf x | tee t >/dev/null; echo $?',
    );
    expect(said.stdout).toBe('1\n1\n4\nold\nold\n1\n0\n0\n1\n0\n1\n');
    expect(said.stderr).toContain('No space left on device');
  });

  test('the process list shows every argument', async () => {
    const { sh } = await open();
    const said = await sh('sleep 5 & ps -ef; kill $!');
    expect(said.stdout).toMatch(/ sleep 5\n/);
    expect(said.stdout).toMatch(/vmware-sps\.launcher/);
  });

  test('whoever writes into a connection that is gone dies of it, whoever is silent goes on', async () => {
    const { clock, world, vcenter, way } = await open();
    const { cutConnections } = await import('../../src/lab/connections.js');
    const opened = await clock.run(way.open());
    if (!opened.ok) throw new Error('no way');
    const loud = opened.value.shell.run(['/bin/sh', '-c', 'sleep 10; echo loud; touch /root/loud']);
    const silent = opened.value.shell.run(['/bin/sh', '-c', 'sleep 10; touch /root/silent']);
    await clock.advance(1_000);
    cutConnections(world, vcenter);
    expect((await clock.run(loud)).ok || (await clock.run(silent)).ok).toBe(false);
    await clock.advance(20_000);
    expect([...vcenter.appliance.files.keys()].filter((path) => path.startsWith('/root/'))).toEqual(['/root/silent']);
    expect(processesOf(vcenter).list()).toEqual([]);
  });

  test('a command ends when nobody has its output open any more', async () => {
    const { clock, sh } = await open();
    const before = clock.uptimeMs();
    expect((await sh('{ sleep 7; echo late; } & echo early')).stdout).toBe('early\nlate\n');
    expect(clock.uptimeMs() - before).toBe(7_000);
    await sh('{ sleep 7; echo late; } > /dev/null 2>&1 &');
    expect(clock.uptimeMs() - before).toBe(7_000);
  });

  test('SPS that hangs while it stops', async () => {
    const { clock, world, vcenter, sh } = await open();
    world.faults.push({ kind: 'sps-stop', where: vcenter.id, how: 'hangs' });
    expect(
      (await sh('timeout 300 service-control --stop vmware-sps >/dev/null; echo $?; vmon-cli -s sps | grep ^RunState')).stdout,
    ).toBe('124\nRunState: STOP_PENDING\n');
    world.faults.length = 0;
    await clock.advance(1_000);
    expect((await sh('vmon-cli -s sps | grep ^RunState')).stdout).toBe('RunState: STOPPED\n');
  });
});
