import type { TrustReason } from '../../model/inventory.js';
import { defineRule } from '../rule.js';
import { aboutRegistration, atRegistration, isExternal, isRetained, registrationSubjects } from '../subjects.js';

/** The provider keeps its certificate, so nobody threw anybody out: this vCenter lacks the issuer's certificate. Never stale. */
export const rootMissing = defineRule({
  code: 'root-missing',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: (subject) => isExternal(subject) && isRetained(subject) === true,
  check(subject) {
    const { trusted } = subject.registration;
    if (trusted.value === 'unknown') return { missing: 'whether this vCenter trusts the served certificate' };
    if (trusted.value) return [];
    const leaf = subject.endpoint?.leaf;
    const keyId = wantedKeyId(trusted.why) ?? leaf?.aki;
    return [
      {
        code: 'root-missing',
        ...atRegistration(subject),
        ...(leaf === undefined ? {} : { leaf: leaf.sha256 }),
        ...(keyId === undefined ? {} : { wantedKeyId: keyId }),
        issuer: wantedIssuer(trusted.why) ?? leaf?.issuer ?? '',
      },
    ];
  },
});

function wantedKeyId(why: TrustReason) {
  return why.code === 'issuer-unknown' || why.code === 'same-name-other-key' ? why.wantedKeyId : undefined;
}

function wantedIssuer(why: TrustReason): string | undefined {
  return why.code === 'issuer-unknown' || why.code === 'same-name-other-key' ? why.issuer : undefined;
}
