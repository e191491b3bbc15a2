import { generateKeyPairSync, type KeyPairKeyObjectResult } from 'node:crypto';
import type { KeyOrigin } from '../../src/model/ca-check.js';
import type { Certificate } from '../../src/model/certificate.js';
import type { ProviderId } from '../../src/model/ids.js';
import type { PlannedCertificate } from '../../src/model/planned-certificate.js';
import { bits, der, explicit, integer, oid, sequence, setOf, time } from './der.js';
import { extension, type Minted, type MintOptions, mintCa, mintLeaf, nameDer } from './mint.js';
import { mintRequest } from './mint-request.js';

/** The time at which answers are judged here and by openssl. */
export const NOW = new Date('2026-11-22T12:00:00Z');

const made = new Map<string, KeyPairKeyObjectResult>();

/** RSA keys take their time: each name is one key for the whole run. */
export function rsaKeys(name: string, modulusLength = 2048): KeyPairKeyObjectResult {
  const keys = made.get(name) ?? generateKeyPairSync('rsa', { modulusLength });
  made.set(name, keys);
  return keys;
}

const END = (year: number): Date => new Date(Date.UTC(year, 0, 1));
const ca = (name: string, options: MintOptions = {}): Minted =>
  mintCa({ name: `CN=${name},O=Example`, keys: rsaKeys(name), notAfter: END(2040), ...options });

export const NAMES = ['array1-ct0.lab.example', 'vasa1.lab.example', '10.0.0.11', 'fd00::11'] as const;

/** What the plan expects: an RSA root and one issuing CA below it. */
export const root = ca('LAB Root');
export const issuing = ca('LAB Issuing CA', { issuer: root, notAfter: END(2036) });
export const leafKeys = rsaKeys('leaf');

/** A good answer, but for what `options` change. */
export const answer = (options: MintOptions = {}): Minted =>
  mintLeaf({
    name: `CN=${NAMES[0]}`,
    issuer: issuing,
    keys: leafKeys,
    san: NAMES,
    basicConstraints: 'not-ca',
    extendedKeyUsage: ['serverAuth'],
    notBefore: new Date('2026-11-01T00:00:00Z'),
    notAfter: END(2030),
    ...options,
  });

export const planned: PlannedCertificate = {
  name: 'array1-ct0',
  provider: 'com.example:1' as ProviderId,
  commonName: NAMES[0],
  san: NAMES.map((value) => ({ kind: /^[\d.]+$|:/.test(value) ? 'ip' : 'dns', value })),
  keyBits: 3072,
  chainOrder: 'leaf-first',
  root: root.cert.sha256,
  chain: [issuing.cert.sha256, root.cert.sha256],
};

export const ORIGIN: KeyOrigin = { from: 'request', file: 'array1-ct0.csr' };

/** How openssl is asked about the same answer, and what it says. */
export type OpensslJudges =
  /** `openssl verify -purpose sslserver` of the leaf, everything else untrusted, the plan's root trusted. */
  | { readonly verify: 'accepts' }
  | { readonly verify: 'refuses'; readonly says: RegExp; readonly options?: readonly string[] }
  /** `openssl x509 -checkhost`/`-checkip` of this name. */
  | { readonly lacksName: string }
  /** Public key of the certificate against that of the request. */
  | { readonly key: 'differs' }
  /** One command over the first file; `FILE` stands for it. */
  | { readonly run: readonly string[]; readonly fails: boolean; readonly says: RegExp };

export interface Defect {
  readonly name: string;
  /** Codes of the refusal, in their order, of the answer and of the files. */
  readonly codes: readonly string[];
  /** First the leaf, then what else came with it. */
  readonly files: () => readonly Buffer[];
  /** What the plan brings along; the plan's root and issuing CA where not given. */
  readonly known?: () => readonly Certificate[];
  readonly planned?: () => PlannedCertificate;
  readonly keys?: KeyPairKeyObjectResult;
  readonly passphrase?: string;
  /** Where openssl accepts what we refuse, `why` says what we know beyond. */
  readonly openssl: OpensslJudges;
  readonly why?: string;
}

const pems = (...minted: readonly Minted[]): Buffer[] => minted.map(({ pem }) => Buffer.from(pem));
const refuses = (says: RegExp, ...options: string[]): OpensslJudges => ({ verify: 'refuses', says, options });
const accepts: OpensslJudges = { verify: 'accepts' };
const runs = (says: RegExp, ...run: string[]): OpensslJudges => ({ run, fails: true, says });
const tampered = (encoded: Buffer, at: number): Buffer => {
  const copy = Buffer.from(encoded);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
};

const otherRoot = () => ca('Other Root');
const otherIssuing = () => ca('Other Issuing CA', { issuer: otherRoot(), notAfter: END(2036) });
const rebuiltRoot = () => ca('LAB Root', { keys: rsaKeys('rebuilt root') });
const underRebuilt = () => ca('LAB Issuing CA 9', { issuer: rebuiltRoot(), notAfter: END(2036) });
/** A second issuing CA under the plan's root, in the plan unless a row says otherwise. */
const second = (options: MintOptions = {}) => ca('LAB Issuing CA 2', { issuer: root, notAfter: END(2036), ...options });
const planWith =
  (...issuers: readonly Minted[]) =>
  (): PlannedCertificate => ({
    ...planned,
    chain: [...issuers.map(({ cert }) => cert.sha256), root.cert.sha256],
  });
/** Answers under an issuing CA that is in the plan and wrong in some way. */
const under = (issuer: Minted, leaf: MintOptions = {}) => ({
  files: () => pems(answer({ issuer, ...leaf }), issuer),
  planned: planWith(issuer),
});
const underRoot = (anchor: Minted, issuer: Minted) => ({
  files: () => pems(answer({ issuer }), issuer, anchor),
  known: () => [],
  planned: (): PlannedCertificate => ({ ...planned, root: anchor.cert.sha256, chain: [issuer.cert.sha256, anchor.cert.sha256] }),
});

const NO_PATH = /unable to get (local )?issuer certificate|unable to verify the first certificate/;

/** Every way in which an answer of a CA was seen or thought to be wrong, each with the one reason it must get. */
export function defects(): Defect[] {
  const ec = second({ keyType: 'ec' as const, keys: ecKeys() });
  const ed = second({ keys: generateKeyPairSync('ed25519') });
  const ecRoot = mintCa({ name: 'CN=LAB EC Root,O=Example', keys: ecKeys(), notAfter: END(2040) });
  const shaRoot = ca('LAB SHA-1 Root', { hash: 'sha1' });
  const deadRoot = ca('LAB Dead Root', { notAfter: END(2026) });
  const tight = ca('LAB Tight Root', { pathLength: 0 });
  const upper = ca('LAB Policy CA', { issuer: tight, notAfter: END(2038) });
  const server = answer({ keys: rsaKeys('server'), name: 'CN=www.lab.example', san: ['www.lab.example'] });
  return [
    // The certificate itself.
    {
      name: 'issued for another key',
      codes: ['wrong-key'],
      files: () => pems(answer({ keys: rsaKeys('stranger') })),
      openssl: { key: 'differs' },
    },
    {
      name: 'one registered name is missing',
      codes: ['missing-san'],
      files: () => pems(answer({ san: [NAMES[0], '10.0.0.11', 'fd00::11'] })),
      openssl: { lacksName: NAMES[1] },
    },
    {
      name: 'the IPv4 address is missing',
      codes: ['missing-san'],
      files: () => pems(answer({ san: [NAMES[0], NAMES[1], 'fd00::11'] })),
      openssl: { lacksName: '10.0.0.11' },
    },
    {
      name: 'the IPv6 address is another',
      codes: ['missing-san'],
      files: () => pems(answer({ san: [NAMES[0], NAMES[1], '10.0.0.11', 'fd00::12'] })),
      openssl: { lacksName: 'fd00::11' },
    },
    {
      name: 'names in the CN alone, no SAN',
      codes: ['missing-san'],
      files: () => pems(withoutSan()),
      openssl: { lacksName: NAMES[1] },
    },
    {
      name: 'the address as a DNS name',
      codes: ['missing-san'],
      files: () => pems(answer({ san: [NAMES[0], NAMES[1], 'dns:10.0.0.11', 'fd00::11'] })),
      openssl: { lacksName: '10.0.0.11' },
    },
    {
      name: 'a misspelt name',
      codes: ['missing-san'],
      files: () => pems(answer({ san: [NAMES[0], 'vasa1.lab.exampel', '10.0.0.11', 'fd00::11'] })),
      openssl: { lacksName: NAMES[1] },
    },
    {
      name: 'a wildcard in place of the names',
      codes: ['wildcard'],
      files: () => pems(answer({ san: ['*.lab.example', '10.0.0.11', 'fd00::11'] })),
      openssl: accepts,
      why: 'OpenSSL takes wildcards; that SMS and the array do was not found',
    },
    {
      name: 'a wildcard one label too high',
      codes: ['missing-san'],
      files: () => pems(answer({ san: ['*.example', '10.0.0.11', 'fd00::11'] })),
      openssl: { lacksName: NAMES[0] },
    },
    {
      name: "the array's own self-signed certificate",
      codes: ['self-signed'],
      files: () => pems(mintLeaf({ name: `CN=${NAMES[0]}`, keys: leafKeys, san: NAMES, notAfter: END(2030) })),
      openssl: refuses(/self.signed certificate/),
    },
    {
      name: 'a subordinate CA',
      codes: ['is-a-ca'],
      files: () => pems(answer({ basicConstraints: 'ca', keyUsage: ['keyCertSign', 'cRLSign', 'digitalSignature'] })),
      openssl: accepts,
      why: 'OpenSSL lets a CA be a server; a CA key must not lie on an array',
    },
    {
      name: 'keyCertSign without being a CA',
      codes: ['is-a-ca'],
      files: () => pems(answer({ keyUsage: ['keyCertSign', 'digitalSignature'] })),
      openssl: refuses(/CA|[Kk]ey [Uu]sage/, '-x509_strict'),
    },
    {
      name: 'for clients only',
      codes: ['eku-wrong'],
      files: () => pems(answer({ extendedKeyUsage: ['clientAuth'] })),
      openssl: refuses(/purpose/),
    },
    {
      name: 'for any purpose, which OpenSSL does not take for servers',
      codes: ['eku-wrong'],
      files: () => pems(answer({ extendedKeyUsage: ['2.5.29.37.0'] })),
      openssl: refuses(/purpose/),
    },
    {
      name: 'for code signing',
      codes: ['eku-wrong'],
      files: () => pems(answer({ extendedKeyUsage: ['1.3.6.1.5.5.7.3.3'] })),
      openssl: refuses(/purpose/),
    },
    {
      name: 'may encipher keys and not sign',
      codes: ['key-usage'],
      files: () => pems(answer({ keyUsage: ['keyEncipherment'] })),
      openssl: accepts,
      why: 'OpenSSL is content with either; handshakes with forward secrecy sign',
    },
    {
      name: 'may sign revocation lists only',
      codes: ['key-usage'],
      files: () => pems(answer({ keyUsage: ['cRLSign'] })),
      openssl: refuses(/purpose/),
    },
    {
      name: 'expired',
      codes: ['expired'],
      files: () => pems(answer({ notBefore: END(2024), notAfter: END(2026) })),
      openssl: refuses(/has expired/),
    },
    {
      name: 'not yet valid',
      codes: ['not-yet-valid'],
      files: () => pems(answer({ notBefore: new Date('2026-11-23T00:00:00Z') })),
      openssl: refuses(/not yet valid/),
    },
    {
      name: "valid for a month (Vault's default)",
      codes: ['short-lived'],
      files: () => pems(answer({ notAfter: new Date('2026-12-24T12:00:00Z') })),
      openssl: accepts,
      why: 'each renewal takes all registrations offline',
    },
    {
      name: 'longer than its issuer',
      codes: ['longer-than-issuer'],
      files: () => pems(answer({ notAfter: END(2037) })),
      openssl: accepts,
      why: 'OpenSSL judges the present; the plan has to say when to renew',
    },
    {
      name: 'RSA of 1024 bits',
      codes: ['weak-key'],
      keys: rsaKeys('short', 1024),
      files: () => pems(answer({ keys: rsaKeys('short', 1024) })),
      openssl: refuses(/key too weak/, '-auth_level', '2'),
    },
    {
      name: 'an EC key',
      codes: ['ecdsa-in-chain'],
      keys: ecKeys(),
      files: () => pems(answer({ keys: ecKeys() })),
      openssl: accepts,
      why: 'vCenter refuses ECDSA in a chain',
    },
    {
      name: 'signed with SHA-1',
      codes: ['sha1-in-chain'],
      files: () => pems(answer({ hash: 'sha1' })),
      openssl: refuses(/digest algorithm too weak/, '-auth_level', '2'),
    },
    {
      name: 'signed with MD5',
      codes: ['sha1-in-chain'],
      files: () => pems(answer({ hash: 'md5' })),
      openssl: refuses(/digest algorithm too weak/, '-auth_level', '2'),
    },
    {
      name: 'signed with RSASSA-PSS (AlternateSignatureAlgorithm)',
      codes: ['pss-in-chain'],
      files: () => pems(answer({ pss: true })),
      openssl: accepts,
      why: 'that vCenter reads PSS was not found',
    },
    {
      name: 'a changed signature',
      codes: ['bad-signature'],
      files: () => [tampered(answer().der, answer().der.length - 1)],
      openssl: refuses(/signature failure/),
    },
    {
      name: 'a changed name under the old signature',
      codes: ['bad-signature'],
      files: () => [changedName()],
      openssl: refuses(/signature failure/),
    },
    {
      name: 'a critical extension that nobody knows',
      codes: ['critical-extension'],
      files: () => pems(answer({ extraExtensions: [extension('1.3.6.1.4.1.99999.1', sequence(), true)] })),
      openssl: refuses(/unhandled critical extension/),
    },
    {
      name: 'version 1, which has no names',
      codes: ['missing-san'],
      files: () => pems(answer({ version: 1 })),
      openssl: { lacksName: NAMES[1] },
    },
    {
      name: 'two certificates for one key',
      codes: ['duplicate'],
      files: () => pems(answer(), answer({ notAfter: END(2029) })),
      openssl: accepts,
      why: 'each is good; which one is meant, nobody can tell',
    },
    {
      name: 'a signature algorithm that nobody knows',
      codes: ['signature-algorithm'],
      files: () => pems(answer({ algorithm: '1.3.6.1.4.1.99999.2' })),
      openssl: refuses(/signature failure|unable to|unsupported/),
    },
    // The chain above it.
    {
      name: 'the issuing CA is missing',
      codes: ['chain-incomplete'],
      files: () => pems(answer({ issuer: second() })),
      openssl: refuses(NO_PATH),
    },
    {
      name: 'only the upper of two CAs is there',
      codes: ['chain-incomplete'],
      files: () => pems(answer({ issuer: ca('LAB Lower', { issuer: second(), notAfter: END(2035) }) }), second()),
      openssl: refuses(NO_PATH),
    },
    {
      name: 'a CA certificate of another generation',
      codes: ['wrong-issuer'],
      files: () => pems(answer({ issuer: second() }), second({ keys: rsaKeys('LAB Issuing CA 2, renewed') })),
      openssl: refuses(NO_PATH),
    },
    {
      name: 'another CA, complete with its root',
      codes: ['unknown-root'],
      files: () => pems(answer({ issuer: otherIssuing() }), otherIssuing(), otherRoot()),
      openssl: refuses(/self.signed certificate in certificate chain/),
    },
    {
      name: 'another CA, its root left out',
      codes: ['chain-incomplete'],
      files: () => pems(answer({ issuer: otherIssuing() }), otherIssuing()),
      openssl: refuses(NO_PATH),
    },
    {
      name: 'a rebuilt root of the same name, given',
      codes: ['same-name-root'],
      files: () => pems(answer({ issuer: underRebuilt() }), underRebuilt(), rebuiltRoot()),
      planned: planWith(underRebuilt()),
      openssl: refuses(/self.signed certificate in certificate chain|signature failure|unable to get/),
    },
    {
      name: 'a rebuilt root of the same name, left out',
      codes: ['same-name-root'],
      files: () => pems(answer({ issuer: underRebuilt() }), underRebuilt()),
      planned: planWith(underRebuilt()),
      openssl: refuses(/unable to get|signature failure/),
    },
    {
      name: "nobody gave the plan's root",
      codes: ['root-not-given'],
      files: () => pems(answer(), issuing),
      known: () => [],
      openssl: { run: ['verify', '-untrusted', 'ALL', 'FILE'], fails: true, says: NO_PATH },
    },
    {
      name: 'an ECDSA issuing CA',
      codes: ['ecdsa-in-chain'],
      ...under(ec),
      openssl: accepts,
      why: 'vCenter refuses ECDSA in a chain',
    },
    {
      name: 'an Ed25519 issuing CA',
      codes: ['ecdsa-in-chain'],
      ...under(ed),
      openssl: accepts,
      why: 'RSA alone is known to work',
    },
    {
      name: 'an ECDSA root',
      codes: ['ecdsa-in-chain'],
      ...underRoot(ecRoot, ca('LAB Issuing CA 3', { issuer: ecRoot, notAfter: END(2036) })),
      openssl: accepts,
      why: 'vCenter refuses ECDSA in a chain',
    },
    {
      name: 'an issuing CA signed with SHA-1',
      codes: ['sha1-in-chain'],
      ...under(second({ hash: 'sha1' })),
      openssl: refuses(/digest algorithm too weak/, '-auth_level', '2'),
    },
    {
      name: 'a root signed with SHA-1',
      codes: ['sha1-in-chain'],
      ...underRoot(shaRoot, ca('LAB Issuing CA 4', { issuer: shaRoot, notAfter: END(2036) })),
      openssl: accepts,
      why: "a root's own signature is not checked by OpenSSL; vCenter is documented to want SHA-2 all along the chain",
    },
    {
      name: 'an issuing CA with RSA of 1024 bits',
      codes: ['weak-key'],
      ...under(second({ keys: rsaKeys('short CA', 1024) })),
      openssl: refuses(/key too weak/, '-auth_level', '2'),
    },
    {
      name: 'an expired issuing CA',
      codes: ['expired', 'longer-than-issuer'],
      ...under(second({ notAfter: END(2026) })),
      openssl: refuses(/has expired/),
    },
    {
      name: 'an expired root',
      codes: ['expired', 'longer-than-issuer'],
      ...underRoot(deadRoot, ca('LAB Issuing CA 5', { issuer: deadRoot, notAfter: END(2036) })),
      openssl: refuses(/has expired/),
    },
    {
      name: 'an issuing CA that is not yet valid',
      codes: ['not-yet-valid'],
      ...under(second({ notBefore: END(2027) })),
      openssl: refuses(/not yet valid/),
    },
    {
      name: 'an issuing CA that outlives its root',
      codes: ['longer-than-issuer'],
      ...under(second({ notAfter: END(2041) })),
      openssl: accepts,
      why: 'OpenSSL judges the present',
    },
    {
      name: 'signed by another server certificate',
      codes: ['issuer-not-a-ca'],
      files: () => pems(answer({ issuer: server }), server),
      planned: planWith(server),
      openssl: refuses(/invalid CA certificate|key usage does not include certificate signing/),
    },
    {
      name: 'an issuing CA that may not sign certificates',
      codes: ['issuer-key-usage'],
      ...under(second({ keyUsage: ['cRLSign'] })),
      openssl: refuses(/key ?usage does not include certificate signing|unable to get|invalid CA/),
    },
    {
      name: 'an issuing CA for clients only',
      codes: ['issuer-eku'],
      ...under(second({ extendedKeyUsage: ['clientAuth'] })),
      openssl: refuses(/purpose|invalid CA/),
    },
    {
      name: 'a CA below a CA that allows none',
      codes: ['path-length'],
      files: () => {
        const lower = ca('LAB Lower CA', { issuer: upper, notAfter: END(2036) });
        return pems(answer({ issuer: lower }), lower, upper, tight);
      },
      known: () => [],
      planned: () => ({ ...planned, root: tight.cert.sha256, chain: [] }),
      openssl: refuses(/path length constraint exceeded/),
    },
    {
      name: 'name constraints that exclude the domain',
      codes: ['name-constraints'],
      ...under(second({ nameConstraints: { excluded: ['lab.example'] } })),
      openssl: refuses(/excluded subtree violation/),
    },
    {
      name: 'name constraints that permit another domain',
      codes: ['name-constraints'],
      ...under(second({ nameConstraints: { permitted: ['other.example'] } })),
      openssl: refuses(/permitted subtree violation/),
    },
    {
      name: 'name constraints that permit other addresses',
      codes: ['name-constraints'],
      ...under(second({ nameConstraints: { permitted: ['lab.example', '192.168.0.0/255.255.0.0'] } })),
      openssl: refuses(/permitted subtree violation/),
    },
    {
      name: 'an issuing CA that the plan does not publish',
      codes: ['intermediate-not-in-plan'],
      files: () => pems(answer({ issuer: second() }), second()),
      openssl: accepts,
      why: 'OpenSSL was handed the CA; vCenters will not have it',
    },
    // What is no certificate.
    {
      name: 'an empty file',
      codes: ['empty-file'],
      files: () => [Buffer.alloc(0)],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-noout'),
    },
    {
      name: 'the login page of a portal',
      codes: ['not-a-certificate'],
      files: () => [Buffer.from('<!DOCTYPE html><html><title>Log in</title></html>')],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-noout'),
    },
    {
      name: 'a text',
      codes: ['not-a-certificate'],
      files: () => [Buffer.from('Your request was denied.\n')],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-noout'),
    },
    {
      name: 'the request instead of the answer',
      codes: ['no-certificate'],
      files: () => [pemText('CERTIFICATE REQUEST', mintRequest({ keys: leafKeys }))],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-noout'),
    },
    {
      name: 'a key alone',
      codes: ['no-certificate'],
      files: () => [Buffer.from(leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }))],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-noout'),
    },
    {
      name: 'a revocation list',
      codes: ['no-certificate'],
      files: () => [pemText('X509 CRL', revocationList())],
      openssl: { run: ['crl', '-in', 'FILE', '-noout', '-issuer'], fails: false, says: /LAB Issuing CA/ },
    },
    {
      name: 'DER that was cut off',
      codes: ['damaged'],
      files: () => [answer().der.subarray(0, 700)],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-inform', 'DER', '-noout'),
    },
    {
      name: 'PEM that was cut off',
      codes: ['damaged'],
      files: () => [Buffer.from(`${answer().pem.slice(0, 800)}\n-----END CERTIFICATE-----\n`)],
      openssl: runs(/./, 'x509', '-in', 'FILE', '-noout'),
    },
    {
      name: 'DER with bytes behind it',
      codes: ['damaged'],
      files: () => [Buffer.concat([answer().der, Buffer.from('\r\n')])],
      openssl: { run: ['x509', '-in', 'FILE', '-inform', 'DER', '-noout'], fails: false, says: /^$/ },
      why: 'OpenSSL stops reading where the certificate ends',
    },
    {
      name: 'PKCS#7 without certificates',
      codes: ['no-certificate'],
      files: () => [pkcs7([])],
      openssl: { run: ['pkcs7', '-in', 'FILE', '-inform', 'DER', '-print_certs'], fails: false, says: /^\s*$/ },
    },
    {
      name: 'PKCS#7 that was cut off',
      codes: ['damaged'],
      files: () => [pkcs7([answer().der]).subarray(0, 600)],
      openssl: runs(/./, 'pkcs7', '-in', 'FILE', '-inform', 'DER', '-print_certs'),
    },
    {
      name: "somebody else's certificate",
      codes: ['not-in-plan'],
      files: () => pems(answer({ keys: rsaKeys('stranger'), name: 'CN=mail.lab.example', san: ['mail.lab.example'] })),
      openssl: { key: 'differs' },
    },
  ];
}

export const ecKeys = (): KeyPairKeyObjectResult => {
  const keys = made.get('ec') ?? generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  made.set('ec', keys);
  return keys;
};

const withoutSan = (): Minted => {
  const ca = { issuer: issuing, keys: leafKeys, name: `CN=${NAMES[0]}`, notAfter: END(2030) };
  return mintCa({ ...ca, basicConstraints: 'not-ca', keyUsage: ['digitalSignature'], extendedKeyUsage: ['serverAuth'] });
};

/** The good answer with one letter of a SAN changed and the signature left as it was. */
function changedName(): Buffer {
  const encoded = Buffer.from(answer({ san: [...NAMES, 'xrray.lab.example'] }).der);
  encoded[encoded.indexOf('xrray')] = 'a'.charCodeAt(0);
  return encoded;
}

function revocationList(): Buffer {
  const algorithm = sequence(oid('1.2.840.113549.1.1.11'), der(0x05));
  const list = sequence(integer(1), algorithm, nameDer('CN=LAB Issuing CA'), time(NOW));
  return sequence(list, algorithm, bits(Buffer.alloc(256)));
}

/** A `.p7b`: SignedData without signers (RFC 2315 section 9). */
export function pkcs7(certificates: readonly Buffer[], indefinite = false): Buffer {
  const data = sequence(oid('1.2.840.113549.1.7.1'));
  const inner = certificates.length > 0 ? explicit(0, ...certificates) : '';
  const signedData = sequence(integer(1), setOf(), data, inner, setOf());
  if (!indefinite) return sequence(oid('1.2.840.113549.1.7.2'), explicit(0, signedData));
  const open = (tag: number, ...contents: Buffer[]) => Buffer.concat([Buffer.of(tag, 0x80), ...contents, Buffer.of(0, 0)]);
  return open(
    0x30,
    oid('1.2.840.113549.1.7.2'),
    open(0xa0, open(0x30, integer(1), setOf(), data, open(0xa0, ...certificates), setOf())),
  );
}

export const pemText = (label: string, encoded: Buffer): Buffer =>
  Buffer.from(`-----BEGIN ${label}-----\n${encoded.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`);
