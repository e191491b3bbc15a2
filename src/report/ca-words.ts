import { day, list, plural, quote } from '../findings/explain/quote.js';
import type { FileObjection, Objection, RequestObjection } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import type { PlannedName } from '../model/planned-certificate.js';
import { unreachable } from '../model/problem.js';

/** What an objection says, and what the operator should do. Names in it come from certificates: the renderer makes them visible. */
export interface ObjectionWords {
  readonly headline: string;
  readonly remedy: string;
  /** How sure it is that vCenter, the hosts or the array mind. */
  readonly basis: 'documented' | 'inferred';
}

/** Every reason has its words here, and nowhere else. */
export function objectionWords(objection: Objection): ObjectionWords {
  const who = subjectOf(objection.certificate);
  switch (objection.code) {
    case 'wrong-key':
      return {
        headline: `${who} is for another key than the one in ${objection.origin.file}`,
        remedy: `Send the CA the request that belongs to that key (${fileStem(objection.origin.file)}.csr) and take the answer to it; a certificate is of no use without its key.`,
        basis: 'documented',
      };
    case 'no-key':
      return {
        headline: `no key is known for ${who}, so nobody can tell whether it is for yours`,
        remedy:
          'Name the key or the request with --key FILE, or the folder that `ca csr --out` wrote with --dir. Accept it (--accept no-key) only where the key never leaves the array and you compared the request.',
        basis: 'documented',
      };
    case 'duplicate':
      return {
        headline: `${plural(objection.others.length + 1, 'certificate')} for one key: ${list([objection.certificate, ...objection.others].map(serialAndEnd))}`,
        remedy: 'Leave out the files with those that you do not mean; the one that is valid longest would be taken.',
        basis: 'documented',
      };
    case 'missing-san':
      return {
        headline: `${who} does not hold ${names(objection.missing)} as alternative ${objection.missing.length === 1 ? 'name' : 'names'}`,
        remedy:
          'Have it issued again with every name of the request as SAN, addresses as type IP. SMS refuses a registration by a name that is not in the certificate (InvalidCertificate).',
        basis: 'documented',
      };
    case 'wildcard':
      return {
        headline: `${names(objection.covered)} ${objection.covered.length === 1 ? 'is' : 'are'} covered by a wildcard alone`,
        remedy:
          'Have the names themselves put into the certificate. TLS clients take the wildcard; whether SMS and every array do was not found: ask your vendor before you accept it (--accept wildcard).',
        basis: 'inferred',
      };
    case 'self-signed':
      return {
        headline: `${who} is self-signed: it did not come from the CA`,
        remedy: 'Take the certificate that the CA issued, not the one that the array made for itself.',
        basis: 'documented',
      };
    case 'is-a-ca':
      return {
        headline: `${who} is a CA certificate`,
        remedy:
          'Have a server certificate issued (basicConstraints CA:FALSE, no keyCertSign; at AD CS the template "Web Server", not "Subordinate Certification Authority"). A CA key must not lie on an array.',
        basis: 'documented',
      };
    case 'eku-wrong':
      return {
        headline: `${who} is not for TLS servers: its purposes are ${list(objection.certificate.extendedKeyUsage ?? []) || 'none'}`,
        remedy: 'Have it issued with the purpose serverAuth (1.3.6.1.5.5.7.3.1), or with no list of purposes.',
        basis: 'documented',
      };
    case 'key-usage':
      return {
        headline: `${who} may not make digital signatures: its key usage is ${list(objection.certificate.keyUsage ?? []) || 'empty'}`,
        remedy:
          'Have it issued with key usage digitalSignature and keyEncipherment. Handshakes with forward secrecy need the first.',
        basis: 'documented',
      };
    case 'expired':
      return {
        headline: `${who} expired on ${day(objection.certificate.notAfter)}`,
        remedy: 'Take the present one from the CA; where it is right that this one is valid, check the clock of this machine.',
        basis: 'documented',
      };
    case 'not-yet-valid':
      return {
        headline: `${who} is not valid before ${time(objection.certificate.notBefore)}`,
        remedy:
          'Check the clocks of this machine and of the CA; or wait until then. Arrays and hosts with a slow clock need longer.',
        basis: 'documented',
      };
    case 'short-lived':
      return {
        headline: `${who} is valid for ${plural(objection.daysLeft, 'more day')}`,
        remedy:
          'Ask for a longer life (at Vault: ttl, at step-ca: --not-after). Each renewal takes all registrations of the provider offline once; accept it with --accept short-lived.',
        basis: 'documented',
      };
    case 'longer-than-issuer':
      return {
        headline: `${who} is valid until ${day(objection.certificate.notAfter)}, longer than its issuer (${day(objection.issuer.notAfter)})`,
        remedy: `Everything under ${subjectOf(objection.issuer)} ends with it: have the CA renewed first, or a shorter life. Accept it with --accept longer-than-issuer and put the earlier date into your calendar.`,
        basis: 'documented',
      };
    case 'weak-key':
      return {
        headline: `${who} has an RSA key of ${objection.bits} bits`,
        remedy: 'Use keys of at least 2048 bits all along the chain.',
        basis: 'documented',
      };
    case 'ecdsa-in-chain':
      return {
        headline: `${who} has ${objection.what}; vCenter is known to take RSA alone in a chain`,
        remedy:
          'Have it issued by a CA whose chain is RSA up to the root. Documented for the signing certificate of VMCA ("unsupported signature algorithm"), inferred for certificates of providers.',
        basis: 'inferred',
      };
    case 'sha1-in-chain':
      return {
        headline: `${who} is signed with ${objection.certificate.signatureAlgorithm}`,
        remedy:
          'Have it signed with SHA-256 or better. The signature of a root protects nothing; that vCenter lets it pass there was not found.',
        basis: 'inferred',
      };
    case 'pss-in-chain':
      return {
        headline: `${who} is signed with RSASSA-PSS (${objection.certificate.signatureAlgorithm})`,
        remedy:
          'Have it signed with PKCS#1 v1.5 (at AD CS: AlternateSignatureAlgorithm=0). That vCenter, hosts and arrays all read PSS was not found.',
        basis: 'inferred',
      };
    case 'chain-incomplete':
      return {
        headline: `the issuer of ${who} is missing: ${quote(objection.certificate.issuer)}${objection.wantedKeyId ? ` (key id ${objection.wantedKeyId})` : ''}`,
        remedy: 'Add the file with that CA certificate; at AD CS take the chain (.p7b), not the certificate alone.',
        basis: 'documented',
      };
    case 'wrong-issuer':
      return {
        headline: `${who} was not signed by the ${subjectOf(objection.namesakes[0] ?? objection.certificate)} that is among the files: same name, other key`,
        remedy:
          'The CA was renewed with a new key. Add the certificate of the generation that signed; compare the key identifiers.',
        basis: 'documented',
      };
    case 'bad-signature':
      return {
        headline: `the signature on ${who} does not verify with the key of ${subjectOf(objection.issuer)}, which it names`,
        remedy:
          'The file was changed or damaged on its way, or somebody made it up. Fetch it again from the CA, and compare fingerprints over another channel.',
        basis: 'documented',
      };
    case 'unknown-root':
      return {
        headline: `the chain ends in ${who}, which is not the root of the plan`,
        remedy:
          'Ask the CA for a certificate under the root of the plan, or make the plan anew with this one (plan external-ca --ca): every vCenter has to trust it before any array serves it.',
        basis: 'documented',
      };
    case 'same-name-root':
      return {
        headline: `the chain asks for a root named ${quote(objection.wanted.subject)} with another key than the plan's root of that name`,
        remedy:
          "A root was renewed or rebuilt under its old name. vCenters will trust the plan's root and refuse this chain. Find out which of the two is the real one (compare fingerprints with the CA's owner), and make the plan with it.",
        basis: 'documented',
      };
    case 'root-not-given':
      return {
        headline: `the plan's root ${objection.wanted.slice(0, 16)}… is not there, so the chain of ${who} cannot be led to it`,
        remedy: 'Add the file with the root (--ca FILE).',
        basis: 'documented',
      };
    case 'intermediate-not-in-plan':
      return {
        headline: `${who} stands in the chain and is not in the plan, so no vCenter will have it`,
        remedy:
          'Make the plan anew with it (plan external-ca --ca), so that it is published too: an array may serve its leaf without the chain. Where the array serves the whole chain, accept it (--accept intermediate-not-in-plan).',
        basis: 'inferred',
      };
    case 'issuer-not-a-ca':
      return {
        headline: `${who} signed a certificate and is no CA`,
        remedy: 'Do not use it: whoever holds a server certificate signed this. Tell the owner of the CA.',
        basis: 'documented',
      };
    case 'issuer-key-usage':
      return {
        headline: `${who} is a CA that may not sign certificates (no keyCertSign)`,
        remedy: 'Have the CA certificate issued with key usage keyCertSign.',
        basis: 'documented',
      };
    case 'issuer-eku':
      return {
        headline: `${who} is a CA for ${list(objection.certificate.extendedKeyUsage ?? []) || 'no purpose'} alone, not for TLS servers`,
        remedy: 'Use an issuing CA whose purposes hold serverAuth, or which has no list of purposes.',
        basis: 'documented',
      };
    case 'path-length':
      return {
        headline: `${who} allows fewer CAs below it than there are (path length ${objection.certificate.pathLength ?? 'none'})`,
        remedy: 'Have the certificate issued by a CA that stands higher, or the CA certificate with a longer path length.',
        basis: 'documented',
      };
    case 'name-constraints':
      return {
        headline: `the name constraints of a CA above exclude ${who}`,
        remedy: 'Ask for a CA that is allowed to issue for these names and addresses; every TLS client refuses it as it is.',
        basis: 'documented',
      };
    case 'critical-extension':
      return {
        headline: `${who} has a critical extension that clients do not understand`,
        remedy: 'Have it issued without, or with the extension not critical (RFC 5280 section 4.2).',
        basis: 'documented',
      };
    case 'signature-algorithm':
      return {
        headline: `${who} has a signature that OpenSSL cannot verify (${objection.certificate.signatureAlgorithm})`,
        remedy: 'Have it signed with RSA and SHA-256.',
        basis: 'documented',
      };
    case 'too-deep':
      return {
        headline: `the chain of ${who} is too long to follow`,
        remedy: 'Give the files of this chain alone; OpenSSL follows ten CAs.',
        basis: 'documented',
      };
    default:
      return unreachable(objection);
  }
}

/** The same for a file that is of no use, or for a part of it. */
export function fileObjectionWords(objection: FileObjection): ObjectionWords {
  const documented = (headline: string, remedy: string): ObjectionWords => ({ headline, remedy, basis: 'documented' });
  switch (objection.code) {
    case 'too-large':
      return documented(
        `is ${objection.bytes} bytes long; ${objection.most} is the most that is read`,
        'Name the files of the answer alone.',
      );
    case 'empty-file':
      return documented('is empty', 'Fetch it again; a download that failed leaves an empty file.');
    case 'not-a-certificate':
      return documented(
        `is no certificate: it ${objection.why}`,
        'Fetch the certificate as PEM ("Base-64 encoded") or DER; a portal that wants a login gives its login page.',
      );
    case 'no-certificate':
      return noCertificate(objection.found);
    case 'damaged':
      return documented(
        `holds something that is damaged: it ${objection.why}`,
        'Fetch it again, as a binary file; copying through mail or a terminal loses bytes.',
      );
    case 'passphrase-missing':
      return documented('is encrypted', 'Give its passphrase with --passphrase-env VARIABLE or --passphrase-file FILE.');
    case 'wrong-passphrase':
      return documented(
        'does not open with the passphrase given',
        'Check the passphrase; it belongs to the file, not to the key that `ca csr` wrote.',
      );
    case 'encryption-not-supported':
      return documented(
        `is encrypted in a way that is not read here: ${objection.what}`,
        'Convert it where it is readable: openssl pkcs12 -in FILE -nokeys -out FILE.pem, and name FILE.pem.',
      );
    default:
      return unreachable(objection);
  }
}

function noCertificate(found: 'request' | 'key' | 'revocation-list' | 'nothing'): ObjectionWords {
  switch (found) {
    case 'request':
      return {
        headline: 'is a request, not an answer to one',
        remedy: 'Send it to the CA and name the file that comes back.',
        basis: 'documented',
      };
    case 'key':
      return { headline: 'holds a key and no certificate', remedy: 'Name keys with --key.', basis: 'documented' };
    case 'revocation-list':
      return { headline: 'is a revocation list', remedy: 'Fetch the certificate instead.', basis: 'documented' };
    case 'nothing':
      return {
        headline: 'holds no certificate',
        remedy: 'Fetch it again from the CA, with the certificate.',
        basis: 'documented',
      };
    default:
      return unreachable(found);
  }
}

/** The same for a request. */
export function requestObjectionWords(objection: RequestObjection): ObjectionWords {
  const documented = (headline: string, remedy: string): ObjectionWords => ({ headline, remedy, basis: 'documented' });
  switch (objection.code) {
    case 'not-a-request':
      return documented(`it ${objection.why}`, 'Have the array make a PKCS#10 request, as PEM or DER.');
    case 'request-signature':
      return documented('its signature does not verify with the key it is for', 'Make it anew; a CA refuses it as it is.');
    case 'request-not-rsa':
      return {
        headline: `its key is ${objection.what}`,
        remedy:
          'Have the array make an RSA key: vCenter is documented to refuse ECDSA in the chain of its own signing certificate, which is inferred to hold for providers.',
        basis: 'inferred',
      };
    case 'request-weak-key':
      return documented(
        `its RSA key has ${objection.bits} bits`,
        'Have the array make a key of at least 2048 bits, better 3072.',
      );
    case 'request-key-too-large':
      return documented(`its RSA key has ${objection.bits} bits`, 'Have the array make a key of at most 8192 bits.');
    case 'request-missing-san':
      return documented(
        `it does not ask for ${names(objection.missing)}`,
        'Have the array put them into the request; or have the CA add them (docs/ca.md says how) and accept it with --accept request-missing-san: the answer is held to the plan anyway.',
      );
    case 'request-extra-san':
      return documented(
        `it asks for names that are not in the plan: ${list(objection.extra)}`,
        "Check that they are the array's. Accept it with --accept request-extra-san.",
      );
    case 'request-asks-for-a-ca':
      return documented(
        'it asks for a CA certificate',
        'Have a request for a server certificate made; a CA key must not lie on an array.',
      );
    default:
      return unreachable(objection);
  }
}

const subjectOf = ({ subject }: Certificate): string => (subject === '' ? 'a certificate without a subject' : quote(subject));
const serialAndEnd = ({ serial, notAfter }: Certificate): string => `serial ${serial} until ${day(notAfter)}`;
const time = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const names = (all: readonly PlannedName[]): string => list(all.map(({ value }) => value));
const fileStem = (file: string): string => file.replace(/^.*[\\/]/, '').replace(/\.[^.]*$/, '');
