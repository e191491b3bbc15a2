import type { Certificate } from '../model/certificate.js';
import type { Vcenter } from '../model/inventory.js';
import { isIssuedBy } from '../x509/issuer.js';

/**
 * CA certificates, found by the key that signed something. Key identifier and name only decide the order in which candidates are tried;
 * what counts is the signature, and every candidate is tried before "nobody" is said.
 */
export class CaIndex {
  readonly #all: readonly Certificate[];
  readonly #bySki = new Map<string, Certificate[]>();
  readonly #bySubject = new Map<string, Certificate[]>();
  readonly #found = new Map<string, Certificate | undefined>();

  constructor(candidates: Iterable<Certificate>) {
    const distinct = new Map<string, Certificate>();
    for (const one of candidates) distinct.set(one.sha256, one);
    this.#all = [...distinct.values()];
    for (const ca of this.#all) {
      if (ca.ski !== undefined) push(this.#bySki, ca.ski, ca);
      push(this.#bySubject, ca.subject, ca);
    }
  }

  /** The certificate whose key signed `child`. */
  issuerOf(child: Certificate): Certificate | undefined {
    if (!this.#found.has(child.sha256)) this.#found.set(child.sha256, this.#search(child));
    return this.#found.get(child.sha256);
  }

  #search(child: Certificate): Certificate | undefined {
    const tried = new Set<Certificate>();
    const likely = [
      ...(child.aki === undefined ? [] : (this.#bySki.get(child.aki) ?? [])),
      ...(this.#bySubject.get(child.issuer) ?? []),
    ];
    for (const ca of [...likely, ...this.#all]) {
      if (tried.has(ca)) continue;
      tried.add(ca);
      if (isIssuedBy(child, ca)) return ca;
    }
    return undefined;
  }
}

function push(map: Map<string, Certificate[]>, key: string, value: Certificate): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** VMCA certificates read on appliances. */
export function currentVmcas(vcenters: readonly Vcenter[]): Certificate[] {
  return vcenters.flatMap((vcenter) => (vcenter.vmca?.source === 'appliance' ? [vcenter.vmca.certificate] : []));
}

/** Every CA certificate any vCenter of the estate trusts or runs. */
export function allAuthorities(vcenters: readonly Vcenter[]): Certificate[] {
  return vcenters.flatMap((vcenter) => [
    ...(vcenter.vmca === undefined ? [] : [vcenter.vmca.certificate]),
    ...vcenter.trustAnchors.flatMap((anchor) => (anchor.certificate.isCa ? [anchor.certificate] : [])),
  ]);
}
