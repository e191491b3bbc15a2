import { isoTime } from '../../model/ids.js';
import { defineRule } from '../rule.js';
import { aboutCertificate, certificatesInUse, isCurrentVmca } from '../subjects.js';

/**
 * Days. SMS has a soft limit of 6 months and a hard limit of 1 month (KB 323232). The soft limit is of no use as a warning: the usual
 * one-year provider certificate spends half its life inside it. Within the last month nothing has renewed the certificate in time.
 */
export const WARN_DAYS = 30;
const DAY_MS = 86_400_000;

export const certificateExpiring = defineRule({
  code: 'certificate-expiring',
  subjects: (inventory) => {
    const older = new Set(inventory.vcenters.filter((vcenter) => !isCurrentVmca(vcenter)).map((vcenter) => vcenter.id));
    return certificatesInUse(inventory).map((subject) => ({
      ...subject,
      superseded: subject.what === 'vmca' && subject.vcenter !== undefined && older.has(subject.vcenter),
    }));
  },
  about: aboutCertificate,
  applies: ({ certificate, superseded }, { now }) => !superseded && certificate.notAfter >= now,
  check(subject, { now }) {
    const { certificate, what } = subject;
    const daysLeft = Math.floor((certificate.notAfter.getTime() - now.getTime()) / DAY_MS);
    if (daysLeft >= WARN_DAYS) return [];
    return [
      {
        code: 'certificate-expiring',
        leaf: certificate.sha256,
        what,
        notAfter: isoTime(certificate.notAfter),
        daysLeft,
        ...aboutCertificate(subject),
      },
    ];
  },
});
