import type { PlannedCertificate, PlannedName } from '../model/planned-certificate.js';
import { canonicalAddress, canonicalHostPort } from '../x509/names.js';
import { type Controller, isLoopback, leavesOf } from './controllers.js';
import type { CaChain } from './external-ca-chain.js';
import { providerName } from './select-providers.js';

/** RFC 5280 appendix A.1, ub-common-name. */
const LONGEST_COMMON_NAME = 64;
const KEY_BITS = 3072;

/** One certificate per controller, named after what is registered there; names are unique in the plan. */
export function planCertificates(controllers: readonly Controller[], ca: CaChain): Map<Controller, PlannedCertificate> {
  const taken = new Set<string>();
  const planned = new Map<Controller, PlannedCertificate>();
  for (const controller of controllers) {
    const [provider] = controller.providers;
    if (provider === undefined) continue;
    const san = namesOf(controller);
    const name = uniqueStem(controller.providers.map(providerName).join('-'), taken);
    const short = san.find(({ value }) => value.length <= LONGEST_COMMON_NAME)?.value;
    planned.set(controller, {
      name,
      provider: provider.id,
      commonName: short ?? name,
      san,
      keyBits: KEY_BITS,
      // Leaf first is what TLS sends; no vendor's own order is documented.
      chainOrder: 'leaf-first',
      root: ca.root.sha256,
      chain: ca.certificates.map(({ sha256 }) => sha256),
    });
  }
  return planned;
}

/** Every name and address by which a vCenter registered it, the addresses it was found at, and the host names its present certificate carries; names first, sorted. */
export function namesOf(controller: Controller): PlannedName[] {
  const hosts = controller.urls.flatMap((url) => canonicalHostPort(url)?.host ?? []);
  const carried = controller.providers
    .flatMap(leavesOf)
    .flatMap(({ san }) => san.flatMap(({ kind, value }) => (kind === 'dns' && isHostName(value) ? [value.toLowerCase()] : [])));
  const found = controller.registrations.flatMap(({ registration: { reach } }) =>
    reach.from === 'nobody' ? [] : reach.addresses,
  );
  const seen = controller.providers.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ address, vcenter }) => (vcenter === undefined ? (address ?? []) : [])),
  );
  // A tunnel's end on this machine is nobody's address.
  const addresses = [...found, ...seen].filter((one) => canonicalAddress(one) !== undefined && !isLoopback(one));
  const names = new Map<string, PlannedName>();
  for (const host of [...hosts, ...addresses, ...carried]) {
    const address = canonicalAddress(host);
    const name: PlannedName = address === undefined ? { kind: 'dns', value: host } : { kind: 'ip', value: address };
    if (name.kind === 'ip' || isHostName(host)) names.set(`${name.kind} ${name.value}`, name);
  }
  return [...names.values()].sort((a, b) => order(a, b));
}

const order = (a: PlannedName, b: PlannedName): number =>
  a.kind === b.kind ? (a.value < b.value ? -1 : 1) : a.kind === 'dns' ? -1 : 1;

/** What a CA signs as dNSName: no wildcard, no `localhost`, no underscore tricks. */
const isHostName = (text: string): boolean =>
  /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/i.test(text) &&
  text.toLowerCase() !== 'localhost';

/** `[A-Za-z0-9][A-Za-z0-9._-]*`, at most 64 characters, not taken yet: names come from outside and end up as file names. */
export function uniqueStem(text: string, taken: Set<string>, longest = 64): string {
  const plain = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .replace(/[^A-Za-z0-9]+$/, '');
  const stem = plain.slice(0, longest - 6) || 'certificate';
  let name = stem;
  // Files must not collide where case does not count.
  for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${stem}-${number}`;
  taken.add(name.toLowerCase());
  return name;
}
