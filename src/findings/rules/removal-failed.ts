import type { SpsRemoval } from '../../model/evidence.js';
import { defineRule } from '../rule.js';
import { aboutRegistration, atRegistration, isExternal, registrationSubjects } from '../subjects.js';

/**
 * sps.log shows that removing this registration failed, and SMS still lists it. A later attempt that logged no error does not quiet it:
 * the registration being there is what counts.
 */
export const removalFailed = defineRule({
  code: 'removal-failed',
  subjects: registrationSubjects,
  about: aboutRegistration,
  applies: isExternal,
  check(subject) {
    const { removals } = subject.vcenter ?? {};
    if (removals === undefined) return { missing: 'the end of sps.log' };
    const failed = removals.filter((one) => one.uid === subject.registration.uid && hasFailed(one));
    const last = failed.at(-1);
    if (last === undefined) return [];
    const { outcome, task, array, backup, exception, to, line } = last;
    return [
      {
        code: 'removal-failed',
        ...atRegistration(subject),
        known: outcome === 'null-pointer',
        attempts: failed.length,
        ...(to === undefined ? {} : { at: to }),
        ...(task === undefined ? {} : { task }),
        ...(array === undefined ? {} : { array }),
        ...(backup === undefined ? {} : { backup }),
        ...(exception === undefined ? {} : { exception }),
        line,
      },
    ];
  },
});

const hasFailed = ({ outcome }: SpsRemoval): boolean => outcome === 'null-pointer' || outcome === 'other-error';
