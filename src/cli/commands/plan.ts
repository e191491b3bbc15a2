import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Config } from '../../config/config.js';
import { loadConfig } from '../../config/load-config.js';
import { buildInventory } from '../../inventory/build-inventory.js';
import type { DerBase64 } from '../../model/ids.js';
import type { Inventory } from '../../model/inventory.js';
import { ACCEPTABLE, type Accepted, type Missing, type Planned, type Refusal } from '../../model/plan-answer.js';
import { err, ok, type Result } from '../../model/problem.js';
import { planExternalCa } from '../../plan/plan-external-ca.js';
import { writePlan } from '../../plan/plan-file.js';
import { recommend } from '../../plan/recommend.js';
import { type Selection, selectProviders } from '../../plan/select-providers.js';
import { missingText, outageText, refusalText } from '../../report/plan-words.js';
import { renderRecommendations } from '../../report/recommendation.js';
import { visibleJson } from '../../report/visible-text.js';
import { certificatesInPem } from '../../x509/parse.js';
import { writeAll } from '../ca-files.js';
import { type EvidenceOptions, evidenceFor } from '../evidence.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Surroundings } from '../surroundings.js';
import type { Failure } from '../terminal.js';
import { VERSION } from '../version.js';

const MAX_CA_BYTES = 1024 * 1024;

export interface RecommendOptions extends EvidenceOptions {
  readonly provider?: readonly string[];
}

export interface ExternalCaOptions extends RecommendOptions {
  readonly ca?: string;
  readonly out: string;
  readonly accept?: readonly string[];
}

export async function planRecommendCommand(options: RecommendOptions, around: Surroundings): Promise<ExitCode> {
  const { out } = around;
  const seen = await inventoryFor(options, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (!seen.ok) return fail(around, seen.error, EXIT.usage);
  const inventory = seen.value;
  const selection = options.provider === undefined ? undefined : selectProviders(inventory, options.provider);
  if (selection?.ok === false) return fail(around, nothingAnswers(selection.error, inventory), EXIT.usage);
  const recommendations = recommend(inventory, selection?.value.providers ?? inventory.providers);
  const context = { madeBy: `vasatrust ${VERSION}`, takenAt: inventory.takenAt, width: out.width };
  out.write(renderRecommendations(recommendations, options.output, context));
  return recommendations.some(({ missing }) => missing.length > 0) ? EXIT.gaps : EXIT.clean;
}

export async function planExternalCaCommand(options: ExternalCaOptions, around: Surroundings): Promise<ExitCode> {
  const { out, cwd } = around;
  const accepted = parseAccepted(options.accept ?? []);
  if (!accepted.ok) return fail(around, accepted.error, EXIT.usage);
  const ca = await readCa(options, around);
  if (!ca.ok) return fail(around, ca.error, EXIT.usage);
  const seen = await inventoryFor(options, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (!seen.ok) return fail(around, seen.error, EXIT.usage);
  const inventory = seen.value;
  const selection = selectProviders(inventory, options.provider ?? []);
  if (!selection.ok) return fail(around, nothingAnswers(selection.error, inventory), EXIT.usage);
  const planned = planFor(inventory, selection.value, ca.value, accepted.value);
  if (planned.kind === 'refused') return fail(around, refusedFailure(planned.refusals), EXIT.refused);
  if (planned.kind === 'thin') return fail(around, thinFailure(planned.missing), EXIT.gaps);
  const { plan, unneeded } = planned;
  const written = await writeAll([
    { path: resolve(cwd, options.out), shown: options.out, text: writePlan(plan), mode: 0o600, replace: true },
  ]);
  if (!written.ok) return fail(around, written.error, EXIT.usage);
  for (const { code, name } of unneeded) out.say(`--accept ${code}${name === undefined ? '' : `:${name}`} was not needed`);
  for (const outage of plan.outages) out.say(`${outage.vcenter} without any path: ${outageText(outage)}`);
  if (plan.warnings.length > 0) out.say(`${plan.warnings.length} warnings: the plan says which`);
  if (options.output === 'json')
    out.write(`${visibleJson({ formatVersion: 1, plan: options.out, steps: plan.steps.length, outages: plan.outages })}\n`);
  else out.write(`plan written to ${options.out}: ${plan.steps.length} steps\n`);
  out.say(`next: vasatrust plan show ${options.out} -o md > runbook.md, and vasatrust ca csr ${options.out} --out requests`);
  return EXIT.clean;
}

function planFor(inventory: Inventory, selection: Selection, ca: readonly DerBase64[], accepted: readonly Accepted[]): Planned {
  return planExternalCa(inventory, { selection, ca, accepted, madeBy: `vasatrust ${VERSION}` });
}

async function inventoryFor(options: EvidenceOptions, around: Surroundings): Promise<Result<Inventory, Failure>> {
  const bundle = await evidenceFor(options, around);
  return bundle.ok ? ok(buildInventory(bundle.value)) : bundle;
}

/** `--ca` wins over estate.yaml; read before anything is contacted. */
async function readCa(options: ExternalCaOptions, around: Surroundings): Promise<Result<readonly DerBase64[], Failure>> {
  const file = options.ca ?? (await configuredCa(options, around));
  if (file === undefined) {
    const remedy = 'Give it with --ca chain.pem, or as externalCa.certificateFile in estate.yaml.';
    return err({ code: 'usage', summary: "the external CA's certificates are missing", remedy });
  }
  try {
    const path = resolve(around.cwd, file);
    const { size } = await stat(path);
    if (size > MAX_CA_BYTES) return err(badCa(file, 'is larger than 1 MB'));
    return ok(certificatesInPem(await readFile(path, 'utf8')));
  } catch (error) {
    return err(badCa(file, `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`));
  }
}

async function configuredCa(options: ExternalCaOptions, around: Surroundings): Promise<string | undefined> {
  const config = await loadConfig(options.file, around.env, around.cwd);
  const found: Config | undefined = config.ok ? config.value : undefined;
  return found?.externalCa?.certificateFile;
}

const badCa = (file: string, what: string): Failure => ({
  code: 'file-unreadable',
  summary: `${file} ${what}`,
  remedy: 'Name a PEM file with the issuing CA, what is above it, and its root.',
});

function parseAccepted(words: readonly string[]): Result<readonly Accepted[], Failure> {
  const accepted = words.map((word): Accepted => {
    const colon = word.indexOf(':');
    return colon < 0 ? { code: word } : { code: word.slice(0, colon), name: word.slice(colon + 1) };
  });
  const unknown = accepted.find(({ code }) => !(ACCEPTABLE as readonly string[]).includes(code));
  if (unknown === undefined) return ok(accepted);
  return err({ code: 'usage', summary: `${unknown.code} cannot be accepted`, remedy: `These can: ${ACCEPTABLE.join(', ')}.` });
}

function nothingAnswers(text: string, inventory: Inventory): Failure {
  const names = inventory.providers.filter(({ category }) => category !== 'internal').flatMap((one) => one.names);
  const known =
    names.length === 0
      ? 'The estate has none.'
      : `Registered names: ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''}.`;
  return { code: 'usage', summary: `no provider of the estate answers to ${text}`, remedy: known };
}

function refusedFailure(refusals: readonly Refusal[]): Failure {
  const told = refusals.map((refusal) => ({ code: refusal.code as string, ...refusalText(refusal) }));
  return severalFailures('refused', told);
}

function thinFailure(missing: readonly Missing[]): Failure {
  return severalFailures(
    'evidence-too-thin',
    missing.map((one) => ({ code: one.what as string, ...missingText(one) })),
  );
}

/** All reasons at once: what is put right one by one would take as many runs. */
function severalFailures(
  code: string,
  told: readonly { readonly code: string; readonly summary: string; readonly remedy: string }[],
): Failure {
  const [first] = told;
  return {
    code,
    summary: first?.summary ?? code,
    remedy: first?.remedy ?? '',
    details: told,
    lines: told.flatMap(({ summary, remedy }) => [`${summary}.`, `  ${remedy}`]),
  };
}

function fail(around: Surroundings, failure: Failure, code: ExitCode): ExitCode {
  around.out.fail({ ...failure });
  return code;
}
