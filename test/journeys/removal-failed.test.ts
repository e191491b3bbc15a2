import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose } from '../../src/diagnose/diagnose.js';
import { readLogText } from '../../src/diagnose/read-text.js';
import { evidenceLines } from '../../src/findings/explain/evidence.js';
import { headline } from '../../src/findings/explain/headline.js';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import { SPS_LOG } from '../../src/lab/appliance-files.js';
import { BOTH } from '../../src/lab/scenarios/clash-parts.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { openHttps } from '../../src/wire/https.js';
import { openSmsTasks } from '../../src/wire/sms-tasks.js';
import { connectVim } from '../../src/wire/vim-client.js';
import { auditLab, configOf } from '../support/audit-lab.js';

/** An administrator removes the active stale registration of a vCenter that lost its providers, and nothing seems wrong. */
describe('a removal that "completes" and changes nothing', () => {
  let lab: RunningLab;
  let uid: string;
  let backup: string;
  beforeAll(async () => {
    lab = await startLab('clash');
  });
  afterAll(() => lab.close());

  const loser = () => {
    const found = lab.world.vcenters.find((vcenter) => vcenter.id === 'vc65') ?? lab.world.vcenters[0];
    if (found === undefined) throw new Error('the scenario has no vCenter');
    return found;
  };

  test('before it the audit says nothing of a failed removal', async () => {
    const { audit } = await auditLab(lab);
    const stale = audit.findings.filter((finding) => finding.code === 'stale-registration');
    expect(stale.length).toBeGreaterThan(0);
    expect(audit.findings.filter((finding) => finding.code === 'removal-failed')).toEqual([]);
    expect(audit.notJudged.filter(({ code }) => code === 'removal-failed')).toEqual([]);
  });

  test('the task ends in success, and the registration is still there', async () => {
    const vcenter = loser();
    // The other controller of the same array takes over.
    const [active, other] = vcenter.registrations
      .filter((one) => (BOTH as readonly string[]).includes(one.provider))
      .sort((a, b) => Number(b.active) - Number(a.active));
    uid = active?.uid ?? '';
    backup = other?.uid ?? '';
    const info = await unregister(vcenter.id, uid);
    expect(info.state).toBe('success');
    expect(loser().registrations.map((one) => one.uid)).toContain(uid);
  });

  test('then the audit finds it, with task, array, backup and the line of sps.log', async () => {
    const { audit, bundle } = await auditLab(lab);
    const found = audit.findings.filter((finding) => finding.code === 'removal-failed');
    expect(found).toMatchObject([
      { vcenter: loser().id, uid, known: true, attempts: 1, backup, task: expect.stringMatching(/^SmsTask-\d+$/) },
    ]);
    const [finding] = found;
    if (finding === undefined) return;
    expect(headline(finding, audit.inventory)).toMatch(
      /failed with a NullPointerException, although SmsTask-\d+ ended: it is still there$/,
    );
    expect(evidenceLines(finding, audit.inventory).join('\n')).toContain(
      'Error while removing an entry for the provider in the providerCache',
    );

    // The evidence alone is enough for `diagnose`.
    const logs = bundle.vcenters.flatMap(({ id, appliance: { spsLog } }) =>
      spsLog.state === 'seen'
        ? [{ name: id, set: id, age: 0, vcenter: id, ...readLogText(id, spsLog.value.lines.join('\n')) }]
        : [],
    );
    const { verdicts } = diagnose(logs, [], buildInventory(bundle));
    expect(verdicts.filter(({ code }) => code === 'STALE_VP_NPE')).toMatchObject([
      { vcenter: loser().id, provider: { uid, url: expect.stringContaining('https://') }, backup: { uid: backup } },
    ]);
  });

  test('after a rotation the end of the older log is read as well', async () => {
    const { appliance } = loser();
    const older = appliance.sps.log.splice(0);
    const content = Buffer.from(`${older.join('\n')}\n`);
    appliance.files.set(`${SPS_LOG}.1`, { content, mode: 0o640, owner: 'root:root', mtimeMs: 0 });
    const { audit } = await auditLab(lab);
    expect(audit.findings.filter((finding) => finding.code === 'removal-failed')).toMatchObject([{ uid }]);
  });

  async function unregister(id: string, provider: string) {
    const config = (await configOf(lab)).vcenters.find((one) => one.id === id);
    if (config === undefined || config.tls.kind !== 'fingerprint') throw new Error(`no ${id} with a pin in the estate`);
    const https = openHttps({
      address: config.address,
      port: config.port,
      ...(config.connectTo === undefined ? {} : { connectTo: config.connectTo }),
      trust: { kind: 'fingerprint', sha256: config.tls.sha256 },
      label: id,
    });
    try {
      const account = loser().accounts[0];
      const login = { username: account?.username ?? '', password: account?.password ?? '', verdict: {} };
      const { session } = await connectVim(https, login, id);
      if (!session.ok) throw new Error(session.error.summary);
      const tasks = openSmsTasks(https, session.value);
      const task = await tasks.unregister(provider);
      if (!task.ok) throw new Error(task.error.summary);
      const time = {
        limitMs: 20_000,
        now: () => performance.now(),
        wait: (ms: number) => new Promise<void>((done) => setTimeout(done, ms / 50)),
      };
      const info = await tasks.waitFor(task.value, time);
      if (!info.ok) throw new Error(info.error.summary);
      await session.value.logout();
      return info.value;
    } finally {
      await https.close();
    }
  }
});
