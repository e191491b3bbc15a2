import { resolve } from 'node:path';
import { saveBundle } from '../../collect/bundle-file.js';
import { severityOf } from '../../findings/explain/codes.js';
import { judge } from '../../findings/run-rules.js';
import { buildInventory } from '../../inventory/build-inventory.js';
import type { EvidenceBundle } from '../../model/evidence.js';
import { renderAudit } from '../../report/render-audit.js';
import { type EvidenceOptions, evidenceFor } from '../evidence.js';
import { auditExitCode, EXIT, type ExitCode } from '../exit-codes.js';
import type { Surroundings } from '../surroundings.js';
import { VERSION } from '../version.js';

export interface AuditOptions extends EvidenceOptions {
  readonly saveEvidence?: string;
}

export async function auditCommand(options: AuditOptions, around: Surroundings): Promise<ExitCode> {
  const { out, cwd } = around;
  const bundle = await evidenceFor(options, around);
  if (around.interrupted.aborted) {
    out.say('stopped and logged out; there is no result. An audit changes nothing.');
    return EXIT.interrupted;
  }
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

/** Saved evidence is judged as of the time it was taken: the same file gives the same findings, also next year. */
const judgedAt = (bundle: EvidenceBundle, options: AuditOptions): Date =>
  options.evidence === undefined ? new Date() : new Date(bundle.finishedAt);
