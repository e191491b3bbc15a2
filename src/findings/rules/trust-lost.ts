import type { Interval } from '../../model/finding.js';
import { isoTime } from '../../model/ids.js';
import { defineRule } from '../rule.js';
import {
  aboutRegistration,
  atRegistration,
  isExternal,
  isRetained,
  type RegistrationSubject,
  registrationSubjects,
} from '../subjects.js';

/** This vCenter does not accept what the provider serves. A provider that keeps its own certificate lost nothing: that is `root-missing`. */
export const trustLost = defineRule({
  code: 'trust-lost',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: (subject) => isExternal(subject) && isRetained(subject) !== true,
  check(subject) {
    const { registration, endpoint } = subject;
    if (registration.trusted.value === 'unknown') return { missing: 'whether this vCenter trusts the served certificate' };
    if (registration.trusted.value) return [];
    return [
      {
        code: 'trust-lost',
        ...atRegistration(subject),
        ...(endpoint?.leaf === undefined ? {} : { leaf: endpoint.leaf.sha256 }),
        reason: registration.trusted.why,
        holders: endpoint?.holder?.vcenters ?? [],
        since: sinceWhen(subject),
      },
    ];
  },
});

function sinceWhen({ registration, endpoint }: RegistrationSubject): Interval {
  return {
    ...(registration.lastSync === undefined ? {} : { notBefore: { at: registration.lastSync, from: 'last-sync' } }),
    ...(endpoint?.leaf === undefined ? {} : { leafIssued: isoTime(endpoint.leaf.notBefore) }),
  };
}
