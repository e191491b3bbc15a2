import type { DerBase64 } from '../model/ids.js';
import { keysOf, mint } from './pki.js';
import type { LabCa, LabIdentity, LabProvider, LabVcenter, LabVirtualHost, SpsSwitches } from './world.js';

/** What a VASA provider does with its certificates when a vCenter registers. The TLS server shows the change on the next connection. */

/** Whether the provider gives every vCenter a virtual host of its own (VASA 5 and later). */
export const hasVirtualHosts = (provider: LabProvider): boolean => Number.parseFloat(provider.vasaVersion) >= 5;

/**
 * Has `ca` sign the provider's server key: one certificate up to VASA 4, that of the vCenter's virtual host from VASA 5 on. The key stays the same. Only the leaf is kept:
 * an open VASA 2 provider stores a chain of one (documented for that implementation alone); `withChain` is for providers that keep all of it.
 * A retained certificate stays as it is: then nothing is done and `false` comes back.
 */
export function signAnew(
  provider: LabProvider,
  ca: LabCa,
  options: { readonly now: Date; readonly vcenter?: LabVcenter; readonly withChain?: boolean },
): boolean {
  if (provider.retained === true) return false;
  const virtualHost = hasVirtualHosts(provider) && options.vcenter ? provider.virtualHosts.get(options.vcenter.id) : undefined;
  const holder: LabProvider | LabVirtualHost = virtualHost ?? provider;
  const names = [...(virtualHost ? [virtualHost.vhostName] : []), provider.host, ...provider.addresses];
  const identity = issueServerCertificate(ca, holder.served.identity, {
    host: names[0] ?? provider.host,
    names,
    now: options.now,
  });
  holder.served = { identity, chain: [identity.certificate, ...(options.withChain ? [ca.certificate, ...ca.chain] : [])] };
  return true;
}

/** A server certificate over an existing key. The issuer back-dates it by a day, as vCenter does (1440 minutes). */
export function issueServerCertificate(
  ca: LabCa,
  over: LabIdentity,
  names: { readonly host: string; readonly names: readonly string[]; readonly now: Date },
): LabIdentity {
  return mint(
    {
      subject: [
        ['CN', names.host],
        ['OU', 'LAB'],
      ],
      issuer: ca,
      san: [...new Set(names.names)],
      notBefore: new Date(names.now.getTime() - 86_400_000),
      extendedKeyUsage: ['serverAuth'],
    },
    keysOf(over),
  );
}

/** Gives the provider the roots a registering vCenter pushes: beside those it has, or in their place. */
export function pushRoots(provider: LabProvider, roots: readonly DerBase64[], how: SpsSwitches['rootsAtProvider']): void {
  const kept = how === 'add' ? provider.clientRoots : [];
  provider.clientRoots.splice(0, provider.clientRoots.length, ...new Set([...kept, ...roots]));
}
