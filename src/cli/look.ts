import { open } from 'node:fs/promises';
import { type CollectContext, type CollectDeps, openContext } from '../collect/collect-context.js';
import { collectEstate } from '../collect/collect-estate.js';
import { probeAppliance } from '../collect/probe-appliance.js';
import type { Config, VcenterConfig } from '../config/config.js';
import { openSecrets } from '../config/secrets.js';
import type { ApplianceProbes } from '../model/appliance-probes.js';
import type { EvidenceBundle } from '../model/evidence.js';
import { err, ok, type Result } from '../model/problem.js';
import { machineSshEnvironment } from '../wire/ssh-environment.js';
import { openProgress } from './progress.js';
import type { Surroundings } from './surroundings.js';
import { VERSION } from './version.js';

/** CA files hold a few certificates. */
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/** Looks that belong together: secrets are read once, and a password that one of them saw refused is not sent by the next. */
export interface Look {
  estate(): Promise<EvidenceBundle>;
  /** @param names to be resolved on that appliance */
  appliance(vcenter: VcenterConfig, names: readonly string[]): Promise<ApplianceProbes>;
  /** For whoever goes on from here, with the same secrets and verdicts; Ctrl-C does not cut it off. */
  readonly context: CollectContext;
  /** Secrets read so far. */
  secrets(): readonly string[];
}

/** Collects from the real world: this machine's clock, files, agent and environment, progress on stderr. */
export function openLook(config: Config, wantsProgress: boolean, around: Surroundings): Look {
  const secrets = openSecrets(around.env);
  around.out.keepSecret(secrets.known);
  const now = () => around.clock.now();
  const verdicts = { ssoVerdicts: new Map(), rootVerdicts: new Map() };
  const lasting = (progress: CollectDeps['progress']): CollectDeps => ({
    timing: around.timing,
    now,
    progress,
    readSecret: secrets.resolve,
    readText,
    sshEnvironment: machineSshEnvironment(around.env),
    madeBy: `vasatrust ${VERSION}`,
    verdicts,
  });
  const deps = (progress: CollectDeps['progress']): CollectDeps => ({ ...lasting(progress), signal: around.interrupted });
  return {
    async estate() {
      const progress = openProgress(around.out.stderr, wantsProgress, now);
      // Before the last words of an interrupted run, so that they stay on the screen.
      around.interrupted.addEventListener('abort', progress.end, { once: true });
      try {
        return await collectEstate(config, deps(progress.on));
      } finally {
        progress.end();
      }
    },
    appliance: (vcenter, names) => probeAppliance(vcenter, names, openContext(deps(() => {}))),
    context: openContext(lasting(() => {})),
    secrets: secrets.known,
  };
}

export function lookAtEstate(config: Config, wantsProgress: boolean, around: Surroundings): Promise<EvidenceBundle> {
  return openLook(config, wantsProgress, around).estate();
}

async function readText(path: string, target: string): Promise<Result<string>> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size <= MAX_TEXT_BYTES) return ok(await file.readFile('utf8'));
    } finally {
      await file.close();
    }
    const summary = `${path} is larger than ${MAX_TEXT_BYTES / 1024 / 1024} MB`;
    return err({ code: 'file-invalid', target, summary, remedy: 'Name a PEM file with CA certificates.', retry: 'after-remedy' });
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const remedy = 'Check the path in estate.yaml and that you may read the file.';
    return err({ code: 'file-unreadable', target, summary: `${path} cannot be read (${why})`, remedy, retry: 'after-remedy' });
  }
}
