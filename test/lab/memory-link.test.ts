import { describe, expect, test } from 'vitest';
import { cutConnections } from '../../src/lab/connections.js';
import { beginStart, beginStop } from '../../src/lab/sps-model.js';
import { buildScenario, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { auditLab } from '../support/audit-lab.js';
import { type MemoryWayOptions, openMemoryWay } from '../support/memory-link.js';
import { VirtualClock } from '../support/virtual-clock.js';

const REAL = { spsStopMs: 20_000, spsStartMs: 60_000, pollMs: 10_000, taskMs: 4_000, retrySecondMs: 1_000 };

async function open(options: MemoryWayOptions = {}) {
  const clock = new VirtualClock();
  const world: LabWorld = await buildScenario('clash', { clock, timing: REAL });
  const [vcenter] = world.vcenters as [LabVcenter];
  const way = openMemoryWay(world, vcenter.id, options);
  const opened = await clock.run(way.open());
  if (!opened.ok) throw new Error(opened.error.summary);
  return { clock, world, vcenter, way, link: opened.value };
}

describe('a way to the lab without sockets', () => {
  test('runs programs with their input, and tells output and exit code apart', async () => {
    const { clock, link } = await open();
    const said = await clock.run(link.shell.run(['sh', '-c', 'cat; echo "$1" >&2; exit 7', 'sh', "a 'b' $c"], { stdin: 'in' }));
    expect(said).toEqual({ ok: true, value: { code: 7, stdout: 'in', stderr: "a 'b' $c\n" } });
  });

  test('lists registrations as the wire does', async () => {
    const lab = await startLab('clash');
    try {
      const { bundle } = await auditLab(lab);
      for (const { id, registrations } of bundle.vcenters) {
        const link = await openMemoryWay(lab.world, id).open();
        if (!link.ok || registrations.state !== 'seen') throw new Error('nothing to compare');
        const listed = await link.value.sms.registrations();
        const timeless = (rows: readonly object[]) => rows.map((row) => ({ ...row, lastSyncTime: undefined }));
        expect(listed.ok && timeless(listed.value)).toEqual(timeless(registrations.value));
      }
    } finally {
      await lab.close();
    }
  });

  test('waits of the appliance pass on the clock of the test', async () => {
    const { clock, link } = await open();
    const before = clock.uptimeMs();
    const said = await clock.run(link.shell.run(['service-control', '--stop', 'vmware-sps'], { timeoutMs: 60_000 }));
    expect(said.ok && said.value.stdout).toContain('Successfully stopped');
    expect(clock.uptimeMs() - before).toBe(REAL.spsStopMs);
    expect(clock.moves).toBeLessThan(10);
  });

  test('a command that takes too long is a timeout, and goes on', async () => {
    const { clock, link, vcenter } = await open();
    const said = await clock.run(link.shell.run(['service-control', '--stop', 'vmware-sps'], { timeoutMs: 5_000 }));
    expect(said.ok ? '' : said.error.code).toBe('timeout');
    await clock.advance(30_000);
    expect(vcenter.appliance.sps.state).toBe('STOPPED');
  });

  test('SMS of a stopped SPS is 503, of a young one not initialized', async () => {
    const { clock, link, world, vcenter } = await open();
    beginStop(world, vcenter);
    await clock.advance(REAL.spsStopMs);
    const down = await clock.run(link.sms.registrations());
    expect(down.ok ? '' : `${down.error.code} ${down.error.summary}`).toMatch(/^fault .*503/);
    beginStart(world, vcenter);
    await clock.advance(REAL.spsStartMs);
    const young = await clock.run(link.sms.unregister('x'));
    expect(young.ok ? '' : `${young.error.code} ${young.error.summary}`).toMatch(/^fault .*ServiceNotInitialized/);
    await clock.advance(REAL.spsStartMs);
    expect((await clock.run(link.sms.registrations())).ok).toBe(true);
  });

  test('unregistering is a task', async () => {
    const { clock, link } = await open();
    const task = await clock.run(link.sms.unregister('no such uid'));
    if (!task.ok) throw new Error(task.error.summary);
    expect(task.value.type).toBe('SmsTask');
    await clock.advance(REAL.taskMs);
    const info = await clock.run(link.sms.task(task.value));
    expect(info.ok && info.value).toMatchObject({ state: 'error', error: { type: 'NotFound' } });
  });

  test('a cut connection fails what is under way and what comes after; another one can be opened', async () => {
    const { clock, link, world, vcenter, way } = await open();
    const running = link.shell.run(['sleep', '100'], { timeoutMs: 200_000 });
    await clock.advance(10_000);
    cutConnections(world, vcenter);
    const cut = await clock.run(running);
    expect(cut.ok ? '' : cut.error.code).toBe('unreachable');
    const after = await clock.run(link.shell.run(['true']));
    expect(after.ok ? '' : after.error.code).toBe('unreachable');
    const again = await clock.run(way.open());
    expect(again.ok && (await clock.run(again.value.shell.run(['true'])))).toEqual({
      ok: true,
      value: { code: 0, stdout: '', stderr: '' },
    });
  });

  test('a network that is gone answers nothing until the deadline', async () => {
    const network = { up: true };
    const { clock, link, way } = await open({ network });
    network.up = false;
    const said = await clock.run(link.shell.run(['true']));
    expect(said.ok ? '' : said.error.code).toBe('timeout');
    expect(clock.uptimeMs()).toBe(30_000);
    const asked = await clock.run(link.sms.registrations());
    expect(asked.ok ? '' : asked.error.code).toBe('timeout');
    const opened = await clock.run(way.open());
    expect(opened.ok ? '' : opened.error.code).toBe('timeout');
  });

  test('another host key is refused', async () => {
    const { clock, way, vcenter } = await open();
    vcenter.appliance.hostKeyNumber += 1;
    const opened = await clock.run(way.open());
    expect(opened.ok ? '' : opened.error.code).toBe('host-key-mismatch');
  });

  test('sshd ends old connections', async () => {
    const { clock, world, way, vcenter } = await open();
    world.faults.push({ kind: 'session-cut', where: vcenter.id, afterMs: 900_000 });
    const opened = await clock.run(way.open());
    if (!opened.ok) throw new Error(opened.error.summary);
    await clock.advance(899_000);
    expect((await clock.run(opened.value.shell.run(['true']))).ok).toBe(true);
    await clock.advance(2_000);
    expect((await clock.run(opened.value.shell.run(['true']))).ok).toBe(false);
  });
});
