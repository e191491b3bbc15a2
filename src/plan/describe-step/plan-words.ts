import type { ProviderId, Sha256Hex } from '../../model/ids.js';
import type { Plan, Step, VendorId } from '../../model/plan.js';
import type { PlannedCertificate } from '../../model/planned-certificate.js';
import { fingerprintText, parseBase64 } from '../../x509/parse.js';

/** Looks up what steps name. */
export class PlanWords {
  readonly #plan: Plan;

  /** As a word of a command line. */
  readonly planFile: string;

  constructor(plan: Plan, planFile: string) {
    this.#plan = plan;
    this.planFile = planFile;
  }

  provider(id: ProviderId): string {
    return indexOf(this.#plan).providers.get(id) ?? id;
  }

  vendor(id: ProviderId): VendorId {
    return indexOf(this.#plan).vendors.get(id) ?? 'unknown';
  }

  vcenter(id: string): string {
    return `${id} (${this.address(id)})`;
  }

  address(id: string): string {
    return indexOf(this.#plan).addresses.get(id) ?? id;
  }

  certificate(name: string): PlannedCertificate {
    const found = indexOf(this.#plan).certificates.get(name);
    if (found === undefined) throw new Error(`the plan has no certificate ${name}`);
    return found;
  }

  /** Nobody registers the new certificate of this controller before it. */
  isFirstRegistration(step: Extract<Step, { kind: 'register-provider' }>): boolean {
    return indexOf(this.#plan).firstRegistrations.has(step.id);
  }

  ca(sha256: Sha256Hex): { readonly subject: string; readonly keyId: string } {
    return indexOf(this.#plan).cas.get(sha256) ?? { subject: fingerprintText(sha256), keyId: 'unknown' };
  }
}

interface PlanIndex {
  readonly providers: ReadonlyMap<string, string>;
  readonly vendors: ReadonlyMap<string, VendorId>;
  readonly addresses: ReadonlyMap<string, string>;
  readonly certificates: ReadonlyMap<string, PlannedCertificate>;
  readonly cas: ReadonlyMap<string, { readonly subject: string; readonly keyId: string }>;
  readonly firstRegistrations: ReadonlySet<string>;
}

const indexes = new WeakMap<Plan, PlanIndex>();

/** Made once per plan: a runbook asks for every step. */
function indexOf(plan: Plan): PlanIndex {
  const known = indexes.get(plan);
  if (known !== undefined) return known;
  const cas = (plan.externalCa?.certificates ?? []).flatMap((der) => {
    const read = parseBase64(der);
    return read.ok
      ? [[read.value.sha256 as string, { subject: read.value.subject, keyId: colons(read.value.ski ?? '') }] as const]
      : [];
  });
  const made: PlanIndex = {
    providers: new Map(plan.providers.map(({ id, name }) => [id, name])),
    vendors: new Map(plan.providers.map(({ id, vendor }) => [id, vendor])),
    addresses: new Map(plan.vcenters.map(({ id, address }) => [id, address])),
    certificates: new Map(plan.providerCertificates.map((one) => [one.name, one])),
    cas: new Map(cas),
    firstRegistrations: new Set(firstRegistrations(plan)),
  };
  indexes.set(plan, made);
  return made;
}

function firstRegistrations({ steps }: Plan): string[] {
  const seen = new Set<string>();
  return steps.flatMap((step) => {
    if (step.kind !== 'register-provider' || seen.has(step.certificate)) return [];
    seen.add(step.certificate);
    return [step.id];
  });
}

const colons = (hex: string): string => (hex.toUpperCase().match(/../g) ?? []).join(':');
