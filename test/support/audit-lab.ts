import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CollectDeps } from '../../src/collect/collect-context.js';
import { collectEstate } from '../../src/collect/collect-estate.js';
import type { Config } from '../../src/config/config.js';
import { loadConfig } from '../../src/config/load-config.js';
import { openSecrets } from '../../src/config/secrets.js';
import { judge } from '../../src/findings/run-rules.js';
import { buildInventory } from '../../src/inventory/build-inventory.js';
import type { EvidenceBundle } from '../../src/model/evidence.js';
import type { Audit } from '../../src/model/finding.js';
import { DEFAULT_TIMING, type Timing } from '../../src/model/timing.js';
import { machineSshEnvironment } from '../../src/wire/ssh-environment.js';

export interface Lab {
  estateYaml(): string;
  readonly env: Readonly<Record<string, string>>;
}

/** Short deadlines: everything here is on loopback. */
export const LAB_TIMING: Timing = {
  ...DEFAULT_TIMING,
  connectMs: 5_000,
  requestMs: 15_000,
  sourceMs: 30_000,
  commandMs: 15_000,
  probeMs: 5_000,
};

/** The lab's estate.yaml, read by the product's own loader; `change` may spoil the text first. */
export async function configOf(lab: Lab, change: (yaml: string) => string = (yaml) => yaml): Promise<Config> {
  const folder = await mkdtemp(join(tmpdir(), 'vasatrust-test-'));
  try {
    const file = join(folder, 'estate.yaml');
    await writeFile(file, change(lab.estateYaml()));
    const config = await loadConfig(file, lab.env, folder);
    if (!config.ok) throw new Error(`the lab's estate.yaml is wrong: ${JSON.stringify(config.error)}`);
    return config.value;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function collectDeps(lab: Lab, changes: Partial<CollectDeps> = {}): CollectDeps {
  return {
    timing: LAB_TIMING,
    now: () => new Date(),
    progress: () => {},
    readSecret: openSecrets(lab.env).resolve,
    readText: async (path) => ({
      ok: false,
      error: { code: 'file-unreadable', target: path, summary: 'no files in this test', remedy: '', retry: 'never' },
    }),
    sshEnvironment: machineSshEnvironment({}),
    madeBy: 'vasatrust test',
    ...changes,
  };
}

/** Evidence collected over real sockets, and what is judged from it. */
export async function auditLab(
  lab: Lab,
  options: { readonly change?: (yaml: string) => string; readonly deps?: Partial<CollectDeps> } = {},
): Promise<{ readonly bundle: EvidenceBundle; readonly audit: Audit }> {
  const bundle = await collectEstate(await configOf(lab, options.change), collectDeps(lab, options.deps));
  return { bundle, audit: judge(buildInventory(bundle), new Date(bundle.finishedAt)) };
}
