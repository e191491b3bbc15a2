import { resolve } from 'node:path';
import { loadBundle, saveBundle } from '../../collect/bundle-file.js';
import { loadConfig } from '../../config/load-config.js';
import { type ConfigMistake, mistakeText } from '../../config/mistake.js';
import { severityOf } from '../../findings/explain/codes.js';
import { judge } from '../../findings/run-rules.js';
import { buildInventory } from '../../inventory/build-inventory.js';
import type { EvidenceBundle } from '../../model/evidence.js';
import type { Problem, Result } from '../../model/problem.js';
import { err, ok } from '../../model/problem.js';
import { renderAudit } from '../../report/render-audit.js';
import { auditExitCode, EXIT, type ExitCode } from '../exit-codes.js';
import { lookAtEstate } from '../look.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import type { Failure } from '../terminal.js';
import { VERSION } from '../version.js';

export interface AuditOptions extends GlobalOptions {
  readonly saveEvidence?: string;
  readonly evidence?: string;
}

export async function auditCommand(options: AuditOptions, around: Surroundings): Promise<ExitCode> {
  const { out, cwd } = around;
  const bundle = await evidenceFor(options, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (!bundle.ok) {
    out.fail(bundle.error);
    return EXIT.usage;
  }
  if (options.saveEvidence !== undefined) {
    const saved = await saveBundle(resolve(cwd, options.saveEvidence), bundle.value);
    if (!saved.ok) {
      out.fail(saved.error);
      return EXIT.usage;
    }
    out.say(`evidence saved in ${options.saveEvidence}`);
  }
  const audit = judge(buildInventory(bundle.value), judgedAt(bundle.value, options));
  out.write(renderAudit(audit, options.output, { version: VERSION, ...(out.width !== undefined && { width: out.width }) }));
  return auditExitCode(
    audit.findings.map((finding) => severityOf(finding.code)),
    audit.gaps.length,
  );
}

async function evidenceFor(options: AuditOptions, around: Surroundings): Promise<Result<EvidenceBundle, Failure>> {
  if (options.evidence !== undefined) {
    const loaded = await loadBundle(resolve(around.cwd, options.evidence));
    if (!loaded.ok) return err(failureOf(loaded.error));
    around.out.say(`judging what was seen until ${loaded.value.finishedAt}; nothing is contacted`);
    return loaded;
  }
  const config = await loadConfig(options.file, around.env, around.cwd);
  if (!config.ok) return err(mistakesFailure(config.error));
  return ok(await lookAtEstate(config.value, options.progress, around));
}

/** Saved evidence is judged as of the time it was taken: the same file gives the same findings, also next year. */
const judgedAt = (bundle: EvidenceBundle, options: AuditOptions): Date =>
  options.evidence === undefined ? new Date() : new Date(bundle.finishedAt);

const failureOf = ({ code, summary, remedy }: Problem): Failure => ({ code, summary, remedy });

function mistakesFailure(mistakes: readonly ConfigMistake[]): Failure {
  const count = `${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'}`;
  const where = mistakes.find((mistake) => mistake.file !== undefined)?.file ?? 'the environment';
  return {
    code: 'config-invalid',
    summary: `${count} in ${where}`,
    remedy: 'Correct what is listed; the examples that come with vasatrust show every key.',
    details: mistakes.map(({ file, ...mistake }) => ({ ...(file !== undefined && { file }), ...mistake })),
    lines: [`${count} in ${where}`, ...mistakes.flatMap((mistake) => mistakeText(mistake).split('\n'))],
  };
}
