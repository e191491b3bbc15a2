import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CleanupAnswer } from '../../src/model/cleanup-plan.js';
import { SMS_CONFIG } from '../standin/appliance-files.js';
import { BOTH, gone, on, PATIENCE_MS } from '../standin/cleanup-test.js';
import { look } from '../standin/look.js';
import { openRunbook, ssh, vasatrust } from '../standin/operator.js';
import { missingStandin, openStandin, type Standin } from '../standin/standin.js';

const CT0_ADDRESS = '10.1.2.3';
const CT1_ADDRESS = '10.1.2.4';

/** Asks again until it is so. */
async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean, limitMs = 15_000): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const value = await ask();
    if (holds(value) || performance.now() > deadline) return value;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

const reaches = (address: string) => `timeout 2 bash -c 'exec 3<>/dev/tcp/${address}/8084'`;

describe.skipIf(missingStandin())('the stand-in is an appliance', () => {
  let at: Standin;
  beforeAll(async () => {
    at = await openStandin();
  });
  afterAll(() => at?.close());

  const healthy = () =>
    eventually(
      () => at.state(),
      ({ sps }) => sps.health === 'HEALTHY',
    );
  const statusOf = async (name: string) => (await at.state()).vcenters[0]?.registrations.find((one) => one.name === name)?.status;

  test('systemd is up, SPS was started by vmon, and SSH runs commands in bash', async () => {
    expect(
      (await at.inside('systemctl is-system-running; systemctl is-active vmware-vmon cron; readlink /proc/1/exe')).stdout,
    ).toBe('running\nactive\nactive\n/usr/lib/systemd/systemd\n');
    expect(await ssh(at, 'pwd; tty; exit 3')).toMatchObject({ code: 3, stdout: expect.stringMatching(/^\/root\nnot a tty\n/) });
    expect((await at.inside('/usr/lib/vmware-vmon/vmon-cli --status sps')).stdout).toMatch(
      /^Name: sps\nStarttype: AUTOMATIC\nRunState: STARTED\nRunAsUser: root\nCurrentRunStateDuration\(ms\): \d+\nHealthState: HEALTHY\nFailStop: N\/A\nMainProcessId: \d+\n$/,
    );
  });

  test('a route that refuses blocks one provider, for SPS too; taking it away lets SPS in again', async () => {
    expect((await at.inside(`${reaches(CT0_ADDRESS)} && ${reaches('10.1.3.3')}`)).code).toBe(0);
    expect(await at.inside('ip route add unreachable 10.1.3.3/32; ip route get 10.1.3.3')).toMatchObject({
      code: 2,
      stderr: 'RTNETLINK answers: No route to host\n',
    });
    expect((await at.inside(reaches('10.1.3.3'))).stderr).toContain('No route to host');
    expect((await at.inside(reaches('10.1.3.4'))).code).toBe(0);
    await eventually(
      async () => at.spsLog(),
      (log) => log.includes('NoRouteToHostException'),
    );
    expect(
      await eventually(
        () => statusOf('array2-CT0'),
        (status) => status === 'offline',
      ),
    ).toBe('offline');
    expect(await statusOf('array2-CT1')).toBe('online');
    expect(await at.inside('ip route del unreachable 10.1.3.3/32; ip route show exact 10.1.3.3/32')).toMatchObject({
      stdout: '',
    });
    expect(
      await eventually(
        () => statusOf('array2-CT0'),
        (status) => status === 'online',
      ),
    ).toBe('online');
  });

  test('SPS stops and starts as service-control says, with a new process that read the file', async () => {
    const { sps: before } = await at.state();
    expect(await at.inside('service-control --stop vmware-sps')).toMatchObject({
      code: 0,
      stdout:
        'Operation not cancellable. Please wait for it to finish...\nPerforming stop operation on service sps...\nSuccessfully stopped service sps\n',
    });
    expect(await at.state()).toMatchObject({ sps: { state: 'STOPPED' } });
    expect((await at.inside('service-control --status vmware-sps')).stdout).toBe('Stopped:\n vmware-sps\n');
    await at.inside(`cp -p ${SMS_CONFIG} /tmp/kept; sed -i s/99999/7/ ${SMS_CONFIG}`);
    const starting = at.inside('service-control --start vmware-sps');
    await eventually(
      () => at.state(),
      ({ sps }) => sps.state === 'STARTING',
    );
    expect(await at.inside('service-control --stop vmware-sps')).toMatchObject({
      code: 1,
      stderr: 'Operation not allowed in current service state\n',
    });
    expect(await starting).toMatchObject({ code: 0, stdout: expect.stringContaining('Successfully started service sps') });
    const { sps } = await healthy();
    expect(sps).toMatchObject({ state: 'STARTED', health: 'HEALTHY', retryAttempt: 7 });
    expect(sps.pid).not.toBe(before.pid);
    await at.inside(`mv /tmp/kept ${SMS_CONFIG}`);
    expect((await at.state()).sps.retryAttempt).toBe(7);
    await at.inside('service-control --restart vmware-sps');
    expect((await healthy()).sps.retryAttempt).toBe(99_999);
  });

  test('with a file that is not well-formed SPS does not start', async () => {
    await at.inside(
      `cp -p ${SMS_CONFIG} /tmp/kept; sed -i 's/<retryInterval>/<--Here/' ${SMS_CONFIG}; service-control --stop vmware-sps`,
    );
    const failed = await at.inside('service-control --start vmware-sps');
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('install.ciscommon.service.failstart') });
    expect(await at.state()).toMatchObject({ sps: { state: 'STOPPED' } });
    await at.inside(`mv /tmp/kept ${SMS_CONFIG}; service-control --start vmware-sps`);
    await healthy();
  });

  test('what was asked of service-control goes on when the connection is gone', async () => {
    await at.inside('service-control --stop vmware-sps');
    await at.inside('(service-control --start vmware-sps & sleep 0.2; kill -9 $!) >/dev/null 2>&1');
    expect((await healthy()).sps.state).toBe('STARTED');
  });

  test('a timer of systemd-run fires and takes a route back', async () => {
    const armed = await at.inside(
      `ip route add unreachable ${CT1_ADDRESS}/32; systemd-run --quiet --on-active=1 --timer-property=AccuracySec=100ms --unit=standin-trial ip route del unreachable ${CT1_ADDRESS}/32; systemctl list-timers --no-legend`,
    );
    expect(armed.stdout).toContain('standin-trial.timer');
    const gone = await eventually(
      () => at.inside(`ip route show exact ${CT1_ADDRESS}/32`),
      ({ stdout }) => stdout === '',
    );
    expect(gone.stdout).toBe('');
  });

  test.each(['reset', 'reboot'] as const)(
    '%s: routes and transient timers are gone, files are there, a boot unit ran before SPS started',
    async (how) => {
      const unit =
        '[Unit]\\nBefore=vmware-vmon.service\\n[Service]\\nType=oneshot\\nExecStart=/bin/sh -c "cp /srv/standin/sps /root/sps-at-boot || echo none >/root/sps-at-boot"\\n[Install]\\nWantedBy=vmware-vmon.service\\n';
      await at.inside(
        `ip route add unreachable ${CT1_ADDRESS}/32; echo kept >/root/kept; systemd-run --quiet --on-active=600 --unit=standin-trial true;
       printf '${unit}' >/etc/systemd/system/standin-trial-boot.service; systemctl enable --quiet standin-trial-boot.service; sync`,
      );
      const boot = 'cat /proc/sys/kernel/random/boot_id';
      const before = await at.inside(boot);
      await at[how]();
      expect((await at.inside(boot)).stdout).not.toBe(before.stdout);
      const after = await at.inside(
        `ip route show exact ${CT1_ADDRESS}/32; systemctl list-timers --all --no-legend | grep trial; cat /root/kept /root/sps-at-boot`,
      );
      expect(after.stdout).toBe('kept\nnone\n');
      await at.inside(
        'systemctl disable --quiet standin-trial-boot.service; rm /etc/systemd/system/standin-trial-boot.service /root/sps-at-boot /root/kept; systemctl daemon-reload',
      );
      await healthy();
    },
  );

  test('the product audits it over SSH and changes nothing', async () => {
    const before = await look(at);
    const ran = await vasatrust(at, 'audit', '-o', 'json').ended;
    expect(ran).toMatchObject({ code: 1, stderr: expect.not.stringContaining('gap') });
    const audit = JSON.parse(ran.stdout) as { findings: { code: string; vcenter?: string }[]; gaps?: unknown[] };
    expect(audit.findings.filter(({ code }) => code === 'trust-lost').length).toBeGreaterThan(0);
    expect(await look(at)).toEqual(before);
  });
});

describe.skipIf(missingStandin()).concurrent('the runbook by hand', { timeout: 4 * PATIENCE_MS }, () => {
  for (const shell of ['bash', 'appliancesh'] as const)
    test(
      `with ${shell}: the plain removal fails as published, the procedure succeeds, and all else is as before`,
      on({ shell }, async (at) => {
        const before = await look(at, BOTH);
        const hands = openRunbook(at, 'vc65');
        const answer = JSON.parse(await hands.next()) as CleanupAnswer;
        if (answer.kind !== 'plan') throw new Error(JSON.stringify(answer));
        for (const { id, kind } of answer.plan.steps) {
          const failed = JSON.parse(await hands.ask(`play ${id}`)) as string[];
          expect(failed).toHaveLength(kind === 'try-plain' ? 1 : 0);
        }
        await hands.end();
        expect(at.spsLog()).toMatch(
          /Created a task[^\n]*\n[^\n]*unregisterProvider\(\)[\s\S]*Error while removing an entry for the provider in the providerCache - java\.lang\.NullPointerException[\s\S]*flushEventQueue[\s\S]*Marked SmsTask-\d+ as complete/,
        );
        expect(await gone(at)).toEqual(BOTH);
        expect(await look(at)).toEqual(before);
      }),
    );

  test(
    'appliancesh knows no command but its own, and ends with exit code 0',
    on({ shell: 'appliancesh' }, async (at) => {
      expect(await ssh(at, 'pwd')).toMatchObject({ code: 0, stdout: "Unknown command: `pwd'\n" });
      expect(await ssh(at, 'shell')).toMatchObject({ code: 0, stdout: 'Shell access is granted to root\n' });
    }),
  );
});
