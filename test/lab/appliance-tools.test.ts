import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { findTask, settle, startUnregister, statusOf } from '../../src/lab/sps-model.js';
import type { LabVcenter } from '../../src/lab/world.js';
import { runOnAppliance } from '../support/lab-shell.js';
import { type Estate, estate, shown, TIMING } from '../support/sps-estate.js';

const VECS = '/usr/lib/vmware-vmafd/bin/vecs-cli';

/** Commands on the appliance that lost its provider. */
const on = (at: Estate, script: string, stdin?: string) => runOnAppliance(at.world, at.loser, script, stdin);

/** Runs a command that waits for the service, and lets the clock run meanwhile. */
async function waiting(at: Estate, script: string) {
  let over = false;
  const said = on(at, script).finally(() => {
    over = true;
  });
  while (!over) {
    at.advance(5_000);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return said;
}

const pemOf = (der = ''): string => new X509Certificate(Buffer.from(der, 'base64')).toString();

describe('routes', () => {
  const address = '10.9.9.5';
  for (const [name, add, remove, line] of [
    ['ip', `ip route add unreachable ${address}/32`, `ip route del unreachable ${address}/32`, `unreachable ${address}`],
    ['route', `route add -host ${address} reject`, `route del -host ${address} reject`, `unreachable ${address} scope host`],
  ] as const) {
    test(`${name} adds a reject route once, shows it, and takes it back once`, async () => {
      const at = await estate();
      expect(await on(at, add)).toEqual({ code: 0, stdout: '', stderr: '' });
      expect(at.loser.appliance.routes).toEqual([line]);
      const again = await on(at, add);
      expect([again.code, again.stderr]).toEqual(
        name === 'ip' ? [2, 'RTNETLINK answers: File exists\n'] : [7, 'SIOCADDRT: File exists\n'],
      );
      expect((await on(at, `ip route show exact ${address}/32`)).stdout).toBe(`${line} \n`);
      expect((await on(at, 'ip route')).stdout).toContain(`\n${line} \n`);
      expect((await on(at, 'route -n')).stdout).toMatch(new RegExp(`^${address} +- +255.255.255.255 !H `, 'm'));
      expect(await on(at, `ip route get ${address}`)).toEqual({
        code: 2,
        stdout: '',
        stderr: 'RTNETLINK answers: No route to host\n',
      });
      expect((await on(at, remove)).code).toBe(0);
      expect(at.loser.appliance.routes).toEqual([]);
      const gone = await on(at, remove);
      expect([gone.code, gone.stderr]).toEqual(
        name === 'ip' ? [2, 'RTNETLINK answers: No such process\n'] : [7, 'SIOCDELRT: No such process\n'],
      );
      expect((await on(at, `ip route get ${address}`)).stdout).toMatch(new RegExp(`^${address} via \\S+ dev eth0 src `));
      expect((await on(at, `ip route show exact ${address}/32`)).stdout).toBe('');
    });
  }

  test('what `ip` made, `route del … reject` does not take back; the other way round it works', async () => {
    const at = await estate();
    await on(at, `ip route add unreachable ${address}/32`);
    expect((await on(at, `route del -host ${address} reject`)).stderr).toBe('SIOCDELRT: No such process\n');
    await on(at, `ip route del unreachable ${address}; route add -host ${address} reject`);
    expect((await on(at, `ip route del unreachable ${address}/32`)).code).toBe(0);
  });

  test('IPv6 has routes of its own', async () => {
    const at = await estate();
    await on(at, 'ip -6 route add unreachable fd00::5/128');
    expect((await on(at, 'ip -6 route show')).stdout).toBe('unreachable fd00::5 dev lo metric 1024 pref medium \n');
    expect((await on(at, 'ip route show')).stdout).not.toContain('fd00');
    expect((await on(at, 'ip -6 route get fd00:0:0::5')).code).toBe(2);
    expect((await on(at, 'ip -6 route del unreachable fd00::5/128')).code).toBe(0);
  });

  test('an appliance without iproute2 has net-tools alone', async () => {
    const at = await estate();
    at.loser.appliance.hasIp = false;
    expect((await on(at, 'ip route')).code).toBe(127);
    expect((await on(at, `route add -host ${address} reject`)).code).toBe(0);
  });
});

describe('names and TLS as seen from the appliance', () => {
  test('getent lists every address three times, and answers 2 for an unknown name', async () => {
    const at = await estate();
    const [provider] = at.array1;
    const [address = ''] = provider.addresses;
    expect((await on(at, `getent ahosts ${provider.host}`)).stdout).toBe(
      `${address.padEnd(15)} STREAM ${provider.host}\n${address.padEnd(15)} DGRAM  \n${address.padEnd(15)} RAW    \n`,
    );
    expect((await on(at, 'getent ahosts nobody.lab.example')).code).toBe(2);
  });

  test('s_client shows what the provider serves, says why it cannot, and follows the routes', async () => {
    const at = await estate();
    const [provider] = at.array1;
    const connect = `openssl s_client -connect ${provider.host}:${provider.port} -showcerts </dev/null`;
    const served = await on(at, connect);
    expect(served.code).toBe(0);
    expect(served.stdout).toContain(pemOf(provider.served.identity.certificate));
    provider.up = false;
    expect(await on(at, connect)).toMatchObject({ code: 1, stdout: '' });
    expect((await on(at, connect)).stderr).toContain('connect:errno=111\n');
    await on(at, `ip route add unreachable ${provider.addresses[0]}/32`);
    const refused = await on(at, connect);
    expect(refused.stderr).toContain('No route to host');
    expect(refused.stderr).toContain('connect:errno=113\n');
    expect((await on(at, 'openssl s_client -connect nobody.lab.example:443 </dev/null')).code).toBe(1);
  });
});

describe('certificate stores', () => {
  const entries = (vcenter: LabVcenter) => vcenter.vecs.get('SMS') ?? [];

  test('vecs-cli lists a store in its own format, and gives each certificate whole', async () => {
    const at = await estate();
    const all = entries(at.winner);
    const run = (script: string) => runOnAppliance(at.world, at.winner, script);
    expect((await run(`${VECS} store list`)).stdout.split('\n')).toEqual(
      expect.arrayContaining(['MACHINE_SSL_CERT', 'TRUSTED_ROOTS', 'SMS', 'vpxd-extension']),
    );
    expect((await run(`${VECS} entry list --store SMS`)).stdout).toBe(
      `Number of entries in store :\t${all.length}\n${all
        .map((one) => `Alias :\t${one.alias}\nEntry type :\tPrivate Key\nCertificate :\t${pemOf(one.certificates[0])}\n`)
        .join('')}`,
    );
    for (const { alias, certificates } of all) {
      expect((await run(`${VECS} entry getcert --store SMS --alias '${alias}'`)).stdout).toBe(pemOf(certificates[0]));
    }
    const roots = await run(`${VECS} entry list --store TRUSTED_ROOTS`);
    expect(roots.stdout.match(/^Entry type :\tTrusted Cert$/gm)).toHaveLength(at.winner.trustedRoots.length);
  });

  test('private keys are not handed out, and asking is recorded', async () => {
    const at = await estate();
    const said = await on(at, `${VECS} entry getkey --store SMS --alias sms_self_signed`);
    expect(said.code).not.toBe(0);
    expect(said.stdout).toBe('');
    expect(at.world.record.at(-1)?.what).toContain('getkey');
  });

  test('it is not on PATH, and fails for a store or an alias that is not there', async () => {
    const at = await estate();
    expect((await on(at, 'vecs-cli store list')).code).toBe(127);
    expect((await on(at, `${VECS} entry list --store NOPE`)).code).not.toBe(0);
    expect((await on(at, `${VECS} entry getcert --store SMS --alias nope`)).stderr).toContain('ERROR_OBJECT_NOT_FOUND');
  });

  test('the VMCA root is in its file and in what certool prints', async () => {
    const at = await estate();
    const pem = pemOf(at.loser.vmca.certificate);
    expect((await on(at, 'cat /var/lib/vmware/vmca/root.cer')).stdout).toBe(pem);
    expect((await on(at, '/usr/lib/vmware-vmca/bin/certool --getrootca')).stdout).toContain(pem);
    const fingerprint = new X509Certificate(pem).fingerprint256;
    const said = await on(at, '/usr/lib/vmware-vmca/bin/certool --getrootca | openssl x509 -noout -fingerprint -sha256');
    expect(said.stdout).toBe(`sha256 Fingerprint=${fingerprint}\n`);
  });
});

describe('the service', () => {
  test('is stopped and started by service-control, which waits and says so', async () => {
    const at = await estate();
    const stopped = await waiting(at, 'service-control --stop vmware-sps');
    expect(stopped).toEqual({
      code: 0,
      stdout:
        'Operation not cancellable. Please wait for it to finish...\nPerforming stop operation on service sps...\nSuccessfully stopped service sps\n',
      stderr: '',
    });
    expect((await on(at, 'service-control --status vmware-sps')).stdout).toBe('Stopped:\n vmware-sps\n');
    expect((await on(at, 'vmon-cli --status sps')).stdout).toMatch(/^RunState: STOPPED$/m);
    expect((await waiting(at, 'service-control --start vmware-sps')).stdout).toContain('Successfully started service sps\n');
    expect((await on(at, 'service-control --status')).stdout).toMatch(/^Running:\n.* vmware-sps /m);
    const status = (await on(at, '/usr/lib/vmware-vmon/vmon-cli --status sps')).stdout;
    expect(status).toMatch(
      /^Name: sps\nStarttype: AUTOMATIC\nRunState: STARTED\nRunAsUser: \S+\nCurrentRunStateDuration\(ms\): \d+\nHealthState: /,
    );
  });

  test('refuses while it starts, and prints the known JSON when the start fails', async () => {
    const at = await estate();
    await waiting(at, 'service-control --stop vmware-sps');
    at.world.faults.push({ kind: 'sps-start', where: at.loser.id, how: 'fails' });
    const failed = await waiting(at, 'service-control --start vmware-sps');
    expect(failed.stderr).toContain('Error executing start on service sps. Details {');
    expect(failed.stderr).toContain('"id": "install.ciscommon.service.failstart"');
    at.world.faults.splice(0, 1, { kind: 'sps-start', where: at.loser.id, how: 'hangs' });
    void on(at, 'service-control --start vmware-sps');
    settle(at.world);
    await expect.poll(() => at.loser.appliance.sps.state).toBe('STARTING');
    expect((await on(at, 'service-control --stop vmware-sps')).stderr).toBe('Operation not allowed in current service state\n');
    expect((await on(at, 'service-control --status --all')).stdout).toContain('StartPending:\n vmware-sps\n');
    at.world.faults.splice(0);
    at.advance(TIMING.spsStartMs);
  });
});

describe('files', () => {
  test('sms-config.xml holds the published part, and another retryAttempt that is none of ours', async () => {
    const at = await estate();
    const published = readFileSync(new URL('../fixtures/seed/sms-config-step-9.xml-fragment', import.meta.url), 'utf8');
    const lines = published
      .replaceAll('<--Here', '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const text = (await on(at, `cat ${SMS_CONFIG}`)).stdout;
    expect(
      text
        .split('\n')
        .map((line) => line.trim())
        .join('\n'),
    ).toContain(lines.join('\n'));
    expect(text.match(/<retryAttempt>/g)).toHaveLength(2);
    expect((await on(at, `xmllint --noout ${SMS_CONFIG}`)).code).toBe(0);
    const marked = await on(
      at,
      `sed 's/<retryAttempt>99999.*/& <--Here/' ${SMS_CONFIG} > /tmp/marked; xmllint --noout /tmp/marked`,
    );
    expect(marked.code).toBe(1);
  });

  test('are written, moved, compared and removed in the lab, with every change recorded', async () => {
    const at = await estate();
    const before = at.world.record.length;
    const said = await on(
      at,
      'mkdir -p -m 700 /root/.x/y && printf abc > /root/.x/y/f && chmod 600 /root/.x/y/f && stat -c "%a %s %U" /root/.x/y/f && mv -f /root/.x/y/f /root/.x/g && sha256sum /root/.x/g && ls /root/.x && rm -rf /root/.x && test ! -e /root/.x',
    );
    expect(said).toEqual({
      code: 0,
      stdout: `600 3 root\n${createHash('sha256').update('abc').digest('hex')}  /root/.x/g\ng\ny\n`,
      stderr: '',
    });
    const changes = at.world.record.slice(before).filter((one) => one.kind === 'change');
    expect(changes.map((one) => one.what)).toEqual(
      expect.arrayContaining([
        'make directory /root/.x/y/',
        'write /root/.x/y/f',
        'move /root/.x/y/f to /root/.x/g',
        'remove /root/.x/g',
      ]),
    );
  });

  test('reading changes nothing', async () => {
    const at = await estate();
    const before = at.world.record.length;
    await on(
      at,
      `cat ${SMS_CONFIG} /storage/log/vmware/vmware-sps/sps.log; tail -c 100 ${SMS_CONFIG}; ls -l /root; stat ${SMS_CONFIG}; date; ip route; df -h; chage -l root; systemctl list-timers --all`,
    );
    expect(at.world.record.slice(before).filter((one) => one.kind === 'change')).toEqual([]);
  });

  test("the clock is the appliance's", async () => {
    const at = await estate();
    at.loser.appliance.clockAheadMs = 90_000;
    expect((await on(at, "date -u '+%s %F'")).stdout).toBe(`${at.world.now().getTime() / 1000 + 90} 2026-11-22\n`);
  });

  test('the units of the world are listed', async () => {
    const at = await estate();
    at.loser.appliance.units.push('vasatrust-left.timer');
    expect((await on(at, 'systemctl list-timers --all --no-legend')).stdout).toContain(
      ' vasatrust-left.timer vasatrust-left.service\n',
    );
    expect((await on(at, "systemctl list-unit-files 'vasatrust*' --no-legend")).stdout).toBe('vasatrust-left.timer enabled\n');
  });
});

test('the published procedure, typed by hand on the appliance, removes what a plain unregister could not', async () => {
  const at = await estate();
  const [provider] = at.array1;
  const registration = at.lost(provider);
  const remove = () => {
    const task = startUnregister(at.world, at.loser, registration.uid);
    at.advance(TIMING.taskMs);
    expect(findTask(at.world, at.loser, task.key)?.state).toBe('success');
    return !at.loser.registrations.includes(registration);
  };
  expect(remove()).toBe(false);
  const edit = (to: number) =>
    on(
      at,
      `sed '/<qsConnection>/,/<\\/qsConnection>/s#\\(<retryAttempt>\\)[0-9]*\\(</retryAttempt>\\)#\\1${to}\\2#' ${SMS_CONFIG} > ${SMS_CONFIG}.new && mv -f ${SMS_CONFIG}.new ${SMS_CONFIG}`,
    );
  const original = at.loser.appliance.files.get(SMS_CONFIG)?.content.toString();
  await edit(4);
  await on(at, `route add -host ${provider.addresses[0]} reject`);
  await waiting(at, 'service-control --stop vmware-sps && service-control --start vmware-sps');
  expect(at.loser.appliance.sps.retryAttempt).toBe(4);
  at.advance(TIMING.spsStartMs + 4 * 30_000);
  expect(shown(at, registration)).toBe('offline');
  expect(remove()).toBe(true);
  await on(at, `route del -host ${provider.addresses[0]} reject`);
  await edit(99_999);
  await waiting(at, 'service-control --stop vmware-sps && service-control --start vmware-sps');
  at.advance(TIMING.spsStartMs);
  settle(at.world);
  expect(at.loser.appliance.files.get(SMS_CONFIG)?.content.toString()).toBe(original);
  expect(at.loser.appliance.routes).toEqual([]);
  expect(at.loser.registrations.map((one) => one.uid)).not.toContain(registration.uid);
  expect(statusOf(at.world, at.loser, at.lost(at.array2[0])).status).toBe('online');
});
