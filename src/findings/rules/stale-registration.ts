import { defineRule } from '../rule.js';
import { aboutRegistration, atRegistration, isExternal, registrationSubjects } from '../subjects.js';

/** A registration that is dead and stays dead until somebody removes it. Every condition was judged with the inventory; see `stale.why`. */
export const staleRegistration = defineRule({
  code: 'stale-registration',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: isExternal,
  check(subject) {
    const { stale, status, name, url } = subject.registration;
    if (stale.value === 'unknown') return { missing: 'a condition of being stale' };
    return stale.value ? [{ code: 'stale-registration', ...atRegistration(subject), status: status ?? '', name, url }] : [];
  },
});
