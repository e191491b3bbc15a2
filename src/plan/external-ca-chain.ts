import type { Certificate } from '../model/certificate.js';
import { type DerBase64, type IsoTime, isoTime } from '../model/ids.js';
import type { CaFault } from '../model/plan-answer.js';
import { err, ok, type Result } from '../model/problem.js';
import { isIssuedBy } from '../x509/issuer.js';
import { parseBase64 } from '../x509/parse.js';
import { findPath, isSelfSigned } from '../x509/path.js';

/** The external CA's certificates in order: issuing CA first, root last (one and the same where the root issues itself). */
export interface CaChain {
  readonly certificates: readonly Certificate[];
  readonly root: Certificate;
}

/** Below this VMware's own tools refuse a CA key. Source: requirements for imported certificates, vSphere Authentication 8.0. */
const LEAST_BITS = 2048;

/**
 * Reads what the external CA publishes, in any order, each certificate once or more often. Everything that would make a vCenter or a host refuse the
 * finished chain is refused here, before anything is signed: RSA with SHA-2 all along, CA certificates only, one issuing CA, its root, valid at `at`.
 */
export function readCaChain(ders: readonly DerBase64[], at: IsoTime): Result<CaChain, CaFault> {
  const certificates = new Map<string, Certificate>();
  for (const der of ders) {
    const read = parseBase64(der);
    if (!read.ok) return err({ code: 'not-readable', reason: read.error });
    certificates.set(read.value.sha256, read.value);
  }
  const all = [...certificates.values()];
  if (all.length === 0) return err({ code: 'empty' });
  for (const certificate of all) {
    const fault = ownFault(certificate, new Date(at));
    if (fault !== undefined) return err(fault);
  }
  const [root, ...otherRoots] = all.filter(isSelfSigned);
  if (root === undefined) return err({ code: 'no-root' });
  if (otherRoots.length > 0) return err({ code: 'several-roots' });
  return orderChain(all, root);
}

function orderChain(all: readonly Certificate[], root: Certificate): Result<CaChain, CaFault> {
  const below = all.filter((one) => one !== root);
  const issuing = below.filter((one) => !below.some((other) => other !== one && isIssuedBy(other, one)));
  if (issuing.length > 1) return err({ code: 'several-issuing', subjects: issuing.map(({ subject }) => subject).sort() });
  const [lowest = root] = issuing;
  const path = findPath(lowest, below, [root]);
  if (path.kind === 'no-path') {
    const code = path.reason === 'path-length' || path.reason === 'key-usage' ? path.reason : 'incomplete';
    return err({ code, subject: path.at.subject });
  }
  const stray = below.find((one) => !path.path.includes(one));
  if (stray !== undefined) return err({ code: 'incomplete', subject: stray.subject });
  // The path was built for the issuing CA itself; what it signs stands one step lower. Self-issued ones do not count (RFC 5280 section 4.2.1.9).
  const tooLow = path.path.find(
    ({ pathLength }, index) =>
      pathLength !== undefined &&
      path.path.slice(0, index).filter(({ subject, issuer }) => subject !== issuer).length > pathLength,
  );
  return tooLow === undefined ? ok({ certificates: path.path, root }) : err({ code: 'path-length', subject: tooLow.subject });
}

function ownFault(certificate: Certificate, at: Date): CaFault | undefined {
  const { subject, publicKey, signatureAlgorithm } = certificate;
  if (!certificate.isCa) return { code: 'not-a-ca', subject };
  if (certificate.keyUsage?.includes('keyCertSign') === false) return { code: 'key-usage', subject };
  if (publicKey.type !== 'rsa' || !/rsa/i.test(signatureAlgorithm)) return { code: 'not-rsa', subject };
  if (publicKey.bits < LEAST_BITS) return { code: 'short-key', subject };
  // Of a root nobody checks the signature; what it signs with SHA-1 is refused below it.
  if (/sha1With|md5With|md2With/i.test(signatureAlgorithm) && !isSelfSigned(certificate)) return { code: 'sha1', subject };
  if (certificate.ski === undefined) return { code: 'no-key-id', subject };
  if (certificate.notAfter < at) return { code: 'expired', subject, at: isoTime(certificate.notAfter) };
  if (certificate.notBefore > at) return { code: 'not-yet-valid', subject, at: isoTime(certificate.notBefore) };
  return undefined;
}
