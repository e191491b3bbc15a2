import type { Certificate } from '../../model/certificate.js';
import { isSelfSigned } from '../../x509/path.js';
import { defineRule } from '../rule.js';
import { aboutCertificate, certificatesInUse } from '../subjects.js';

/** Signatures made with these can be forged, or are refused by strict TLS stacks. The list is ours; no vSphere document holds one. */
const WEAK_HASH = /(?<![a-z0-9])(md2|md4|md5|sha-?1)(?!\d)/i;
const WEAK_CURVES: ReadonlySet<string> = new Set([
  'prime192v1',
  'P-192',
  'secp192r1',
  'secp192k1',
  'secp160r1',
  'secp160k1',
  'secp112r1',
  'secp128r1',
]);
const LEAST_RSA_BITS = 2048;

export const weakCertificate = defineRule({
  code: 'weak-certificate',
  subjects: certificatesInUse,
  about: aboutCertificate,
  applies: () => true,
  check(subject) {
    const { certificate, what } = subject;
    const weakness = weaknessOf(certificate);
    return weakness === undefined
      ? []
      : [{ code: 'weak-certificate', leaf: certificate.sha256, what, weakness, ...aboutCertificate(subject) }];
  },
});

function weaknessOf(certificate: Certificate): string | undefined {
  const { publicKey, signatureAlgorithm } = certificate;
  if (publicKey.type === 'rsa' && publicKey.bits < LEAST_RSA_BITS) return `RSA key of ${publicKey.bits} bits`;
  if (publicKey.type === 'ec' && WEAK_CURVES.has(publicKey.curve)) return `EC key on ${publicKey.curve}`;
  // Nobody relies on the signature a certificate makes over itself.
  if (WEAK_HASH.test(signatureAlgorithm) && !isSelfSigned(certificate)) return `signed with ${signatureAlgorithm}`;
  return undefined;
}
