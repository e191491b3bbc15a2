import type { Host, Provider } from '../model/inventory.js';

/** First vCenter and ESXi with VASA 5. The product manual and the API say 8.0 U1, one VMware blog says 8.0 U2: the floor is kept. */
export const VASA5_FLOOR = '8.0.1';

/** `8.0.3` ≥ `8.0.1`; undefined where the version is not known or is none. */
export function isAtLeast(version: string | undefined, floor: string): boolean | undefined {
  const [own, wanted] = [numbers(version), numbers(floor)];
  if (own === undefined || wanted === undefined) return undefined;
  for (const [index, number] of wanted.entries()) {
    const difference = (own[index] ?? 0) - number;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function numbers(version: string | undefined): number[] | undefined {
  const match = /^\s*(\d+(?:\.\d+)*)/.exec(version ?? '');
  return match?.[1]?.split('.').map(Number);
}

/** From VASA 5 on every vCenter has a virtual host and a certificate of its own at the provider. */
export function hasVirtualHosts(provider: Provider): boolean {
  // vCenters of different age may speak different versions with one provider: the newest says what it can do.
  const told = [provider.vasaVersion, ...provider.registrations.map((one) => one.vasaVersion)];
  return (
    told.some((version) => isAtLeast(version, '5') === true) || provider.endpoints.some(({ vcenter }) => vcenter !== undefined)
  );
}

/** On ESXi 6.7 and 7.0 refreshing a host's CA certificates can drop vCenter's SMS certificate from its store (seen there; 6.0 and 6.5 are not reported on, so they count too). */
export function mayDropSmsCertificate(host: Host): boolean {
  return isAtLeast(host.version, '8.0') !== true;
}
