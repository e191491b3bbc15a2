import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ApplianceFiles, SPS_LOG } from '../../src/lab/appliance-files.js';
import { block, estate, restart, setRetryAttempt, unregister } from '../support/sps-estate.js';

const SEED = readFileSync(new URL('../fixtures/seed/sps-log.txt', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const RECORD =
  /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) \[([^\]]+)\] (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +opId=(\S*) (\S+) - (.*)$/;

/** Level, logger and text with the ids of this run named by what they stand for; frames without line numbers, indented by anything. */
function shape(line: string, ids: ReadonlyMap<string, string>): string {
  const [, , , level, , logger, text] = RECORD.exec(line) ?? [];
  const plain = text === undefined ? line.replace(/:\d+\)$/, ')').replace(/^\s+/u, '  ') : `${level} ${logger} ${text}`;
  return [...ids].reduce((all, [id, name]) => all.replaceAll(id, name), plain);
}

describe('the log of a failing unregister', () => {
  const seedIds = new Map([
    ['453d453a-ac19-4bf5-b1f7-7252ad84950a', 'UID'],
    ['b1801691-98a2-4484-b156-f91e55ca54c6', 'BACKUP'],
    ['com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf', 'ARRAY'],
    ['126f5b2d-ae91-4173-bdb6-1fbefcc7e6e2', 'GUID'],
    ['SmsTask-22', 'TASK'],
  ]);

  for (const npeShows of ['complete', 'fault'] as const) {
    test(`is the published one, line by line, also when the task shows ${npeShows}`, async () => {
      const at = await estate({ npeShows });
      const [ct0, ct1] = at.array1.map((provider) => at.lost(provider));
      if (!ct0 || !ct1) throw new Error('not registered');
      const { log } = at.loser.appliance.sps;
      const from = log.length;
      const { task, gone } = unregister(at, ct0);
      expect(gone).toBe(false);
      const ids = new Map([
        [ct0.uid, 'UID'],
        [ct1.uid, 'BACKUP'],
        [at.array1[0].arrays[0]?.id ?? '', 'ARRAY'],
        [at.loser.instanceUuid, 'GUID'],
        [task.key, 'TASK'],
      ]);
      const written = log.slice(from).filter((line) => !/VersionHandler|VasaProviderUtils|CertificateNotTrusted/.test(line));
      expect(written.map((line) => shape(line, ids))).toEqual(SEED.map((line) => shape(line, seedIds)));
      expect(
        new Set(
          written
            .map((line) => RECORD.exec(line)?.[2])
            .slice(1)
            .filter(Boolean),
        ).size,
      ).toBe(1);
    });
  }

  test('a removal that works logs neither failover nor error, and is complete in the same words', async () => {
    const at = await estate({ offlineGate: 'restart' });
    block(at, ...at.array1);
    setRetryAttempt(at, 4);
    restart(at);
    const registration = at.lost(at.array1[1]);
    registration.active = false;
    const { log } = at.loser.appliance.sps;
    const from = log.length;
    const { task, gone } = unregister(at, registration);
    expect(gone).toBe(true);
    const texts = log.slice(from).map((line) => RECORD.exec(line)?.[6] ?? line);
    expect(texts[0]).toContain(`Created a task - ManagedObjectReference: type = SmsTask, value = ${task.key}`);
    expect(texts.at(-1)).toBe(`[markTaskCompleted] Marked ${task.key} as complete`);
    expect(texts.join('\n')).not.toMatch(/FAILOVER|NullPointer|Error/);
  });
});

describe('sps.log', () => {
  test('tells why a provider was not loaded', async () => {
    const at = await estate({ statusOfUntrusted: 'disconnected' });
    restart(at);
    const { log } = at.loser.appliance.sps;
    const { url } = at.lost(at.array1[0]);
    expect(log.join('\n')).toContain(
      `[isLegacyProvider] Failed to retrieve version information from provider - ${url}: certificate_unknown(46)`,
    );
    const from = log.length;
    block(at, at.array1[0]);
    restart(at);
    const after = log.slice(from).join('\n');
    expect(after).toContain('com.vmware.vim.sms.provider.vasa.VasaProviderImpl - [load] Provider loading failed');
    expect(after).toContain('NoRouteToHostException');
  });

  test("is a file of the appliance, under both its names, with the appliance's clock", async () => {
    const at = await estate();
    at.loser.appliance.clockAheadMs = 3_600_000;
    unregister(at, at.lost(at.array2[1]));
    const files = new ApplianceFiles(at.world, at.loser);
    const text = files.read(SPS_LOG)?.content.toString('utf8') ?? '';
    expect(text).toBe(files.read('/var/log/vmware/vmware-sps/sps.log')?.content.toString('utf8'));
    expect(text.trimEnd().split('\n')).toEqual(at.loser.appliance.sps.log);
    expect(text).toMatch(/^2026-11-22T13:00:0/m);
    expect(files.list('/storage/log/vmware/vmware-sps')).toEqual(['sps.log']);
  });
});
