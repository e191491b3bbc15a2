import type { TlsHandshake } from '../model/evidence.js';
import { type DerBase64, derBase64 } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';

/** Most certificates and names that are kept of one hello; more is refused as `too-large` would be, by its reader. */
const MAX_CERTIFICATES = 64;
const MAX_NAMES = 4096;

/** Handshake message types (RFC 5246 section 7.4). */
export const MESSAGE = {
  helloRequest: 0,
  serverHello: 2,
  newSessionTicket: 4,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateStatus: 22,
} as const;

/**
 * Everything a provider of any age may want, best first; ECDSA before RSA, as Java orders them. Nothing is ever encrypted with these: the handshake ends before keys exist.
 * Anonymous suites are left out: they come without a certificate.
 */
const CIPHER_SUITES = [
  0xc02c,
  0xc02b,
  0xc030,
  0xc02f,
  0xcca9,
  0xcca8, // ECDHE with AES-GCM, ChaCha20
  0x009f,
  0x009e,
  0xccaa,
  0x00a3,
  0x00a2, // DHE with AES-GCM, ChaCha20
  0xc024,
  0xc023,
  0xc028,
  0xc027,
  0xc00a,
  0xc009,
  0xc014,
  0xc013, // ECDHE with AES-CBC
  0x006b,
  0x0067,
  0x0039,
  0x0033,
  0x006a,
  0x0040,
  0x0038,
  0x0032, // DHE with AES-CBC
  0x009d,
  0x009c,
  0x003d,
  0x003c,
  0x0035,
  0x002f, // RSA key exchange
  0xc008,
  0xc012,
  0x0016,
  0x0013,
  0x000a, // 3DES
  0xc007,
  0xc011,
  0x0005,
  0x0004, // RC4
  0x00ff, // TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746)
];
/** x25519, P-256, P-384, P-521, secp256k1, brainpool, x448, ffdhe2048 to ffdhe8192. */
const GROUPS = [0x001d, 0x0017, 0x0018, 0x0019, 0x0016, 0x001a, 0x001b, 0x001c, 0x001e, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104];
/** ECDSA, RSA-PSS, EdDSA, RSA PKCS#1 and DSA with SHA-2, then with SHA-1. */
const SIGNATURES = [
  0x0403, 0x0503, 0x0603, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b, 0x0401, 0x0501, 0x0601, 0x0301, 0x0303,
  0x0402, 0x0203, 0x0201, 0x0202,
];

/** A whole TLS 1.2 ClientHello record. `random` has 32 bytes; `sni` is a host name in ASCII. */
export function clientHello(random: Uint8Array, sni?: string): Buffer {
  const extensions = [
    ...(sni === undefined
      ? []
      : [extension(0, vector(2, Buffer.concat([Buffer.from([0]), vector(2, Buffer.from(sni, 'latin1'))])))]),
    extension(10, vector(2, words(GROUPS))),
    extension(11, vector(1, Buffer.from([0]))),
    extension(13, vector(2, words(SIGNATURES))),
    extension(23, Buffer.alloc(0)), // extended_master_secret
  ];
  const fixed = Buffer.concat([
    Buffer.from([3, 3]),
    random,
    Buffer.from([0]),
    vector(2, words(CIPHER_SUITES)),
    Buffer.from([1, 0]),
  ]);
  const size = 4 + fixed.length + 2 + extensions.reduce((sum, { length }) => sum + length, 0);
  // Some load balancers hang on a ClientHello of 256 to 511 bytes; RFC 7685 is the cure.
  if (size > 255 && size < 512) extensions.push(extension(21, Buffer.alloc(Math.max(0, 512 - size - 4))));
  const body = Buffer.concat([fixed, vector(2, Buffer.concat(extensions))]);
  const message = Buffer.concat([Buffer.from([1]), vector(3, body)]);
  return Buffer.concat([Buffer.from([22, 3, 1]), vector(2, message)]);
}

/** What says goodbye before encryption: alert close_notify. */
export const CLOSE_NOTIFY: Uint8Array = Uint8Array.of(21, 3, 3, 0, 2, 1, 0);

const vector = (lengthBytes: number, body: Uint8Array): Buffer => {
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(body.length, 0, lengthBytes);
  return Buffer.concat([length, body]);
};
const words = (values: readonly number[]): Buffer => Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
const extension = (type: number, body: Uint8Array): Buffer => Buffer.concat([words([type]), vector(2, body)]);

const PROTOCOLS: Readonly<Record<number, TlsHandshake['protocol']>> = { 0: 'SSLv3', 1: 'TLSv1', 2: 'TLSv1.1', 3: 'TLSv1.2' };

/** Errors here and below are predicates, to be read as "the peer …". */
export function readServerHello(body: Buffer): Result<TlsHandshake['protocol'], string> {
  const protocol = body[0] === 3 ? PROTOCOLS[body[1] as number] : undefined;
  if (!protocol || body.length < 38) return err('sent a ServerHello that is none');
  return ok(protocol);
}

/** `[0]` is the leaf; the bytes are not looked into. */
export function readCertificates(body: Buffer): Result<readonly DerBase64[], string> {
  const found: DerBase64[] = [];
  if (body.length < 3 || body.readUIntBE(0, 3) !== body.length - 3)
    return err('sent a list of certificates whose length is wrong');
  for (let at = 3; at < body.length; ) {
    const length = at + 3 <= body.length ? body.readUIntBE(at, 3) : 0;
    at += 3;
    if (length === 0 || at + length > body.length) return err('sent a list of certificates that breaks off');
    if (found.length >= MAX_CERTIFICATES) return err(`sent more than ${MAX_CERTIFICATES} certificates`);
    found.push(derBase64(body.subarray(at, at + length)));
    at += length;
  }
  return found.length > 0 ? ok(found) : err('sent an empty list of certificates');
}

/** Distinguished names of the CAs from which a client certificate is welcome, DER in base64, in the order sent. An empty list means any. Source: RFC 5246 section 7.4.4. */
export function readCertificateRequest(body: Buffer, protocol: TlsHandshake['protocol']): Result<readonly string[], string> {
  let at = 1 + (body[0] ?? 0);
  if (protocol === 'TLSv1.2') at += 2 + (at + 2 <= body.length ? body.readUInt16BE(at) : body.length);
  if (at + 2 > body.length || at + 2 + body.readUInt16BE(at) !== body.length)
    return err('sent a CertificateRequest whose lengths are wrong');
  const names: string[] = [];
  for (at += 2; at < body.length; ) {
    const length = at + 2 <= body.length ? body.readUInt16BE(at) : body.length;
    at += 2;
    if (at + length > body.length) return err('sent a list of CA names that breaks off');
    if (names.length >= MAX_NAMES) return err(`sent more than ${MAX_NAMES} CA names`);
    names.push(body.toString('base64', at, at + length));
    at += length;
  }
  return ok(names);
}

const ALERTS: Readonly<Record<number, string>> = {
  0: 'close_notify',
  10: 'unexpected_message',
  20: 'bad_record_mac',
  21: 'decryption_failed',
  22: 'record_overflow',
  30: 'decompression_failure',
  40: 'handshake_failure',
  41: 'no_certificate',
  42: 'bad_certificate',
  43: 'unsupported_certificate',
  44: 'certificate_revoked',
  45: 'certificate_expired',
  46: 'certificate_unknown',
  47: 'illegal_parameter',
  48: 'unknown_ca',
  49: 'access_denied',
  50: 'decode_error',
  51: 'decrypt_error',
  70: 'protocol_version',
  71: 'insufficient_security',
  80: 'internal_error',
  86: 'inappropriate_fallback',
  90: 'user_canceled',
  100: 'no_renegotiation',
  109: 'missing_extension',
  110: 'unsupported_extension',
  112: 'unrecognized_name',
  116: 'certificate_required',
  120: 'no_application_protocol',
};

export const alertName = (code: number): string => ALERTS[code] ?? `alert ${code}`;
