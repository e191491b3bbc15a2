import type { CertificateQuestion } from '../model/certificate-question.js';

/** What somebody compares with the array's own page before he says yes. Names are foreign text, as they came. */
export function certificateQuestionLines(question: CertificateQuestion, vcenter: string): string[] {
  const { registration, subject, issuer, sha256, sha1, notBefore, notAfter } = question;
  return [
    `${registration.name} (${registration.url}) serves a certificate that ${vcenter} does not trust. It is the one that was seen there before this run:`,
    `  subject  ${subject}`,
    `  issuer   ${issuer}`,
    `  valid    ${notBefore} to ${notAfter}`,
    `  SHA-256  ${(sha256.toUpperCase().match(/../g) ?? []).join(':')}`,
    `  SHA-1    ${sha1}`,
    'Compare a fingerprint with the one that the array itself shows.',
  ];
}
