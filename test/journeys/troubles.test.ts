import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditExitCode } from '../../src/cli/exit-codes.js';
import { codeEntry } from '../../src/findings/explain/codes.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { Audit } from '../../src/model/finding.js';
import { auditLab } from '../support/audit-lab.js';

/**
 * Eight vCenters in two groups of four; each group shares a provider that its last member holds. The first five are in trouble, one kind
 * each; the provider of the second group is down.
 */
const TROUBLE = { refused: 'vc0001', dead: 'vc0002', withoutSsh: 'vc0003', garbage: 'vc0005' } as const;

describe('an estate in trouble', () => {
  let lab: RunningLab;
  let audit: Audit;
  let ids: string[];
  beforeAll(async () => {
    lab = await startLab('estate-of 8', {
      withoutSsh: [TROUBLE.withoutSsh],
      faults: [
        { kind: 'wrong-password', where: TROUBLE.refused },
        { kind: 'dead', where: TROUBLE.dead },
        { kind: 'garbage', where: TROUBLE.garbage, at: 'all' },
      ],
      prepare: (world) => {
        const second = world.providers[1];
        if (second !== undefined) second.up = false;
      },
    });
    ids = lab.world.vcenters.map((vcenter) => vcenter.id);
    ({ audit } = await auditLab(lab));
  });
  afterAll(() => lab.close());

  const gapsOf = (target: string) => audit.gaps.filter((gap) => gap.target === target);

  test('names every vCenter as the lab does', () => expect(ids).toEqual(expect.arrayContaining(Object.values(TROUBLE))));

  test('a refused password is sent once, and every source says so', () => {
    const refusals = lab.record.filter(
      (one) => one.where === TROUBLE.refused && (one.outcome === '401' || one.outcome === 'InvalidLogin'),
    );
    expect(refusals).toHaveLength(1);
    const codes = gapsOf(TROUBLE.refused).map(({ source, problem }) => `${source} ${problem.code}`);
    expect(codes.sort()).toEqual(['rest not-attempted', 'sms login-refused', 'vim login-refused']);
  });

  test('a password that cannot be read is not sent, and version and clock are known all the same', async () => {
    const mute = await startLab('clash', { withoutSsh: true });
    try {
      const { audit, bundle } = await auditLab(mute, {
        change: (yaml) => yaml.replace(/env: LAB_VC65_\w+/, 'env: NOT_SET_ANYWHERE'),
      });
      expect(mute.record.filter((one) => one.where === 'vc65' && (one.what === 'Login' || one.what.includes('session')))).toEqual(
        [],
      );
      expect(bundle.vcenters.find(({ id }) => id === 'vc65')?.about).toMatchObject({
        state: 'seen',
        value: { version: '6.5.0' },
      });
      const codes = audit.gaps.filter((gap) => gap.target === 'vc65' && gap.source !== 'ssh').map((gap) => gap.problem.code);
      expect(new Set(codes)).toEqual(new Set(['secret-unavailable']));
    } finally {
      await mute.close();
    }
  });

  test('a dead vCenter is unreachable, by every way there is', () => {
    const gaps = gapsOf(TROUBLE.dead);
    expect(new Set(gaps.map(({ problem }) => problem.code))).toEqual(new Set(['unreachable']));
    expect(gaps.map(({ source }) => source).sort()).toEqual(['rest', 'root-bundle', 'sms', 'ssh', 'vim']);
  });

  test('without SSH one gap says what cannot be proven', () => {
    expect(gapsOf(TROUBLE.withoutSsh)).toMatchObject([{ source: 'ssh', problem: { code: 'not-configured' } }]);
  });

  test('garbage is called a bad answer', () => {
    expect(gapsOf(TROUBLE.garbage).map(({ problem }) => problem.code)).toEqual(expect.arrayContaining(['bad-answer']));
  });

  test('an unreachable provider makes no stale registration', () => {
    const codes = audit.findings.map((finding) => finding.code);
    expect(codes).toContain('provider-unreachable');
    const down = lab.world.providers[1]?.name ?? '';
    const uids = lab.world.vcenters.flatMap((vcenter) => vcenter.registrations).filter((one) => one.provider === down);
    const stale = audit.findings.flatMap((finding) => (finding.code === 'stale-registration' ? [finding.uid] : []));
    expect(stale.filter((uid) => uids.some((one) => one.uid === uid))).toEqual([]);
  });

  test('every gap has a remedy', () => {
    for (const { problem } of audit.gaps) {
      expect(problem.summary.length).toBeGreaterThan(10);
      expect(problem.remedy.length).toBeGreaterThan(10);
    }
  });

  test('the vCenters in no trouble are fully judged', () => {
    const healthy = ids.filter((id) => !(Object.values(TROUBLE) as string[]).includes(id));
    for (const id of healthy) expect(gapsOf(id), id).toEqual([]);
    const judged = audit.inventory.providers
      .flatMap((provider) => provider.registrations)
      .filter((one) => one.vcenter === 'vc0004');
    expect(judged).toMatchObject([{ trusted: { value: true }, accepted: { value: true }, stale: { value: false } }]);
    // The holder of the first group is known by key although two of its members could not be asked.
    expect(
      audit.inventory.providers.flatMap((provider) => provider.endpoints).some((one) => one.holder?.vcenters[0] === 'vc0004'),
    ).toBe(true);
  });

  test('the exit code is never 0', () => {
    const severities = audit.findings.map((finding) => codeEntry(finding.code).severity);
    expect(auditExitCode(severities, audit.gaps.length)).toBe(1);
    expect(auditExitCode([], audit.gaps.length)).toBe(3);
  });
});
