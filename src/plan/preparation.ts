import type { Certificate } from '../model/certificate.js';
import type { VcenterId } from '../model/ids.js';
import type { Inventory, Vcenter } from '../model/inventory.js';
import type { Step, StepId } from '../model/plan.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { canonicalHostPort } from '../x509/names.js';
import type { Controller } from './controllers.js';
import { secondsOf } from './durations.js';
import type { CaChain } from './external-ca-chain.js';
import type { StepIds } from './step-ids.js';
import { isAtLeast, mayDropSmsCertificate } from './versions.js';

/** Everything before the first certificate changes. It takes nobody's path, so that different vCenters can be worked on at once. */
export interface Preparation {
  readonly steps: readonly Step[];
  /** What the first change has to wait for. */
  readonly gates: readonly StepId[];
}

export function prepare(
  inventory: Inventory,
  changing: ReadonlyMap<Controller, PlannedCertificate>,
  ca: CaChain,
  ids: StepIds,
): Preparation {
  const vcenters = [...inventory.vcenters].sort((a, b) => (a.id < b.id ? -1 : 1));
  const involved = new Set(
    [...changing.keys()].flatMap(({ registrations }) => registrations.map((one) => one.registration.vcenter)),
  );
  const evidence: Step = {
    ...frame('confirm-evidence', ids.next('confirm-evidence'), [], 'tool'),
    kind: 'confirm-evidence',
  };
  const checks: Step[] = [
    {
      ...frame('confirm-clocks', ids.next('confirm-clocks'), [evidence.id], 'operator'),
      kind: 'confirm-clocks',
      vcenters: vcenters
        .filter(({ id }) => involved.has(id))
        .map(({ id, clockAheadMs }) => ({ vcenter: id, ...(clockAheadMs === undefined ? {} : { aheadMs: clockAheadMs }) })),
    },
    {
      ...frame('confirm-backup', ids.next('confirm-backup'), [evidence.id], 'operator'),
      kind: 'confirm-backup',
      groups: linkedGroups(vcenters),
    },
    {
      ...frame('hold-automation', ids.next('hold-automation'), [evidence.id], 'operator'),
      kind: 'hold-automation',
      providers: [...changing.keys()].flatMap(({ providers }) => providers.map(({ id }) => id)),
    },
    ...[...changing].map(([controller, certificate]) => confirmNames(controller, certificate, evidence.id, ids)),
  ];
  const obtain: Step = {
    ...frame('obtain-certificates', ids.next('obtain-certificates'), namesSteps(checks), 'operator'),
    place: { kind: 'ca' },
    kind: 'obtain-certificates',
    certificates: [...changing.values()].map(({ name }) => name),
  };
  const before = checks.filter(({ kind }) => kind === 'confirm-clocks' || kind === 'confirm-backup').map(({ id }) => id);
  const roots = rootSteps(vcenters, involved, ca, before, ids);
  return {
    steps: [evidence, ...checks, obtain, ...roots.steps],
    gates: [obtain.id, ...checks.filter(({ kind }) => kind === 'hold-automation').map(({ id }) => id), ...roots.last],
  };
}

const namesSteps = (steps: readonly Step[]): StepId[] => steps.filter(({ kind }) => kind === 'confirm-names').map(({ id }) => id);

function frame(kind: Step['kind'], id: StepId, needs: readonly StepId[], actor: Step['actor']) {
  return { id, needs, actor, place: { kind: 'estate' }, seconds: secondsOf(kind) } as const;
}

function confirmNames(controller: Controller, certificate: PlannedCertificate, needs: StepId, ids: StepIds): Step {
  const used = controller.registrations.flatMap(({ registration }) => {
    const host = canonicalHostPort(registration.url)?.host;
    return host === undefined ? [] : [{ vcenter: registration.vcenter, host }];
  });
  const distinct = new Map(used.map((one) => [`${one.vcenter} ${one.host}`, one]));
  return {
    ...frame('confirm-names', ids.next('confirm-names', certificate.name), [needs], 'operator'),
    place: { kind: 'provider', provider: certificate.provider },
    kind: 'confirm-names',
    certificate: certificate.name,
    used: [...distinct.values()],
  };
}

/** vCenters of one directory are backed up, and rolled back, together. */
function linkedGroups(vcenters: readonly Vcenter[]): VcenterId[][] {
  const groups: VcenterId[][] = [];
  const placed = new Set<VcenterId>();
  const byId = new Map(vcenters.map((vcenter) => [vcenter.id, vcenter]));
  for (const { id } of vcenters) {
    if (placed.has(id)) continue;
    const group: VcenterId[] = [];
    for (const open = [id]; open.length > 0; ) {
      const next = open.pop() as VcenterId;
      if (placed.has(next)) continue;
      placed.add(next);
      group.push(next);
      for (const { vcenter } of byId.get(next)?.linkedWith ?? []) if (byId.has(vcenter)) open.push(vcenter);
    }
    groups.push(group.sort());
  }
  return groups;
}

/** Roots and intermediates: into the directory, seen in the store, then host by host. `last` is what ends each vCenter's row. */
function rootSteps(
  vcenters: readonly Vcenter[],
  involved: ReadonlySet<VcenterId>,
  ca: CaChain,
  before: readonly StepId[],
  ids: StepIds,
): { readonly steps: Step[]; readonly last: StepId[] } {
  const steps: Step[] = [];
  const last: StepId[] = [];
  const published = new Map<VcenterId, StepId>();
  for (const vcenter of vcenters) {
    const missing = missingAt(
      vcenter.trustAnchors.map(({ certificate }) => certificate),
      ca,
    );
    const optional = involved.has(vcenter.id) ? {} : ({ optional: 'no-registration' } as const);
    if (missing.length > 0 && !published.has(vcenter.id)) {
      // Only what the directory itself tells counts: trusting one another may have other reasons.
      const reaches = vcenter.linkedWith.filter(({ basis }) => basis === 'topology').map((one) => one.vcenter);
      const id = ids.next('publish-roots', vcenter.id);
      steps.push({
        ...frame('publish-roots', id, before, 'tool'),
        place: { kind: 'vcenter', vcenter: vcenter.id },
        ...(reaches.some((one) => involved.has(one)) ? {} : optional),
        kind: 'publish-roots',
        vcenter: vcenter.id,
        certificates: missing.map(({ sha256 }) => sha256),
        by: isAtLeast(vcenter.version, '7.0') === true ? 'rest' : 'dir-cli',
        reaches,
      });
      for (const one of [vcenter.id, ...reaches]) published.set(one, id);
    }
    const waitFor = published.get(vcenter.id);
    const confirm = ids.next('confirm-roots', vcenter.id);
    steps.push({
      ...frame('confirm-roots', confirm, waitFor === undefined ? before : [waitFor], 'tool'),
      place: { kind: 'appliance', vcenter: vcenter.id },
      ...optional,
      kind: 'confirm-roots',
      vcenter: vcenter.id,
      certificates: ca.certificates.map(({ sha256 }) => sha256),
    });
    const pushes = involved.has(vcenter.id) ? hostSteps(vcenter, ca, confirm, ids) : [];
    steps.push(...pushes);
    if (involved.has(vcenter.id)) last.push(pushes.at(-1)?.id ?? confirm);
  }
  return { steps, last };
}

/** One host after the other: a refresh makes it ask every provider for a new session, and what goes wrong shall go wrong once. */
function hostSteps(vcenter: Vcenter, ca: CaChain, needs: StepId, ids: StepIds): Step[] {
  let previous = needs;
  return [...(vcenter.hosts ?? [])]
    .filter((host) => host.trustAnchors === undefined || missingAt(host.trustAnchors, ca).length > 0)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((host): Step => {
      const id = ids.next('push-host-roots', vcenter.id, host.name);
      const step: Step = {
        ...frame('push-host-roots', id, [previous], 'tool'),
        place: { kind: 'host', vcenter: vcenter.id, host: host.name },
        kind: 'push-host-roots',
        vcenter: vcenter.id,
        host: host.name,
        ref: host.ref,
        ...(host.version === undefined ? {} : { version: host.version }),
        mayDropSmsCertificate: mayDropSmsCertificate(host),
      };
      previous = id;
      return step;
    });
}

function missingAt(anchors: readonly Certificate[], ca: CaChain): Certificate[] {
  const known = new Set(anchors.map(({ sha256 }) => sha256));
  return ca.certificates.filter(({ sha256 }) => !known.has(sha256));
}
