import { resolve } from 'node:path';
import { readLogs } from '../../collect/log-files.js';
import { diagnose } from '../../diagnose/diagnose.js';
import type { ReadLog } from '../../diagnose/diagnosis.js';
import { readLogText } from '../../diagnose/read-text.js';
import type { EvidenceBundle } from '../../model/evidence.js';
import { renderDiagnosis } from '../../report/render-diagnosis.js';
import { auditExitCode, EXIT, type ExitCode } from '../exit-codes.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import { VERSION } from '../version.js';

export interface DiagnoseOptions extends GlobalOptions {
  readonly evidence?: string;
}

/** Reads logs and says what happened; connects to nothing and writes nothing. */
export async function diagnoseCommand(
  paths: readonly string[],
  options: DiagnoseOptions,
  around: Surroundings,
): Promise<ExitCode> {
  const { out, cwd, interrupted } = around;
  if (paths.length === 0 && options.evidence === undefined) {
    const remedy =
      'Name a log, a folder with logs, or a support bundle; `-` reads stdin. `--evidence FILE` alone reads what an audit kept.';
    out.fail({ code: 'usage', summary: 'no log is named', remedy });
    return EXIT.usage;
  }
  let bundle: EvidenceBundle | undefined;
  if (options.evidence !== undefined) {
    // What reads evidence takes longer to load than most logs to read.
    const { loadBundle } = await import('../../collect/bundle-file.js');
    const loaded = await loadBundle(resolve(cwd, options.evidence));
    if (!loaded.ok) {
      out.fail(loaded.error);
      return EXIT.usage;
    }
    bundle = loaded.value;
  }
  const reading = await readLogs(paths, { cwd, stdin: () => process.stdin, interrupted });
  if (interrupted.aborted) return EXIT.interrupted;
  const logs = [...reading.logs, ...(bundle === undefined ? [] : keptLogs(bundle))];
  const inventory =
    bundle === undefined ? undefined : (await import('../../inventory/build-inventory.js')).buildInventory(bundle);
  const diagnosis = diagnose(logs, reading.problems, inventory);
  out.write(
    renderDiagnosis(diagnosis, options.output, { version: VERSION, ...(out.width !== undefined && { width: out.width }) }),
  );
  return auditExitCode(
    diagnosis.verdicts.map(({ severity }) => severity),
    diagnosis.gaps.length,
  );
}

/** Ends of sps.log that an audit kept. */
function keptLogs(bundle: EvidenceBundle): ReadLog[] {
  return bundle.vcenters.flatMap(({ id, appliance: { spsLog } }) => {
    if (spsLog.state !== 'seen' || spsLog.value.lines.length === 0) return [];
    const name = `evidence/${id}/sps.log`;
    return [{ name, set: name, age: 0, vcenter: id, ...readLogText(name, `${spsLog.value.lines.join('\n')}\n`) }];
  });
}
