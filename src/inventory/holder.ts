import type { Certificate } from '../model/certificate.js';
import type { Sha256Hex, VcenterId } from '../model/ids.js';
import type { Endpoint, Holder, Vcenter } from '../model/inventory.js';
import { isIssuedBy } from '../x509/issuer.js';
import { allAuthorities, CaIndex, currentVmcas } from './ca-index.js';
import type { SeenRegistration } from './group-providers.js';
import type { OwnCertificate } from './vcenters.js';

/** What all searches for holders share; made once per estate. */
export class HolderSearch {
  readonly vmcas: CaIndex;
  readonly authorities: CaIndex;
  readonly vcenters: readonly Vcenter[];
  readonly #byId: ReadonlyMap<VcenterId, Vcenter>;
  readonly #runningKey = new Map<Sha256Hex, VcenterId[]>();
  readonly #trustingKey = new Map<Sha256Hex, VcenterId[]>();
  /** Subject of the CA → own certificates that name it as issuer. */
  readonly #ownByIssuer = new Map<string, { readonly vcenter: VcenterId; readonly own: OwnCertificate }[]>();
  readonly #withoutAnchors: ReadonlySet<VcenterId>;
  /** vCenters of which a host's or the `sps-extension` certificate was seen. */
  readonly #issuesToOthers = new Set<VcenterId>();

  constructor(vcenters: readonly Vcenter[], own: ReadonlyMap<VcenterId, readonly OwnCertificate[]>) {
    this.vcenters = vcenters;
    this.vmcas = new CaIndex(currentVmcas(vcenters));
    this.authorities = new CaIndex(allAuthorities(vcenters));
    this.#byId = new Map(vcenters.map((vcenter) => [vcenter.id, vcenter]));
    this.#withoutAnchors = new Set(vcenters.filter((vcenter) => vcenter.trustAnchors.length === 0).map((vcenter) => vcenter.id));
    for (const vcenter of vcenters) {
      if (vcenter.vmca?.source === 'appliance') append(this.#runningKey, vcenter.vmca.certificate.spkiSha256, vcenter.id);
      for (const key of new Set(vcenter.trustAnchors.map((anchor) => anchor.certificate.spkiSha256)))
        append(this.#trustingKey, key, vcenter.id);
      for (const one of own.get(vcenter.id) ?? []) {
        append(this.#ownByIssuer, one.certificate.issuer, { vcenter: vcenter.id, own: one });
        if (one.what !== 'machine-ssl') this.#issuesToOthers.add(vcenter.id);
      }
    }
  }

  /** vCenters whose current VMCA has this key. */
  running(ca: Certificate): readonly VcenterId[] {
    return this.#runningKey.get(ca.spkiSha256) ?? [];
  }

  /** vCenters that have a certificate with this key among their trust anchors. */
  trusting(ca: Certificate): readonly VcenterId[] {
    return this.#trustingKey.get(ca.spkiSha256) ?? [];
  }

  /**
   * Own certificates this CA's key signed, one per vCenter. A machine-SSL certificate is the one that is often replaced by an outside
   * CA's: alone it counts only where nothing else of that vCenter comes from another key, and where no second vCenter has one too.
   */
  issuedBy(ca: Certificate): { readonly vcenter: VcenterId; readonly own: OwnCertificate }[] {
    const found = new Map<VcenterId, { readonly vcenter: VcenterId; readonly own: OwnCertificate }>();
    for (const one of this.#ownByIssuer.get(ca.subject) ?? [])
      if (!found.has(one.vcenter) && isIssuedBy(one.own.certificate, ca)) found.set(one.vcenter, one);
    const owners = [...found.values()].filter((one) => one.own.what !== 'machine-ssl' || !this.#hasOtherIssuer(one.vcenter, ca));
    return owners.length > 1 && owners.every((one) => one.own.what === 'machine-ssl') ? [] : owners;
  }

  /** Asked where nothing but the machine-SSL certificate comes from `ca`. */
  #hasOtherIssuer(id: VcenterId, ca: Certificate): boolean {
    const vmca = this.#byId.get(id)?.vmca;
    if (vmca?.source === 'appliance' && vmca.certificate.spkiSha256 !== ca.spkiSha256) return true;
    return this.#issuesToOthers.has(id);
  }

  isLinked(id: VcenterId): boolean {
    const vcenter = this.#byId.get(id);
    return vcenter !== undefined && (vcenter.linkedWith.length > 0 || (vcenter.linkedOutside ?? 0) > 0);
  }

  sawAnchorsOf(id: VcenterId): boolean {
    return !this.#withoutAnchors.has(id);
  }

  /** "No other bundle has it" is known only where every other bundle was seen. */
  sawAnchorsOfAllBut(id: VcenterId): boolean {
    return [...this.#withoutAnchors].every((one) => one === id);
  }
}

/** The provider whose holder is looked for. */
export interface HeldProvider {
  readonly registrations: readonly SeenRegistration[];
  /** retainVasaProviderCertificate; missing where nobody says. */
  readonly retained: boolean | undefined;
}

/**
 * Whose VMCA issued what the provider serves: by signature, never by name. Undefined where nothing in the estate proves a holder: the
 * certificate is the provider's own, an external CA's, or some other vCenter's.
 */
export function findHolder(endpoint: Endpoint, provider: HeldProvider, search: HolderSearch): Holder | undefined {
  const { leaf } = endpoint;
  if (leaf === undefined || isIssuedBy(leaf, leaf)) return undefined;
  const byKey = byVmcaKey(leaf, search);
  // A retained certificate is the provider's own business: whoever else its CA issued to does not hold it.
  if (byKey !== undefined || provider.retained === true) return byKey;
  return byIssuedCertificates(leaf, search) ?? byOnlyBundle(leaf, provider, search) ?? bySmsRecord(leaf, provider, search);
}

/** The current VMCA certificate of a vCenter, read on its appliance, signed it. Several share a key where they share a PSC. */
function byVmcaKey(leaf: Certificate, search: HolderSearch): Holder | undefined {
  const issuer = search.vmcas.issuerOf(leaf);
  if (issuer === undefined) return undefined;
  return {
    vcenters: search.running(issuer),
    ...keyIdOf(issuer),
    grade: 'vmca-key',
    proof: { kind: 'signature', issuer: issuer.sha256, subject: issuer.subject, via: [] },
  };
}

/** The key that signed it also issued a vCenter's own machine-SSL, host or sps-extension certificate. */
function byIssuedCertificates(leaf: Certificate, search: HolderSearch): Holder | undefined {
  const issuer = search.authorities.issuerOf(leaf);
  const owners = issuer === undefined ? [] : search.issuedBy(issuer);
  const [first] = owners;
  if (issuer === undefined || first === undefined) return undefined;
  return {
    vcenters: owners.map((one) => one.vcenter),
    ...keyIdOf(issuer),
    grade: 'issued-certificates',
    proof: { kind: 'same-key-issued', issuer: issuer.sha256, issued: first.own.certificate.sha256, what: first.own.what },
  };
}

/** Weak: exactly one vCenter's anchors have the issuer, and that vCenter alone qualifies. */
function byOnlyBundle(leaf: Certificate, provider: HeldProvider, search: HolderSearch): Holder | undefined {
  const issuer = search.authorities.issuerOf(leaf);
  const trusting = issuer === undefined ? [] : search.trusting(issuer);
  const [only] = trusting;
  if (issuer === undefined || only === undefined || trusting.length !== 1) return undefined;
  if (!search.sawAnchorsOfAllBut(only) || search.isLinked(only)) return undefined;
  if (provider.registrations.filter((one) => one.vcenter === only).length !== 1) return undefined;
  return { vcenters: [only], ...keyIdOf(issuer), grade: 'only-bundle', proof: { kind: 'only-bundle', issuer: issuer.sha256 } };
}

/**
 * Weakest: one SMS has exactly this certificate and is online with it. A vCenter always trusts its own VMCA, so one whose anchors were
 * seen without the issuer did not issue it, and one whose anchors were not seen could have.
 */
function bySmsRecord(leaf: Certificate, provider: HeldProvider, search: HolderSearch): Holder | undefined {
  const qualifying = provider.registrations.filter(({ record }) => record.status === 'online' && record.certificate === leaf.der);
  const [only] = qualifying;
  if (only === undefined || qualifying.length !== 1 || search.isLinked(only.vcenter)) return undefined;
  if (!search.sawAnchorsOfAllBut(only.vcenter)) return undefined;
  const issuer = search.authorities.issuerOf(leaf);
  const trusting = issuer === undefined ? [] : search.trusting(issuer);
  if (trusting.some((one) => one !== only.vcenter)) return undefined;
  if (search.sawAnchorsOf(only.vcenter) && trusting.length === 0) return undefined;
  return {
    vcenters: [only.vcenter],
    ...(leaf.aki === undefined ? {} : { vmcaKeyId: leaf.aki }),
    grade: 'sms-record',
    proof: { kind: 'sms-record', uid: only.record.uid },
  };
}

function keyIdOf(issuer: Certificate): Pick<Holder, 'vmcaKeyId'> {
  return issuer.ski === undefined ? {} : { vmcaKeyId: issuer.ski };
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
