import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openContext } from '../../src/collect/collect-context.js';
import type { SshConfig, VcenterConfig } from '../../src/config/config.js';
import { openWay } from '../../src/execute/open-way.js';
import type { Link, Way } from '../../src/execute/ports.js';
import { startAppliance } from '../../src/lab/appliance-server.js';
import { type LabOptions, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { Result } from '../../src/model/problem.js';
import { collectDeps, configOf } from '../support/audit-lab.js';

const open: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const byPassword: NonNullable<LabOptions['prepare']> = ({ vcenters }) => {
  for (const { appliance } of vcenters) appliance.methods.splice(0, Infinity, 'password');
};

async function start(options: LabOptions = {}): Promise<RunningLab> {
  const lab = await startLab('clash', options);
  open.push(() => lab.close());
  return lab;
}

async function vc65(lab: RunningLab): Promise<VcenterConfig> {
  const found = (await configOf(lab)).vcenters.find(({ id }) => id === 'vc65');
  if (found === undefined) throw new Error('the lab has no vc65');
  return found;
}

async function wayTo(lab: RunningLab, ssh?: Partial<SshConfig>, hostKey?: string): Promise<Way> {
  const vcenter = await vc65(lab);
  if (vcenter.ssh === undefined) throw new Error('no ssh');
  return openWay({ ...vcenter, ssh: { ...vcenter.ssh, ...ssh } }, openContext(collectDeps(lab)), hostKey);
}

async function opened(way: Way): Promise<Link> {
  const link = value(await way.open());
  open.push(() => link.close());
  return link;
}

function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.summary}`);
  return result.value;
}

const logins = ({ record }: RunningLab, kind: 'vim' | 'ssh-login') =>
  record.filter(
    (one) => one.where === 'vc65' && (kind === 'vim' ? one.kind === 'vim' && one.what === 'Login' : one.kind === kind),
  );

test('a way has root’s shell at once, and logs in to the vCenter when SMS is first asked', async () => {
  const lab = await start();
  const link = await opened(await wayTo(lab));
  expect(value(await link.shell.run(['/bin/date']))).toMatchObject({ code: 0 });
  expect(logins(lab, 'vim')).toEqual([]);
  expect(value(await link.sms.registrations()).map(({ name }) => name)).toEqual(expect.arrayContaining(['array1-CT0']));
  expect(value(await link.sms.registrations()).length).toBeGreaterThan(2);
  expect(logins(lab, 'vim')).toHaveLength(1);
  await link.close();
  expect(lab.record.filter(({ where, what }) => where === 'vc65' && what === 'Logout')).toHaveLength(1);
});

test('a vCenter that does not answer leaves the shell as it is', async () => {
  const lab = await start({ faults: [{ kind: 'garbage', where: 'vc65', at: 'vim' }] });
  const link = await opened(await wayTo(lab));
  expect((await link.sms.registrations()).ok).toBe(false);
  expect(value(await link.shell.run(['/bin/date']))).toMatchObject({ code: 0 });
  lab.world.faults.splice(0);
  expect((await link.sms.registrations()).ok).toBe(true);
});

describe('a password that is refused is sent once in a run, whatever asks and over however many ways', () => {
  test('the one of SSO', async () => {
    const lab = await start({ faults: [{ kind: 'wrong-password', where: 'vc65' }] });
    const way = await wayTo(lab);
    const codes: string[] = [];
    for (let times = 0; times < 2; times += 1) {
      const link = await opened(way);
      const asked = [await link.sms.registrations(), await link.sms.unregister('x'), await link.sms.registrations()];
      codes.push(...asked.map((one) => (one.ok ? 'ok' : one.error.code)));
      await link.close();
    }
    expect(codes).toEqual(['login-refused', ...Array(5).fill('not-attempted')]);
    expect(logins(lab, 'vim')).toHaveLength(1);
  });

  test('the one of root', async () => {
    const lab = await start({ prepare: byPassword });
    for (const { appliance } of lab.world.vcenters) appliance.rootPassword = 'something else';
    const way = await wayTo(lab);
    const codes = [];
    for (let times = 0; times < 3; times += 1) {
      const tried = await way.open();
      codes.push(tried.ok ? 'ok' : tried.error.code);
    }
    expect(codes).toEqual(['login-refused', 'not-attempted', 'not-attempted']);
    expect(logins(lab, 'ssh-login').filter(({ what }) => what.startsWith('password'))).toHaveLength(1);
  });
});

describe.each(['fault', 'missing-set'] as const)('a session that expires (%s)', (form) => {
  for (const afterCalls of [1, 2, 4, 6, 9])
    test(`after ${afterCalls} calls is renewed, and a removal is sent once all the same`, async () => {
      const lab = await start({ faults: [{ kind: 'session-expires', where: 'vc65', afterCalls, form }] });
      const link = await opened(await wayTo(lab));
      const uid = value(await link.sms.registrations()).find(({ name }) => name === 'array1-CT0')?.uid ?? '';
      const task = value(await link.sms.unregister(uid));
      expect((await link.sms.task(task)).ok).toBe(true);
      expect((await link.sms.registrations()).ok).toBe(true);
      expect(lab.record.filter(({ what }) => what.startsWith('UnregisterProvider_Task'))).toHaveLength(1);
      expect(logins(lab, 'vim')).toHaveLength(2);
    });
});

describe('the host key', () => {
  /** Two appliances behind one address, as after a fail-over; both keys are in known_hosts. */
  async function failOver() {
    const lab = await start({ prepare: byPassword });
    const [vcenter] = lab.world.vcenters;
    if (vcenter === undefined) throw new Error('no vCenter');
    const [active, partner] = [await startAppliance(lab.world, vcenter), await startAppliance(lab.world, vcenter)];
    open.push(
      () => active.close(),
      () => partner.close(),
    );
    let to = active.port;
    const gate = createServer((socket) => {
      const onward = connect(to, '127.0.0.1');
      socket.pipe(onward).pipe(socket);
      for (const side of [socket, onward]) side.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
    open.push(() => new Promise((resolve) => gate.close(resolve)));
    const { port } = gate.address() as AddressInfo;
    const folder = mkdtempSync(join(tmpdir(), 'vasatrust-way-'));
    open.push(() => rmSync(folder, { recursive: true, force: true }));
    const known = join(folder, 'known_hosts');
    writeFileSync(known, [active, partner].map(({ hostPublicKey }) => `[127.0.0.1]:${port} ${hostPublicKey}\n`).join(''));
    const ssh: Partial<SshConfig> = { port, hostKey: { kind: 'known-hosts', files: [known] } };
    return { lab, active, partner, ssh, switchOver: () => (to = partner.port) };
  }

  test('of the partner is good for a run that begins there, and refused in the middle of one, before a password is sent', async () => {
    const { lab, active, partner, ssh, switchOver } = await failOver();
    const way = await wayTo(lab, ssh);
    const link = await opened(way);
    expect(link.shell.hostKeySha256).toBe(active.hostKeySha256);
    await link.close();
    switchOver();
    const sent = logins(lab, 'ssh-login').length;
    expect(await way.open()).toMatchObject({ ok: false, error: { code: 'host-key-mismatch' } });
    expect(logins(lab, 'ssh-login')).toHaveLength(sent);
    expect((await opened(await wayTo(lab, ssh))).shell.hostKeySha256).toBe(partner.hostKeySha256);
  });

  test('that an earlier session saw is the one a later session wants', async () => {
    const { lab, active, partner, ssh, switchOver } = await failOver();
    switchOver();
    expect(await (await wayTo(lab, ssh, active.hostKeySha256)).open()).toMatchObject({
      ok: false,
      error: { code: 'host-key-mismatch' },
    });
    expect(logins(lab, 'ssh-login')).toEqual([]);
    const pinned = { ...ssh, hostKey: { kind: 'pin', sha256: partner.hostKeySha256 } } as const;
    const way = await wayTo(lab, pinned, active.hostKeySha256);
    expect((await opened(way)).shell.hostKeySha256).toBe(partner.hostKeySha256);
  });
});

test('without ssh in estate.yaml there is no way, and the remedy says what to add', async () => {
  const lab = await start();
  const { ssh: _, ...vcenter } = await vc65(lab);
  expect(await openWay(vcenter, openContext(collectDeps(lab))).open()).toMatchObject({
    ok: false,
    error: { code: 'not-configured', remedy: expect.stringContaining('ssh') },
  });
});
