import type { Certificate } from '../model/certificate.js';
import type { CertificateRole } from '../model/finding.js';
import type { ProviderId, Sha256Hex, VcenterId } from '../model/ids.js';
import type { Endpoint, Inventory, Provider, Registration, Vcenter } from '../model/inventory.js';

/** A registration with everything around it. */
export interface RegistrationSubject {
  readonly provider: Provider;
  readonly registration: Registration;
  /** Missing only where an inventory names a vCenter it does not hold. */
  readonly vcenter?: Vcenter;
  /** What this vCenter sees at the provider; missing where that is not known. */
  readonly endpoint?: Endpoint;
}

export function registrationSubjects(inventory: Inventory): RegistrationSubject[] {
  const vcenters = new Map(inventory.vcenters.map((vcenter) => [vcenter.id, vcenter]));
  return inventory.providers.flatMap((provider) =>
    provider.registrations.map((registration) => {
      const vcenter = vcenters.get(registration.vcenter);
      const endpoint = endpointOf(provider, registration);
      return {
        provider,
        registration,
        ...(vcenter === undefined ? {} : { vcenter }),
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    }),
  );
}

/** Registrations of each vCenter, for rules that look at vCenters. */
export function subjectsByVcenter(inventory: Inventory): Map<VcenterId, RegistrationSubject[]> {
  const byVcenter = new Map<VcenterId, RegistrationSubject[]>(inventory.vcenters.map(({ id }) => [id, []]));
  for (const subject of registrationSubjects(inventory)) byVcenter.get(subject.registration.vcenter)?.push(subject);
  return byVcenter;
}

/** Registrations of each provider, those without any included. */
export function subjectsByProvider(inventory: Inventory): Map<Provider, RegistrationSubject[]> {
  const byProvider = new Map<Provider, RegistrationSubject[]>(inventory.providers.map((provider) => [provider, []]));
  for (const subject of registrationSubjects(inventory)) byProvider.get(subject.provider)?.push(subject);
  return byProvider;
}

export const aboutRegistration = ({ registration, provider }: RegistrationSubject) => ({
  provider: provider.id,
  vcenter: registration.vcenter,
});

export const atRegistration = ({ provider, registration }: RegistrationSubject) => ({
  provider: provider.id,
  vcenter: registration.vcenter,
  uid: registration.uid,
});

export function endpointOf(provider: Provider, registration: Registration): Endpoint | undefined {
  return registration.endpoint === undefined ? undefined : provider.endpoints[registration.endpoint];
}

/**
 * IO-filter and vSAN providers take part in no finding but their own notice. A category that nobody tells counts as external: before 6.7
 * SMS has no such field, and a provider is only put down as internal where its name and port say so.
 */
export function isExternal({
  provider,
  registration,
}: {
  readonly provider: Provider;
  readonly registration?: Registration;
}): boolean {
  return provider.category !== 'internal' && registration?.category !== 'internal';
}

/** What this vCenter's SMS says about the provider keeping its own certificate, else what the others agree on. */
export function isRetained({ provider, registration }: RegistrationSubject): boolean | undefined {
  return registration.retained ?? provider.retained;
}

/** From VASA 5 on every vCenter has a virtual host and a certificate of its own at the provider. */
export function hasVirtualHosts(provider: Provider): boolean {
  return (
    Number.parseInt(provider.vasaVersion ?? '', 10) >= 5 || provider.endpoints.some((endpoint) => endpoint.vcenter !== undefined)
  );
}

/** Looks that matter: what some registration leads to; for a provider nobody registered, every look there was. */
export function endpointsInUse(provider: Provider): Endpoint[] {
  if (provider.registrations.length === 0) return [...provider.endpoints];
  const used = new Set(provider.registrations.map((registration) => endpointOf(provider, registration)));
  return provider.endpoints.filter((endpoint) => used.has(endpoint));
}

/** A certificate that does a job in this estate. */
export interface CertificateInUse {
  readonly certificate: Certificate;
  readonly what: CertificateRole;
  readonly provider?: ProviderId;
  readonly vcenter?: VcenterId;
}

export const aboutCertificate = ({ provider, vcenter }: CertificateInUse) => ({
  ...(provider === undefined ? {} : { provider }),
  ...(vcenter === undefined ? {} : { vcenter }),
});

/** Served leaves of external providers, what vCenters present to them, and the VMCAs; each once per place. */
export function certificatesInUse(inventory: Inventory): CertificateInUse[] {
  const leaves = inventory.providers.filter((provider) => isExternal({ provider })).flatMap((provider) => servedLeaves(provider));
  const ofVcenters = inventory.vcenters.flatMap((vcenter): CertificateInUse[] => [
    ...vcenter.presents.flatMap(({ certificate, to }): CertificateInUse[] =>
      certificate === undefined || to === 'iofilter' ? [] : [{ certificate, what: 'presented', vcenter: vcenter.id }],
    ),
    ...(vcenter.vmca === undefined
      ? []
      : [{ certificate: vcenter.vmca.certificate, what: 'vmca', vcenter: vcenter.id } as const]),
  ]);
  return [...leaves, ...ofVcenters];
}

function servedLeaves(provider: Provider): CertificateInUse[] {
  const leaves = new Map<Sha256Hex, Certificate>();
  for (const { leaf } of endpointsInUse(provider)) if (leaf !== undefined) leaves.set(leaf.sha256, leaf);
  return [...leaves.values()].map((certificate) => ({ certificate, what: 'provider', provider: provider.id }));
}

/**
 * Whether this is the certificate a VMCA works with now, rather than an older one for the same key: certain where it was read on the
 * appliance; else only where no younger certificate for that key is among the trust anchors.
 */
export function isCurrentVmca(vcenter: Vcenter): boolean {
  const { vmca } = vcenter;
  if (vmca === undefined || vmca.source === 'appliance') return vmca !== undefined;
  return !vcenter.trustAnchors.some(
    ({ certificate }) =>
      certificate.spkiSha256 === vmca.certificate.spkiSha256 && certificate.notAfter > vmca.certificate.notAfter,
  );
}
