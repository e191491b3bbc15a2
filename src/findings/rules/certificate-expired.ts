import { isoTime } from '../../model/ids.js';
import { defineRule } from '../rule.js';
import { aboutCertificate, certificatesInUse } from '../subjects.js';

/** A provider's leaf, or what a vCenter presents, is past its end. An expired VMCA or other CA certificate is `root-expired`. */
export const certificateExpired = defineRule({
  code: 'certificate-expired',
  subjects: certificatesInUse,
  about: aboutCertificate,
  applies: ({ what }) => what !== 'vmca',
  check(subject, { now }) {
    const { certificate, what } = subject;
    if (certificate.notAfter >= now) return [];
    return [
      {
        code: 'certificate-expired',
        leaf: certificate.sha256,
        what,
        notAfter: isoTime(certificate.notAfter),
        ...aboutCertificate(subject),
      },
    ];
  },
});
