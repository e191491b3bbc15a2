import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bootUnitName, type GuardFacts, guardFolder, TAKEN_OVER } from '../../src/execute/guard/guard-facts.js';
import { bootUnit } from '../../src/execute/guard/guard-script.js';
import { openGuard } from '../../src/execute/guard/self-revert.js';
import { ok } from '../../src/model/problem.js';
import type { RunId } from '../../src/model/run.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { SMS_CONFIG } from '../standin/appliance-files.js';
import { missingStandin, openStandin, SECOND_MS, type Standin } from '../standin/standin.js';
import { missingSystemParts } from '../support/system.js';

const RUN = '20261122T201500Z-vc65-1f3a' as RunId;
const ADDRESS = '10.1.2.3';
const TIMING = {
  ...DEFAULT_TIMING,
  secondMs: SECOND_MS,
  leaseMs: 120 * SECOND_MS,
  renewMs: 20 * SECOND_MS,
  guardMs: 30 * SECOND_MS,
};

describe.skipIf(missingSystemParts('systemd-analyze'))('systemd', () => {
  test('has nothing to say against the boot guard', () => {
    const folder = mkdtempSync(join(tmpdir(), 'boot-guard-'));
    try {
      const path = join(folder, bootUnitName(RUN));
      writeFileSync(path, bootUnit({ run: RUN }));
      const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', path], { encoding: 'utf8' });
      expect(`${stdout}${stderr}`).toBe('');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(missingStandin())('the self-revert on an appliance with a real systemd', () => {
  let at: Standin;
  beforeEach(async () => {
    at = await openStandin();
  });
  afterEach(() => at?.close());

  const quote = (argv: readonly string[]) => argv.map((one) => `'${one.replaceAll("'", "'\\''")}'`).join(' ');
  const shell = async (argv: readonly string[], { stdin = '' }: { readonly stdin?: string } = {}) =>
    ok(await at.inside(`printf %s '${Buffer.from(stdin).toString('base64')}' | base64 -d | ${quote(argv)}`));
  async function must(argv: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = (await shell(argv)).value;
    if (code !== 0) throw new Error(`${argv.join(' ')}: exit code ${code} ${stdout} ${stderr}`);
    return stdout;
  }

  const describeFile = () => must(['/usr/bin/stat', '-c', '%a %U %y', SMS_CONFIG]);

  /** Armed, file changed, provider blocked, SPS restarted by a job: as a run in state E. */
  async function blocked() {
    const text = await must(['/bin/cat', SMS_CONFIG]);
    const changed = text.replace('>99999<', '>4<');
    const { sps } = await at.state();
    const facts: GuardFacts = {
      run: RUN,
      label: 'vc65',
      configPath: SMS_CONFIG,
      working: SMS_CONFIG.replace('sms-config.xml', '.sms-config.xml.vasatrust'),
      backup: `${guardFolder(RUN)}/sms-config.xml.orig`,
      shaBefore: createHash('sha256').update(text).digest('hex'),
      shaDuring: createHash('sha256').update(changed).digest('hex'),
      addresses: [{ address: ADDRESS, family: 4 }],
      routeTool: 'ip',
      cleanPids: [sps.pid],
      bootId: (await must(['/bin/cat', '/proc/sys/kernel/random/boot_id'])).trim(),
      owner: 'somebody@somewhere',
      session: 'one',
    };
    const guard = openGuard(facts, TIMING);
    const renewing = setInterval(() => void shell(guard.renew), TIMING.renewMs);
    try {
      expect(await guard.arm(shell)).toMatchObject({ ok: true, value: { kind: 'systemd' } });
      const file = await describeFile();
      await must(guard.fenced(['/bin/cp', '-p', SMS_CONFIG, facts.working]));
      await must(guard.fenced(['/bin/sed', '-i', 's/>99999</>4</', facts.working]));
      await must(guard.fenced(['/bin/mv', '-f', facts.working, SMS_CONFIG]));
      await must(guard.fenced(['/sbin/ip', 'route', 'add', 'unreachable', `${ADDRESS}/32`]));
      await must(guard.detached('restart'));
      await expect
        .poll(async () => await guard.jobState(shell, 'restart'), { timeout: 20_000 })
        .toMatchObject({ value: { state: 'ended', code: 0 } });
      await expect
        .poll(async () => (await at.state()).sps, { timeout: 20_000 })
        .toMatchObject({ retryAttempt: 4, health: 'HEALTHY' });
      return { guard, text, file };
    } finally {
      clearInterval(renewing);
    }
  }

  async function nothingLeft(): Promise<void> {
    expect(await must(['/sbin/ip', 'route', 'show', 'type', 'unreachable'])).toBe('');
    expect(await must(['/bin/systemctl', 'list-units', '--all', '--no-legend', 'vasatrust*'])).toBe('');
    // It fails where it lists none.
    expect((await shell(['/bin/systemctl', 'list-unit-files', '--no-legend', 'vasatrust*'])).value.stdout).toBe('');
    expect(await must(['/usr/bin/find', '/etc', '/usr/lib/vmware-vpx', '/run/systemd', '/root', '-name', '*vasatrust*'])).toBe(
      '',
    );
  }

  test('the timer looks by itself, and disarming leaves nothing', async () => {
    const { guard, text, file } = await blocked();
    const renewing = setInterval(() => void shell(guard.renew), TIMING.renewMs);
    try {
      for (let round = 0; round < 3; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, TIMING.guardMs * 2));
        const found = await guard.status(shell);
        expect(found).toMatchObject({ ok: true, value: { state: 'armed' } });
        expect(found.ok ? found.value.lookedMsAgo : undefined).toBeLessThan(TIMING.guardMs * 4);
      }
      await must(guard.fenced(['/sbin/ip', 'route', 'del', 'unreachable', `${ADDRESS}/32`]));
      await must(guard.restoreFile);
      expect(await must(['/bin/cat', SMS_CONFIG])).toBe(text);
      expect(await describeFile()).toBe(file);
      await must(guard.detached('restart'));
      await expect
        .poll(async () => (await at.state()).sps, { timeout: 20_000 })
        .toMatchObject({ retryAttempt: 99_999, health: 'HEALTHY' });
      await expect.poll(() => guard.disarm(shell), { timeout: 10_000 }).toEqual({ ok: true, value: undefined });
    } finally {
      clearInterval(renewing);
    }
    await nothingLeft();
  });

  test('when nobody gives a sign of life, everything goes back within lease and one look', async () => {
    const { guard, text, file } = await blocked();
    const { sps: before } = await at.state();
    const lost = performance.now();
    await expect.poll(() => must(['/bin/cat', SMS_CONFIG]), { timeout: 20_000 }).toBe(text);
    expect(performance.now() - lost).toBeLessThan(TIMING.leaseMs + TIMING.guardMs + 2_000);
    await expect
      .poll(() => guard.status(shell), { timeout: 20_000 })
      .toMatchObject({ value: { state: 'disarmed', ended: 'taken-back' } });
    expect(await describeFile()).toBe(file);
    const { sps } = await at.state();
    expect(sps).toMatchObject({ state: 'STARTED', health: 'HEALTHY', retryAttempt: 99_999 });
    expect(sps.pid).not.toBe(before.pid);
    expect((await shell(guard.fenced(['/bin/rm', SMS_CONFIG]))).value.code).toBe(TAKEN_OVER);
    expect(await guard.disarm(shell)).toEqual({ ok: true, value: undefined });
    await nothingLeft();
  });

  test.each(['reboot', 'reset'] as const)(
    'after a %s the file is back before SPS starts, and no restart is needed',
    async (how) => {
      const { guard, text } = await blocked();
      await at[how]();
      expect(await must(['/bin/cat', SMS_CONFIG])).toBe(text);
      await expect
        .poll(() => guard.status(shell), { timeout: 30_000 })
        .toMatchObject({ value: { state: 'disarmed', ended: 'taken-back', rebooted: true } });
      expect((await at.state()).sps).toMatchObject({ state: 'STARTED', health: 'HEALTHY', retryAttempt: 99_999 });
      const found = await guard.status(shell);
      expect(found.ok && found.value.lines.map(({ what }) => what)).not.toContain('restart');
      expect(await guard.disarm(shell)).toEqual({ ok: true, value: undefined });
      await nothingLeft();
    },
  );
});
