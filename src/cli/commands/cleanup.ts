import { loadConfig } from '../../config/load-config.js';
import { buildInventory } from '../../inventory/build-inventory.js';
import type { ApplianceProbes } from '../../model/appliance-probes.js';
import type { CleanupAnswer } from '../../model/cleanup-plan.js';
import type { EvidenceBundle } from '../../model/evidence.js';
import type { VcenterId } from '../../model/ids.js';
import type { Inventory } from '../../model/inventory.js';
import type { Accepted } from '../../model/plan-answer.js';
import { namesToResolve } from '../../plan/cleanup-gates.js';
import { type CleanupRequest, planCleanup } from '../../plan/plan-cleanup.js';
import { renderCleanup } from '../../report/render-cleanup.js';
import { evidenceFor, failureOf, mistakesFailure } from '../evidence.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { openLook } from '../look.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import type { Failure } from '../terminal.js';
import { VERSION } from '../version.js';

export interface CleanupOptions extends GlobalOptions {
  readonly provider?: string;
  readonly allStale?: boolean;
  readonly dryRun?: boolean;
  readonly runbook?: 'md';
  readonly accept?: readonly string[];
  readonly originalRetry?: number;
  /** Seconds between the two looks; 0: look once. */
  readonly secondLook: number;
  readonly oneAtATime?: boolean;
  readonly evidence?: string;
}

/** Shows how a cleanup is done. Reads only: the audit's looks, twice, and one more at the appliance. */
export async function cleanupCommand(wanted: string, options: CleanupOptions, around: Surroundings): Promise<ExitCode> {
  const { out } = around;
  const mistake = usageMistake(options);
  if (mistake !== undefined) {
    out.fail(mistake);
    return EXIT.usage;
  }
  if (options.dryRun !== true && options.runbook === undefined) {
    out.fail(NOT_YET);
    return EXIT.refused;
  }
  const seen =
    options.evidence === undefined ? await lookTwice(wanted, options, around) : await fromFile(wanted, options, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (seen.kind === 'failed') {
    out.fail(seen.failure);
    return seen.code;
  }
  out.write(renderCleanup(seen.answer, options.runbook ?? options.output));
  return exitCodeOf(seen.answer);
}

function usageMistake({ provider, allStale, originalRetry }: CleanupOptions): Failure | undefined {
  if ((provider === undefined) === (allStale !== true))
    return {
      code: 'usage',
      summary: 'name one registration with --provider, or all stale ones with --all-stale',
      remedy: 'Say which of the two; `vasatrust audit` lists what is stale.',
    };
  if (originalRetry === 0)
    return {
      code: 'usage',
      summary: '--original-retry 0 is no number of attempts',
      remedy: 'Give the number the file had before, 99999 as far as is published.',
    };
  return undefined;
}

const NOT_YET: Failure = {
  code: 'not-supported',
  summary: 'this version does not carry a cleanup out by itself; nothing was changed',
  remedy: 'Use --dry-run to see every command, and --runbook md for the procedure to do by hand.',
};

type Seen =
  | { readonly kind: 'answer'; readonly answer: CleanupAnswer }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly code: ExitCode };

const failed = (failure: Failure, code: ExitCode): Seen => ({ kind: 'failed', failure, code });

async function fromFile(wanted: string, options: CleanupOptions, around: Surroundings): Promise<Seen> {
  const bundle = await evidenceFor(options, around);
  if (!bundle.ok) return failed(bundle.error, EXIT.usage);
  const vcenter = vcenterOf(bundle.value, wanted);
  if (vcenter.kind === 'failed') return vcenter;
  return { kind: 'answer', answer: planCleanup(buildInventory(bundle.value), requestFor(vcenter.id, options)) };
}

async function lookTwice(wanted: string, options: CleanupOptions, around: Surroundings): Promise<Seen> {
  const config = await loadConfig(options.file, around.env, around.cwd);
  if (!config.ok) return failed(mistakesFailure(config.error), EXIT.usage);
  const known = config.value.vcenters.find(({ id, address }) => id === wanted || address === wanted);
  if (known === undefined)
    return failed(
      unknownVcenter(
        wanted,
        config.value.vcenters.map(({ id }) => id),
      ),
      EXIT.usage,
    );
  const look = openLook(config.value, options.progress, around);
  const first = await look.estate();
  const seen = vcenterOf(first, known.id);
  if (seen.kind === 'failed') return seen;
  const request = requestFor(known.id, options);
  let inventory = buildInventory(first);
  let firstLook: Inventory | undefined;
  if (isWorthMore(planCleanup(inventory, request)) && options.secondLook > 0) {
    around.out.say(`looking a second time in ${options.secondLook} s: what is stale has to be stale both times`);
    await pause(options.secondLook * 1000, around.interrupted);
    if (around.interrupted.aborted) return failed(NOT_YET, EXIT.interrupted);
    const second = await look.estate();
    const again = vcenterOf(second, known.id);
    if (again.kind === 'failed') return again;
    firstLook = inventory;
    inventory = buildInventory(second);
  }
  const probes = await probesOf(inventory, known.id, (names) => look.appliance(known, names));
  return {
    kind: 'answer',
    answer: planCleanup(inventory, { ...request, ...(firstLook === undefined ? {} : { firstLook }) }, probes),
  };
}

async function probesOf(
  inventory: Inventory,
  id: VcenterId,
  probe: (names: readonly string[]) => Promise<ApplianceProbes>,
): Promise<ApplianceProbes | undefined> {
  const vcenter = inventory.vcenters.find((one) => one.id === id);
  return vcenter === undefined ? undefined : probe(namesToResolve(inventory, vcenter));
}

/** Nothing that a second look could change stands in the way. */
function isWorthMore(answer: CleanupAnswer): boolean {
  if (answer.kind === 'nothing-stale') return false;
  return (
    answer.kind === 'plan' ||
    !answer.refusals.some(({ code }) => ['not-registered', 'not-stale', 'internal-provider'].includes(code))
  );
}

function requestFor(vcenter: VcenterId, { provider, accept = [], originalRetry, oneAtATime }: CleanupOptions): CleanupRequest {
  return {
    vcenter,
    accepted: accept.map(parseAccept),
    purpose: 'show',
    madeBy: `vasatrust ${VERSION}`,
    ...(provider === undefined ? {} : { provider }),
    ...(originalRetry === undefined ? {} : { originalRetry }),
    ...(oneAtATime === undefined ? {} : { oneAtATime }),
  };
}

/** `CODE` or `CODE:NAME`; a name may hold colons. */
function parseAccept(text: string): Accepted {
  const at = text.indexOf(':');
  return at === -1 ? { code: text } : { code: text.slice(0, at), name: text.slice(at + 1) };
}

function vcenterOf(
  { vcenters }: EvidenceBundle,
  wanted: string,
): { readonly kind: 'found'; readonly id: VcenterId } | Extract<Seen, { kind: 'failed' }> {
  const vcenter = vcenters.find(({ id, address }) => id === wanted || address === wanted);
  const not = (failure: Failure, code: ExitCode) => ({ kind: 'failed', failure, code }) as const;
  if (vcenter === undefined)
    return not(
      unknownVcenter(
        wanted,
        vcenters.map(({ id }) => id),
      ),
      EXIT.usage,
    );
  if (vcenter.registrations.state === 'unknown') return not(failureOf(vcenter.registrations.problem), EXIT.gaps);
  return { kind: 'found', id: vcenter.id };
}

const unknownVcenter = (wanted: string, known: readonly string[]): Failure => ({
  code: 'usage',
  summary: `there is no vCenter "${wanted}" in the estate`,
  remedy: `Name one of: ${known.join(', ')}.`,
});

/** 0, or 3 with something undecided among them; 6 refused. */
function exitCodeOf(answer: CleanupAnswer): ExitCode {
  if (answer.kind === 'refused') return EXIT.refused;
  const undecided = answer.kind === 'plan' ? answer.plan.undecided : answer.undecided;
  return undecided.length > 0 ? EXIT.gaps : EXIT.clean;
}

function pause(ms: number, interrupted: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    interrupted.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
