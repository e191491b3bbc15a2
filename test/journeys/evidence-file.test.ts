import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBundle, saveBundle } from '../../src/collect/bundle-file.js';
import { judge } from '../../src/findings/run-rules.js';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import { startLab } from '../../src/lab/start-lab.js';
import { auditLab } from '../support/audit-lab.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vasatrust-test-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('saved evidence', () => {
  for (const scenario of ['clash', 'vasa5', 'leftover', 'external-ca'])
    test(`of ${scenario} comes back whole and is judged alike`, async () => {
      const lab = await startLab(scenario);
      try {
        const { bundle, audit } = await auditLab(lab);
        const path = join(folder, 'evidence.json');
        expect(await saveBundle(path, bundle)).toEqual({ ok: true, value: undefined });
        expect((await stat(path)).mode & 0o777).toBe(0o600);
        const loaded = await loadBundle(path);
        if (!loaded.ok) throw new Error(loaded.error.summary);
        expect(loaded.value).toEqual(JSON.parse(JSON.stringify(bundle)));
        expect(judge(buildInventory(loaded.value), new Date(loaded.value.finishedAt)).findings).toEqual(audit.findings);
        const text = await readFile(path, 'utf8');
        for (const secret of Object.values(lab.env)) expect(text).not.toContain(secret);
      } finally {
        await lab.close();
      }
    });

  for (const { name, text, says } of [
    { name: 'not JSON', text: '{', says: 'not an evidence file' },
    { name: 'JSON of something else', text: '{"kind":"Pod"}', says: 'formatVersion' },
    { name: 'written by a newer version', text: '{"formatVersion":2}', says: 'newer' },
    {
      name: 'cut by hand',
      text: '{"formatVersion":1,"madeBy":"x","startedAt":"2026-01-01T00:00:00.000Z","finishedAt":"2026-01-01T00:00:00.000Z","vcenters":[{"id":"a"}],"probes":[],"configuredProviders":[]}',
      says: 'vcenters.0',
    },
  ])
    test(`that is ${name} is refused with the reason`, async () => {
      const path = join(folder, 'evidence.json');
      await writeFile(path, text);
      const loaded = await loadBundle(path);
      expect(loaded).toMatchObject({ ok: false, error: { code: 'file-invalid' } });
      expect(loaded.ok ? '' : loaded.error.summary).toContain(says);
    });

  test('that is not there is refused with the reason', async () => {
    expect(await loadBundle(join(folder, 'none.json'))).toMatchObject({ ok: false, error: { code: 'file-unreadable' } });
  });
});
