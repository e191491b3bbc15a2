import { createHash } from 'node:crypto';
import { urlHost } from './appliance-routes.js';
import { signAnew, pushRoots as storeRoots } from './provider-model.js';
import { arraysOf } from './sps-arrays.js';
import { met, reach } from './sps-session.js';
import { failed, type TaskOutcome } from './sps-tasks.js';
import {
  anchorsFor,
  certificateInText,
  clientCertificatesOf,
  isNamed,
  isValidAt,
  readCertificate,
  servedTo,
  verifies,
} from './sps-trust.js';
import type { LabProvider, LabRegistration, LabVcenter, LabWorld } from './world.js';

/** `VasaProviderSpec`. */
export interface ProviderSpec {
  readonly name: string;
  readonly description?: string;
  readonly url: string;
  readonly username: string;
  readonly password: string;
  /** Base64 DER or PEM, as the caller accepted it. */
  readonly certificate?: string;
}

type Refusal = NonNullable<LabTaskError>;
type LabTaskError = Extract<TaskOutcome, { readonly error: unknown }>['error'];

/** Order of the checks: certificate not trusted first, then not imported, names and dates, credentials, already there (the order is inferred). */
export function register(world: LabWorld, vcenter: LabVcenter, spec: ProviderSpec): LabRegistration | Refusal {
  const at = urlHost(spec.url);
  if (!at) return refusal('InvalidUrl', 'Malformed URL.', { url: spec.url });
  const provider = world.providers.find((one) => one.port === at.port && answersTo(vcenter, one, at.host));
  if (!provider || reach(vcenter, provider, spec.url) !== 'open') {
    return refusal('ProviderConnectionFailed', 'Connection refused.');
  }
  const problem = judgeCertificate(world, vcenter, provider, spec, at.host);
  if (problem) return problem;
  const { username, password } = provider.credentials;
  if (spec.username !== username || spec.password !== password) {
    return refusal('IncorrectUsernamePassword', 'Bad credentials.');
  }
  if (vcenter.registrations.some((one) => one.provider === provider.name)) return refusal('AlreadyExists', 'Already registered.');
  return carryOut(world, vcenter, provider, spec);
}

function answersTo(vcenter: LabVcenter, provider: LabProvider, host: string): boolean {
  const resolved = vcenter.appliance.hosts.get(host) ?? [host];
  return provider.host.toLowerCase() === host.toLowerCase() || resolved.some((address) => provider.addresses.includes(address));
}

function judgeCertificate(
  world: LabWorld,
  vcenter: LabVcenter,
  provider: LabProvider,
  spec: ProviderSpec,
  host: string,
): Refusal | undefined {
  const served = servedTo(vcenter, provider);
  const verified = verifies(served, anchorsFor(vcenter, spec.url), world.now());
  const accepted = spec.certificate !== undefined && certificateInText(spec.certificate) === served.leaf;
  if (!verified && !accepted) {
    return refusal('CertificateNotTrusted', 'The certificate of the provider is not trusted.', { certificate: served.leaf });
  }
  if (provider.retained && !verified) {
    return refusal('CertificateNotImported', 'The CA root of the provider is not in the truststore.');
  }
  if (!isNamed(served.leaf, host)) {
    return refusal('InvalidCertificate', 'The provider certificate fails host name verification.', { certificate: served.leaf });
  }
  const leaf = readCertificate(served.leaf);
  return leaf && isValidAt(leaf, world.now())
    ? undefined
    : refusal('InvalidCertificate', 'The provider certificate is expired or not yet valid.', { certificate: served.leaf });
}

/** Roots and certificate go to the provider; what that does to other vCenters is theirs to find out. */
function carryOut(world: LabWorld, vcenter: LabVcenter, provider: LabProvider, spec: ProviderSpec): LabRegistration {
  const number = vcenter.nextProvider ?? vcenter.registrations.length + 1;
  vcenter.nextProvider = number + 1;
  const registration: LabRegistration = {
    uid: uuidOf(`${vcenter.instanceUuid} ${provider.namespace}:${provider.providerId} ${number}`),
    ref: `VasaProvider-${number}`,
    name: spec.name,
    url: spec.url,
    provider: provider.name,
    category: 'external',
    active: false,
    priority: 200,
    ...(spec.description === undefined ? {} : { description: spec.description }),
  };
  giveCertificate(world, vcenter, provider);
  pushRoots(world, vcenter, provider);
  hearRetain(registration, provider);
  const own = new Set(arraysOf(world, registration));
  registration.active = !vcenter.registrations.some((one) => one.active && arraysOf(world, one).some((id) => own.has(id)));
  vcenter.registrations.push(registration);
  tellHosts(world, vcenter, registration, provider);
  registration.session = met(world, vcenter, registration, 'works', world.now().getTime());
  return registration;
}

/** Hosts with a datastore on its array learn of the provider, and reach the datastore over it. */
function tellHosts(world: LabWorld, vcenter: LabVcenter, registration: LabRegistration, provider: LabProvider): void {
  const arrays = new Set(arraysOf(world, registration));
  for (const datastore of vcenter.datastores) {
    if (!arrays.has(datastore.arrayId)) continue;
    // What is left of registrations that are gone is not told any longer.
    const known = datastore.told.filter((uid) => vcenter.registrations.some((one) => one.uid === uid));
    datastore.told.splice(0, datastore.told.length, ...known, registration.uid);
    for (const mount of datastore.mounts) {
      const host = vcenter.hosts.find((one) => one.ref === mount.host);
      if (host && verifies(servedTo(vcenter, provider), host.trustAnchors, world.now())) mount.accessible = true;
    }
  }
}

/** VMCA signs the provider's key anew, unless the provider retains its own certificate. */
export function giveCertificate(world: LabWorld, vcenter: LabVcenter, provider: LabProvider): void {
  signAnew(provider, vcenter.vmca, { now: world.now(), vcenter });
}

/** The provider learns whom to let in: by issuer until VASA 4, by the client's certificate from VASA 5 on. */
export function pushRoots(world: LabWorld, vcenter: LabVcenter, provider: LabProvider): void {
  const own = provider.virtualHosts.get(vcenter.id);
  const presented = clientCertificatesOf(vcenter);
  if (own) {
    own.clientCertificates.splice(0, own.clientCertificates.length, ...presented.slice(0, 1));
    return;
  }
  const selfSigned = presented.slice(0, 1).filter((der) => readCertificate(der)?.issuer === readCertificate(der)?.subject);
  storeRoots(provider, [...vcenter.trustedRoots, ...selfSigned], world.switches.rootsAtProvider);
}

/** An open VASA 2 provider says it in its answer to the roots it is given. */
export function hearRetain(registration: LabRegistration, provider: LabProvider): void {
  if (provider.retained === undefined) delete registration.retainTold;
  else registration.retainTold = provider.retained;
}

/** The same registration in the same lab gets the same uid. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function refusal(type: string, message: string, fields?: Readonly<Record<string, string>>): Refusal {
  return { type, message, ...(fields ? { fields } : {}) };
}

/** Tells what `register` gave back. */
export function isRefusal(outcome: LabRegistration | Refusal): outcome is Refusal {
  return 'type' in outcome && 'message' in outcome;
}

export function registered(outcome: LabRegistration | Refusal): TaskOutcome {
  return isRefusal(outcome) ? failed(outcome.type, outcome.message, outcome.fields) : { result: outcome.ref };
}
