import { createHash, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { type DerBase64, derBase64 } from '../model/ids.js';
import { bitString, context, derTrue, integer, octetString, oid, readItems, sequence, TAG, time, tlv } from './der.js';
import { encodeName, type LabName, nameHash, nameText, parseName } from './distinguished-name.js';
import { generateKeys, type KeyKind, keysFromPem, type LabKeys } from './keys.js';
import type { LabCa, LabIdentity } from './world.js';

/**
 * Certificates for the lab and for tests, written as DER by hand: one takes a fraction of a millisecond, the product's X.509 library is not
 * asked to check its own work, and a certificate can be as wrong as a test needs it. Everything stays in memory.
 */
export interface CertificateSpec {
  readonly subject: LabName | string;
  /** Missing: self-signed. */
  readonly issuer?: LabCa;
  /** Missing: a new pair of `keyKind`. */
  readonly keys?: LabKeys;
  readonly keyKind?: KeyKind;
  /** Missing: derived from everything else in the certificate, so that equal specs give equal serials. */
  readonly serial?: bigint;
  /** Missing: a month ago. */
  readonly notBefore?: Date;
  /** Missing: two years after `notBefore` for a leaf, ten for a CA. */
  readonly notAfter?: Date;
  /** Missing: the real time. */
  readonly now?: Date;
  /** Host names and addresses; told apart by their form. */
  readonly san?: readonly string[];
  /** `false` leaves the extension out; bytes replace the usual value (SHA-1 of the public key; the issuer's key identifier). */
  readonly ski?: false | Uint8Array;
  readonly aki?: false | Uint8Array;
  readonly isCa?: boolean;
  /** `false` leaves basicConstraints out altogether, whatever `isCa` says. */
  readonly basicConstraints?: false;
  readonly pathLength?: number;
  readonly keyUsage?: readonly KeyUsage[];
  readonly extendedKeyUsage?: readonly ('serverAuth' | 'clientAuth')[];
  /** Permitted and excluded DNS subtrees. */
  readonly nameConstraints?: { readonly permitted?: readonly string[]; readonly excluded?: readonly string[] };
  readonly extensions?: readonly { readonly oid: string; readonly critical: boolean; readonly value: Uint8Array }[];
  readonly hash?: SignatureHash;
  /** 1: no extensions at all. */
  readonly version?: 1 | 3;
  /** True: the signature does not fit the certificate. */
  readonly brokenSignature?: boolean;
}

export type SignatureHash = 'sha1' | 'sha256' | 'sha384' | 'sha512' | 'md5';
export type KeyUsage = (typeof KEY_USAGES)[number];

const KEY_USAGES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
] as const;

const DAY_MS = 86_400_000;
const SIGNATURE_OIDS: Readonly<Record<'rsa' | 'ec', Partial<Record<SignatureHash, string>>>> = {
  rsa: {
    md5: '1.2.840.113549.1.1.4',
    sha1: '1.2.840.113549.1.1.5',
    sha256: '1.2.840.113549.1.1.11',
    sha384: '1.2.840.113549.1.1.12',
    sha512: '1.2.840.113549.1.1.13',
  },
  ec: { sha1: '1.2.840.10045.4.1', sha256: '1.2.840.10045.4.3.2', sha384: '1.2.840.10045.4.3.3', sha512: '1.2.840.10045.4.3.4' },
};

/** An end certificate with its key. */
export async function mintLeaf(spec: CertificateSpec): Promise<LabIdentity> {
  return mint({ extendedKeyUsage: ['serverAuth', 'clientAuth'], ...spec }, spec.keys ?? (await generateKeys(spec.keyKind)));
}

/** A CA: self-signed, or subordinate to `issuer`. Its `chain` is everything above it, its issuer first. */
export async function mintCa(spec: CertificateSpec): Promise<LabCa> {
  const keys = spec.keys ?? (await generateKeys(spec.keyKind));
  const ca: LabCa = {
    ...mint({ isCa: true, keyUsage: ['keyCertSign', 'cRLSign'], ...spec }, keys),
    subject: typeof spec.subject === 'string' ? spec.subject : nameText(spec.subject),
    chain: spec.issuer ? [spec.issuer.certificate, ...spec.issuer.chain] : [],
  };
  keysByIdentity.set(ca, keys);
  return ca;
}

/** A CA of the same subject, byte for byte, with another key: what rebuilding a vCenter leaves behind. */
export function remintCa(ca: LabCa, spec: Omit<CertificateSpec, 'subject'> = {}): Promise<LabCa> {
  return mintCa({ ...spec, subject: parseName(ca.subject) });
}

/** The self-signed certificate of a key that already has another one. */
export function selfSign(identity: LabIdentity, spec: Omit<CertificateSpec, 'keys' | 'issuer'>): LabIdentity {
  return mint(spec, keysOf(identity));
}

/**
 * The subject a VMCA gives its root. `2016`: without ST and OU, as on older releases; which release began to add them is not known.
 * DC parts follow the SSO domain (inferred). Source: sample certificates of 2016 and 2021, and vCenter 8.0.3.
 * The mark `OU=LAB` is ours.
 */
export function vmcaSubject(fqdn: string, ssoDomain = 'vsphere.local', form: '2016' | '2021' = '2021'): LabName {
  const domain = ssoDomain.split('.').map((part): readonly [string, string] => ['DC', part]);
  const full = form === '2021';
  return [
    ['CN', 'CA'],
    ...domain,
    ['C', 'US'],
    ...(full ? ([['ST', 'California']] as const) : []),
    ['O', fqdn],
    ...(full ? ([['OU', 'VMware Engineering']] as const) : []),
    ['OU', 'LAB'],
  ];
}

/** Signs at once: the one place that needs no promise. Equal specs with equal keys differ only in an EC signature's random part. */
export function mint(spec: CertificateSpec, keys: LabKeys): LabIdentity {
  const { issuer } = spec;
  const signer = issuer ? keysOf(issuer).privateKey : keys.privateKey;
  const subject = encodeName(typeof spec.subject === 'string' ? parseName(spec.subject) : spec.subject);
  const issuerParts = issuer ? readParts(issuer.certificate) : undefined;
  const algorithm = signatureAlgorithm(signer, spec.hash ?? 'sha256');
  const notBefore = spec.notBefore ?? new Date((spec.now ?? new Date()).getTime() - 30 * DAY_MS);
  const notAfter = spec.notAfter ?? new Date(notBefore.getTime() + (spec.isCa ? 3650 : 730) * DAY_MS);
  const skiValue = spec.ski === false ? undefined : (spec.ski ?? keyIdentifier(keys.spki));
  const akiValue = spec.aki === false ? undefined : (spec.aki ?? (issuerParts ? issuerParts.ski : skiValue));
  const rest = [
    algorithm,
    issuerParts?.subject ?? subject,
    sequence(time(notBefore), time(notAfter)),
    subject,
    keys.spki,
    ...(spec.version === 1 ? [] : [context(3, sequence(...extensionsOf(spec, skiValue, akiValue)))]),
  ];
  const serial = spec.serial ?? derivedSerial(rest);
  const tbs = sequence(...(spec.version === 1 ? [] : [context(0, integer(2n))]), integer(serial), ...rest);
  const signature = signBytes(signer, spec.hash ?? 'sha256', tbs);
  if (spec.brokenSignature) signature.writeUInt8(signature.readUInt8(signature.length - 1) ^ 0x01, signature.length - 1);
  const der = sequence(tbs, algorithm, bitString(signature));
  const certificate = derBase64(der);
  const identity: LabIdentity = { certificate, certificatePem: certificatePem(certificate), privateKeyPem: keys.privateKeyPem };
  keysByIdentity.set(identity, keys);
  return identity;
}

/** A self-signed certificate for a subject given as DER, whose key may sign no certificates. */
export function mintBare(subject: Uint8Array, keys: LabKeys): DerBase64 {
  const algorithm = signatureAlgorithm(keys.privateKey, 'sha256');
  const validity = sequence(time(new Date(0)), time(new Date(4_000_000_000_000)));
  const usage = sequence(oid('2.5.29.15'), derTrue(), octetString(keyUsageBits(['digitalSignature'])));
  const tbs = sequence(
    context(0, integer(2n)),
    integer(1n),
    algorithm,
    subject,
    validity,
    subject,
    keys.spki,
    context(3, sequence(usage)),
  );
  return derBase64(sequence(tbs, algorithm, bitString(signBytes(keys.privateKey, 'sha256', tbs))));
}

/** An empty revocation list of a CA, DER: the `.r0` files of a vCenter's bundle. */
export function mintCrl(ca: LabCa, now: Date): Buffer {
  const key = keysOf(ca).privateKey;
  const algorithm = signatureAlgorithm(key, 'sha256');
  const { subject } = readParts(ca.certificate);
  const tbs = sequence(integer(1n), algorithm, subject, time(now), time(new Date(now.getTime() + 30 * DAY_MS)));
  return sequence(tbs, algorithm, bitString(signBytes(key, 'sha256', tbs)));
}

export function certificatePem(der: DerBase64): string {
  return `-----BEGIN CERTIFICATE-----\n${der.replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`;
}

/** SHA-256 as `AA:BB:…`, the form `SHA256 AA:BB:…` of estate.yaml wants. */
export const fingerprint = (der: DerBase64): string =>
  createHash('sha256')
    .update(Buffer.from(der, 'base64'))
    .digest('hex')
    .toUpperCase()
    .replaceAll(/..(?=.)/g, '$&:');

/** What `openssl x509 -hash` prints for the certificate's subject. */
export const subjectHash = (der: DerBase64): string => nameHash(readParts(der).subject);

/** DER of the subject: what a CertificateRequest lists. */
export const subjectBytes = (der: DerBase64): Buffer => readParts(der).subject;

/** Method 1 of RFC 5280 4.2.1.2: SHA-1 of the public key's bits. */
export function keyIdentifier(spki: Uint8Array): Buffer {
  const [outer] = readItems(spki);
  const bits = outer ? readItems(outer.content)[1] : undefined;
  if (!bits) throw new Error('not a SubjectPublicKeyInfo');
  return createHash('sha1').update(bits.content.subarray(1)).digest();
}

/** Subject, public key and subject key identifier as they stand in a certificate. */
function readParts(der: DerBase64): { subject: Buffer; spki: Buffer; ski?: Buffer } {
  const [certificate] = readItems(Buffer.from(der, 'base64'));
  const [tbs] = certificate ? readItems(certificate.content) : [];
  const fields = tbs ? readItems(tbs.content).filter((field) => field.tag !== 0xa0) : [];
  const [, , , , subject, spki, ...tail] = fields;
  if (!subject || !spki) throw new Error('not a certificate');
  const list = tail.find((field) => field.tag === 0xa3);
  const extensions = list ? readItems(list.content).flatMap((outer) => readItems(outer.content)) : [];
  const skiOid = oid('2.5.29.14');
  for (const extension of extensions) {
    const parts = readItems(extension.content);
    const value = parts.at(-1);
    if (parts[0]?.whole.equals(skiOid) && value) {
      const [ski] = readItems(value.content);
      if (ski) return { subject: subject.whole, spki: spki.whole, ski: ski.content };
    }
  }
  return { subject: subject.whole, spki: spki.whole };
}

function extensionsOf(spec: CertificateSpec, ski: Uint8Array | undefined, aki: Uint8Array | undefined): Buffer[] {
  const list: Buffer[] = [];
  const add = (id: string, critical: boolean, value: Uint8Array) =>
    list.push(sequence(oid(id), ...(critical ? [derTrue()] : []), octetString(value)));
  if (spec.basicConstraints !== false) {
    const limit = spec.isCa && spec.pathLength !== undefined ? [integer(BigInt(spec.pathLength))] : [];
    add('2.5.29.19', spec.isCa === true, sequence(...(spec.isCa ? [derTrue(), ...limit] : [])));
  }
  if (spec.keyUsage) add('2.5.29.15', true, keyUsageBits(spec.keyUsage));
  if (spec.extendedKeyUsage && !spec.isCa) {
    const usage = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' };
    add('2.5.29.37', false, sequence(...spec.extendedKeyUsage.map((name) => oid(usage[name]))));
  }
  if (spec.san && spec.san.length > 0) add('2.5.29.17', false, sequence(...spec.san.map(generalName)));
  if (ski) add('2.5.29.14', false, octetString(ski));
  if (aki) add('2.5.29.35', false, sequence(context(0, aki, true)));
  if (spec.nameConstraints) {
    const subtrees = (n: number, names: readonly string[] | undefined) =>
      names ? [context(n, Buffer.concat(names.map((name) => sequence(context(2, Buffer.from(name, 'ascii'), true)))))] : [];
    const { permitted, excluded } = spec.nameConstraints;
    add('2.5.29.30', true, sequence(...subtrees(0, permitted), ...subtrees(1, excluded)));
  }
  for (const { oid: id, critical, value } of spec.extensions ?? []) add(id, critical, value);
  return list;
}

function keyUsageBits(usages: readonly KeyUsage[]): Buffer {
  const positions = usages.map((usage) => KEY_USAGES.indexOf(usage));
  const last = Math.max(...positions);
  const byte = positions.reduce((bits, position) => bits | (0x80 >> position), 0);
  return bitString(Buffer.from([byte]), 7 - last);
}

function generalName(name: string): Buffer {
  const address = addressBytes(name);
  return address ? context(7, address, true) : context(2, Buffer.from(name, 'utf8'), true);
}

/** Four or sixteen bytes; undefined for a host name. */
export function addressBytes(text: string): Buffer | undefined {
  if (isIP(text) === 4) return Buffer.from(text.split('.').map(Number));
  if (isIP(text) !== 6) return undefined;
  // URL gives the canonical form, with an embedded IPv4 address written as groups.
  const canonical = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  const [left = '', right] = canonical.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16)));
  const head = groups(left);
  const tail = right === undefined ? [] : groups(right);
  const all = [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
  return Buffer.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function derivedSerial(rest: readonly Uint8Array[]): bigint {
  const digest = createHash('sha256').update(Buffer.concat(rest)).digest();
  return digest.readBigUInt64BE(0) >> 1n || 1n;
}

const keysByIdentity = new WeakMap<LabIdentity, LabKeys>();

/** The key pair of an identity, without reading its PEM again. */
export function keysOf(identity: LabIdentity): LabKeys {
  const known = keysByIdentity.get(identity) ?? keysFromPem(identity.privateKeyPem);
  keysByIdentity.set(identity, known);
  return known;
}

function signatureAlgorithm(key: KeyObject, hash: SignatureHash): Buffer {
  if (key.asymmetricKeyType === 'ed25519') return sequence(oid('1.3.101.112'));
  const family = key.asymmetricKeyType === 'ec' ? 'ec' : 'rsa';
  const id = SIGNATURE_OIDS[family][hash];
  if (!id) throw new Error(`no ${family} signature with ${hash}`);
  return sequence(oid(id), ...(family === 'rsa' ? [tlv(TAG.nullValue)] : []));
}

function signBytes(key: KeyObject, hash: SignatureHash, bytes: Uint8Array): Buffer {
  return sign(key.asymmetricKeyType === 'ed25519' ? null : hash, bytes, key);
}
