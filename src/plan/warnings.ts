import { isoTime, type VcenterId } from '../model/ids.js';
import type { Inventory, Provider } from '../model/inventory.js';
import type { Outage, PlanWarning, Step } from '../model/plan.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { type Controller, listArrays } from './controllers.js';
import type { CaChain } from './external-ca-chain.js';
import { outsideIssuer } from './refusals.js';
import type { Selection } from './select-providers.js';
import { VENDORS, type Vendor, vendorOf } from './vendors.js';
import { mayDropSmsCertificate } from './versions.js';

/** Certificates are not signed while clocks differ by more than this: `not yet valid` counts as an invalid certificate. */
const CLOCK_SKEW_MS = 60_000;
/** An external CA that ends within a year takes every registration with it. */
const CA_LEFT_MS = 365 * 86_400_000;

interface Drafted {
  readonly certificates: ReadonlyMap<Controller, PlannedCertificate>;
  readonly controllers: readonly Controller[];
  readonly standing: readonly Controller[];
  readonly steps: readonly Step[];
  readonly outages: readonly Outage[];
}

/** What the operator has to know before the first step, in a stable order. */
export function warningsFor(inventory: Inventory, selection: Selection, ca: CaChain, draft: Drafted): PlanWarning[] {
  const involved = new Set(
    draft.controllers.flatMap(({ registrations }) => registrations.map(({ registration }) => registration.vcenter)),
  );
  const vcenters = inventory.vcenters.filter(({ id }) => involved.has(id)).sort((a, b) => (a.id < b.id ? -1 : 1));
  return [
    ...outageWarnings(draft),
    ...draft.controllers.flatMap(({ providers }) =>
      providers.flatMap((provider): PlanWarning[] => {
        const issuer = outsideIssuer(provider, ca);
        return issuer === undefined ? [] : [{ code: 'holder-outside', provider: provider.id, issuer }];
      }),
    ),
    ...dependentsWarnings(draft),
    ...removalWarnings(draft.steps),
    ...addedRegistrations(draft.steps),
    ...selection.broughtIn
      .filter(({ provider }) => draft.controllers.some(({ providers }) => providers.some(({ id }) => id === provider)))
      .map((one): PlanWarning => ({ code: 'brought-in', ...one })),
    ...vendorWarnings(draft.controllers.flatMap(({ providers }) => providers)),
    ...[...draft.certificates.values()]
      .filter(({ san }) => !san.some(({ kind }) => kind === 'dns'))
      .map(({ provider }): PlanWarning => ({ code: 'no-host-name', provider })),
    ...vcenters.flatMap((vcenter): PlanWarning[] => {
      const drops = (vcenter.hosts ?? []).filter(mayDropSmsCertificate).map(({ name }) => name);
      const ahead = vcenter.clockAheadMs;
      return [
        ...(drops.length === 0 ? [] : [{ code: 'host-store-drop', vcenter: vcenter.id, hosts: drops.sort() } as const]),
        ...(ahead === undefined ? [{ code: 'clock-not-seen', vcenter: vcenter.id } as const] : []),
        ...(ahead !== undefined && Math.abs(ahead) > CLOCK_SKEW_MS
          ? [{ code: 'clock-skew', vcenter: vcenter.id, aheadMs: ahead } as const]
          : []),
      ];
    }),
    ...linkedWarnings(draft.steps, involved),
    ...mixedVersions(vcenters.map(({ version }) => version)),
    ...ca.certificates
      .filter(({ notAfter }) => notAfter.getTime() - new Date(inventory.takenAt).getTime() < CA_LEFT_MS)
      .map(({ subject, notAfter }): PlanWarning => ({ code: 'ca-expires', subject, notAfter: isoTime(notAfter) })),
  ];
}

function outageWarnings({ controllers, standing, outages }: Drafted): PlanWarning[] {
  return listArrays([...controllers, ...standing]).flatMap(({ array, controllers: over }): PlanWarning[] => {
    const [only] = over;
    const lost = outages.filter(({ windows }) => windows.some((one) => one.array === array && one.why === 'last-path'));
    if (over.length === 1 && only !== undefined)
      return [{ code: 'outage-for-all', array, because: only.joinedBy ?? 'one-controller' }];
    return lost.map(({ vcenter }) => ({ code: 'last-path', vcenter, array }));
  });
}

/** What runs while a vCenter has no path, or on a registration that is removed: said once per vCenter. */
function dependentsWarnings({ controllers }: Drafted): PlanWarning[] {
  const found = new Map<VcenterId, { datastores: Set<string>; poweredOnVms: number }>();
  for (const { registration } of controllers.flatMap(({ registrations }) => registrations)) {
    const { dependents, vcenter } = registration;
    if (dependents === undefined || dependents.poweredOnVms === 0) continue;
    const known = found.get(vcenter) ?? { datastores: new Set<string>(), poweredOnVms: 0 };
    for (const { name } of dependents.datastores) known.datastores.add(name);
    known.poweredOnVms = Math.max(known.poweredOnVms, dependents.poweredOnVms);
    found.set(vcenter, known);
  }
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([vcenter, { datastores, poweredOnVms }]) => ({
      code: 'dependents-running',
      vcenter,
      datastores: [...datastores].sort(),
      poweredOnVms,
    }));
}

/** A registration that works now goes offline with the certificate; whether its removal then hits the published fault is not known. */
function removalWarnings(steps: readonly Step[]): PlanWarning[] {
  const removals = steps.flatMap((step) => (step.kind === 'remove-registration' && step.how === 'plain' ? [step] : []));
  if (removals.length === 0) return [];
  const vcenters = [...new Set(removals.map(({ vcenter }) => vcenter))].sort();
  return [{ code: 'removal-may-fail', providers: [...new Set(removals.map(({ provider }) => provider))], vcenters }];
}

function addedRegistrations(steps: readonly Step[]): PlanWarning[] {
  return steps.flatMap((step): PlanWarning[] =>
    step.kind === 'register-provider' && step.replaces === undefined
      ? [{ code: 'added-registration', vcenter: step.vcenter, provider: step.provider }]
      : [],
  );
}

/** One question each, for all the providers it is about. */
function vendorWarnings(providers: readonly Provider[]): PlanWarning[] {
  const about = (isOpen: (vendor: Vendor) => boolean) =>
    providers.filter((one) => isOpen(VENDORS[vendorOf(one)])).map(({ id }) => id);
  const questions = [
    { what: 'retain', providers: about(({ retainMark }) => retainMark !== 'documented') },
    { what: 'install', providers: about(({ install }) => install.some((line) => line.startsWith('Ask your vendor'))) },
    { what: 'client-cas', providers: about(() => true) },
  ] as const;
  return questions.filter((one) => one.providers.length > 0).map((one) => ({ code: 'ask-vendor', ...one }));
}

function linkedWarnings(steps: readonly Step[], involved: ReadonlySet<VcenterId>): PlanWarning[] {
  return steps.flatMap((step): PlanWarning[] =>
    step.kind === 'confirm-backup'
      ? step.groups
          .filter((group) => group.length > 1 && group.some((id) => involved.has(id)))
          .map((vcenters) => ({ code: 'linked', vcenters }))
      : [],
  );
}

function mixedVersions(versions: readonly (string | undefined)[]): PlanWarning[] {
  const distinct = [
    ...new Set(versions.flatMap((version) => (version === undefined ? [] : [version.split('.').slice(0, 2).join('.')]))),
  ];
  return distinct.length > 1 ? [{ code: 'mixed-versions', versions: distinct.sort() }] : [];
}
