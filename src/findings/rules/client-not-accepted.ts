import type { AcceptReason } from '../../model/inventory.js';
import { unreachable } from '../../model/problem.js';
import { defineRule } from '../rule.js';
import { aboutRegistration, atRegistration, isExternal, registrationSubjects } from '../subjects.js';

/** The other direction: the provider refuses what this vCenter presents. Seldom visible from outside, so mostly not judged. */
export const clientNotAccepted = defineRule({
  code: 'client-not-accepted',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: isExternal,
  check(subject) {
    const { accepted } = subject.registration;
    if (accepted.value === 'unknown') return { missing: 'whether the provider accepts what this vCenter presents' };
    return accepted.value ? [] : [{ code: 'client-not-accepted', ...atRegistration(subject), how: howRefused(accepted.why) }];
  },
});

/** The name the refusal had where it was seen. */
function howRefused(why: AcceptReason): string {
  switch (why.code) {
    case 'status-fault':
      return why.fault;
    case 'tls-alert':
      return `TLS alert ${why.alert}`;
    case 'online':
    case 'acceptable-ca-hint':
    case 'not-seen':
      return why.code;
    default:
      return unreachable(why);
  }
}
