import { canonicalHostPort, hostMatches } from '../../x509/names.js';
import { defineRule } from '../rule.js';
import { aboutRegistration, atRegistration, isExternal, type RegistrationSubject, registrationSubjects } from '../subjects.js';

/**
 * The host this vCenter registered is not among the names of the served leaf. Quiet where this vCenter is online with that very leaf:
 * what SMS holds and uses, it accepted. At a virtual host either name will do, because which of the two vCenter checks is not documented.
 */
export const nameMismatch = defineRule({
  code: 'name-mismatch',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: (subject) => isExternal(subject),
  check(subject) {
    const { registration, endpoint } = subject;
    if (endpoint?.leaf === undefined) return { missing: 'the served leaf' };
    const { leaf } = endpoint;
    const host = canonicalHostPort(registration.url)?.host;
    if (host === undefined) return { missing: 'a host in the registered URL' };
    if (hostMatches(leaf, host) || worksWith(subject)) return [];
    if (endpoint.vcenter !== undefined && (endpoint.sni === undefined || hostMatches(leaf, endpoint.sni))) return [];
    return [
      { code: 'name-mismatch', ...atRegistration(subject), leaf: leaf.sha256, host, san: leaf.san.map(({ value }) => value) },
    ];
  },
});

function worksWith({ registration, endpoint }: RegistrationSubject): boolean {
  return registration.status === 'online' && registration.smsCertificate?.sha256 === endpoint?.leaf?.sha256;
}
