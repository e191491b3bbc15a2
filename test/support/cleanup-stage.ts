import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LabOptions, type RunningLab, startLab } from '../../src/lab/start-lab.js';
import type { LabVcenter } from '../../src/lab/world.js';
import { type CliOptions, type CliRan, labSps, runCli } from './run-cli.js';

/** The published uids of the two controllers of `clash`. */
export const CT0 = '453d453a-ac19-4bf5-b1f7-7252ad84950a';
export const CT1 = 'b1801691-98a2-4484-b156-f91e55ca54c6';
export const ACCEPT = ['--accept', 'dependents-running', '--accept', 'backup-unconfirmed'];
export const ALL = ['cleanup', 'vc65', '--all-stale', '--second-look', '1', '--no-progress', ...ACCEPT];

/** A lab, an estate.yaml for it, a state folder, and the command; all over real sockets. */
export class CleanupStage {
  readonly folder = mkdtempSync(join(tmpdir(), 'vasatrust-journey-'));
  readonly lab: RunningLab;

  private constructor(lab: RunningLab) {
    this.lab = lab;
    writeFileSync(join(this.folder, 'estate.yaml'), lab.estateYaml());
  }

  static async open(options: LabOptions = {}, scenario = 'clash'): Promise<CleanupStage> {
    return new CleanupStage(await startLab(scenario, { ...options, timing: { ...labSps(), ...options.timing } }));
  }

  async close(): Promise<void> {
    await this.lab.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  get env(): Record<string, string> {
    return { ...this.lab.env, XDG_STATE_HOME: this.folder };
  }

  cli(args: readonly string[], options: CliOptions = {}): Promise<CliRan> {
    return runCli(args, { cwd: this.folder, ...options, env: { ...this.env, ...options.env } });
  }

  get vc65(): LabVcenter {
    const found = this.lab.world.vcenters.find(({ id }) => id === 'vc65');
    if (!found) throw new Error('no vc65');
    return found;
  }

  get uids(): string[] {
    return this.vc65.registrations.map(({ uid }) => uid);
  }

  /** Texts of all journals. */
  get journals(): string[] {
    return this.files('runs').map((name) => readFileSync(join(this.folder, 'vasatrust/runs', name), 'utf8'));
  }

  files(what: 'runs' | 'locks'): string[] {
    try {
      return readdirSync(join(this.folder, 'vasatrust', what));
    } catch {
      return [];
    }
  }

  /** What a cleanup has to leave as it was, but for the registrations in `removed`. */
  standing(removed: readonly string[] = []) {
    return this.lab.world.vcenters.map(({ id, registrations, appliance, vecs, trustedRoots }) => ({
      id,
      registrations: registrations.filter(({ uid }) => !removed.includes(uid)).map(({ uid, name, url }) => ({ uid, name, url })),
      files: [...appliance.files]
        .map(([path, { content, mode, owner, mtimeMs }]) => [path, content.toString('base64'), mode, owner, mtimeMs])
        .sort(),
      routes: [...appliance.routes],
      units: structuredClone(appliance.units),
      sps: [appliance.sps.state, appliance.sps.health, appliance.sps.retryAttempt],
      stores: [...vecs].map(([store, entries]) => [store, entries.length]),
      roots: trustedRoots.length,
    }));
  }
}
