import type { DerBase64 } from '../model/ids.js';
import { keysOf, mint } from './pki.js';
import { readCertificate } from './sps-trust.js';
import type { LabCa, LabIdentity, LabProvider, LabVcenter, SpsSwitches } from './world.js';

/** What a VASA provider does with its certificates when a vCenter registers. The TLS server shows the change on the next connection. */

/** Whether the provider gives every vCenter a virtual host of its own (VASA 5 and later). */
export const hasVirtualHosts = (provider: LabProvider): boolean => Number.parseFloat(provider.vasaVersion) >= 5;

/** Name of a virtual host nobody chose a name for. */
export const virtualHostName = (vcenter: LabVcenter, provider: LabProvider): string => `${vcenter.id}.${provider.host}`;

/**
 * Has `ca` sign the provider's server key: its one certificate up to VASA 4, that of the vCenter's virtual host from VASA 5 on, which is made
 * where there is none. The key stays the same. Served with the leaf is what stands between it and the root; an open VASA 2 provider drops even
 * that (documented for that implementation alone).
 * A retained certificate stays as it is: then nothing is done and `false` comes back.
 */
export function signAnew(
  provider: LabProvider,
  ca: LabCa,
  options: { readonly now: Date; readonly vcenter?: LabVcenter },
): boolean {
  if (provider.retained === true) return false;
  const { vcenter, now } = options;
  const between = [ca.certificate, ...ca.chain].filter((der) => !isSelfIssued(der));
  const sign = (over: LabIdentity, names: readonly string[]) => {
    const identity = issueServerCertificate(ca, over, names, now);
    return { identity, chain: [identity.certificate, ...between] };
  };
  const names = [provider.host, ...provider.addresses];
  if (!vcenter || !hasVirtualHosts(provider)) {
    provider.served = sign(provider.served.identity, names);
    return true;
  }
  const before = provider.virtualHosts.get(vcenter.id);
  const vhostName = before?.vhostName ?? virtualHostName(vcenter, provider);
  const served = sign((before ?? provider).served.identity, [vhostName, ...names]);
  if (before) before.served = served;
  else provider.virtualHosts.set(vcenter.id, { vhostName, served, clientCertificates: [] });
  return true;
}

/** Good for a year, which is what is known of one vendor. */
function issueServerCertificate(ca: LabCa, over: LabIdentity, names: readonly string[], now: Date): LabIdentity {
  return mint(
    {
      subject: [
        ['CN', names[0] ?? ''],
        ['OU', 'LAB'],
      ],
      issuer: ca,
      san: [...new Set(names)],
      notBefore: now,
      notAfter: new Date(now.getTime() + 365 * 86_400_000),
      extendedKeyUsage: ['serverAuth'],
    },
    keysOf(over),
  );
}

/**
 * The array side of an outside certificate: the storage administrator puts in key, leaf and what is served with it, and has the provider keep it.
 * Every registration goes offline by that (documented for one vendor): here because the provider forgets the roots it lets clients in by, so that
 * each vCenter has to register anew. Served chains follow at the next connection.
 */
export function installCertificate(
  provider: LabProvider,
  served: { readonly identity: LabIdentity; readonly chain: readonly DerBase64[] },
  options: { readonly retained: boolean },
): void {
  provider.served = { identity: served.identity, chain: [...served.chain] };
  provider.retained = options.retained;
  provider.clientRoots.splice(0);
}

/** Gives the provider the roots a registering vCenter pushes: beside those it has, or in their place. */
export function pushRoots(provider: LabProvider, roots: readonly DerBase64[], how: SpsSwitches['rootsAtProvider']): void {
  const kept = how === 'add' ? provider.clientRoots : [];
  const all = [...new Set([...kept, ...roots])];
  provider.clientRoots.splice(0, provider.clientRoots.length, ...all);
}

function isSelfIssued(der: DerBase64): boolean {
  const certificate = readCertificate(der);
  return certificate !== undefined && certificate.issuer === certificate.subject;
}
