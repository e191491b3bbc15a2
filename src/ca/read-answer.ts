import type { FileForm, FileObjection } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import { derBase64 } from '../model/ids.js';
import { parseBase64 } from '../x509/parse.js';
import { type CertificateRequest, parseRequest } from '../x509/request.js';
import { type BerElement, BerError, childrenOf, readBer } from './ber.js';
import { bareBase64, fileText, type PemBlock, pemBlocks } from './pem-blocks.js';
import { certificatesInPkcs7, isPkcs7 } from './pkcs7.js';
import { type FoundKey, isOldEncrypted, keyInDer, keyInOldPem } from './private-key.js';

/** What one file holds. */
export interface AnswerFile {
  readonly file: string;
  readonly form: FileForm;
  readonly certificates: readonly Certificate[];
  readonly keys: readonly FoundKey[];
  readonly requests: readonly CertificateRequest[];
  readonly objections: readonly FileObjection[];
}

/** A chain with its key has some ten kilobytes; files with thousands of certificates are read. */
export const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

type Reading = {
  -readonly [Key in keyof AnswerFile]: AnswerFile[Key] extends readonly (infer One)[] ? One[] : AnswerFile[Key];
} & {
  revocationLists: number;
};

/**
 * Reads what a CA may send back: PEM, DER, PKCS#7 and PKCS#12, told apart by what is in them and not by the name of the file. Never throws, whatever the bytes, and never computes for
 * more than some seconds. Order and duplicates do not matter later. Nothing is judged here: signatures, names and dates are `judge-answer.ts`'s business.
 * @param passphrase of keys and PKCS#12 files, where one was given
 */
export async function readAnswer(file: string, bytes: Buffer, passphrase?: string): Promise<AnswerFile> {
  const reading: Reading = {
    file,
    form: 'unknown',
    certificates: [],
    keys: [],
    requests: [],
    objections: [],
    revocationLists: 0,
  };
  if (bytes.length > MAX_ANSWER_BYTES)
    reading.objections.push({ code: 'too-large', bytes: bytes.length, most: MAX_ANSWER_BYTES });
  else if (bytes.length === 0) reading.objections.push({ code: 'empty-file' });
  else await readForm(bytes, reading, passphrase);
  const { revocationLists, ...answer } = reading;
  if (reading.certificates.length > 0 || reading.objections.length > 0) return answer;
  const found =
    reading.requests.length > 0
      ? 'request'
      : reading.keys.length > 0
        ? 'key'
        : revocationLists > 0
          ? 'revocation-list'
          : 'nothing';
  return { ...answer, objections: [{ code: 'no-certificate', found }] };
}

async function readForm(bytes: Buffer, reading: Reading, passphrase: string | undefined): Promise<void> {
  if (bytes[0] === 0x30) {
    reading.form = 'der';
    return readDer(bytes, reading, passphrase);
  }
  const text = fileText(bytes);
  const blocks = pemBlocks(text);
  reading.form = 'pem';
  for (const block of blocks) await readBlock(block, reading, passphrase);
  if (blocks.length > 0) return;
  const bare = bareBase64(text);
  if (bare) return readDer(bare, reading, passphrase);
  reading.form = 'unknown';
  const isPage = /^\s*<(!doctype|html|\?xml)/i.test(text.slice(0, 200));
  reading.objections.push({ code: 'not-a-certificate', why: isPage ? 'is a web page' : 'is neither PEM nor DER' });
}

async function readBlock(block: PemBlock, reading: Reading, passphrase: string | undefined): Promise<void> {
  if (!block.label.endsWith('PRIVATE KEY')) return readDer(block.der, reading, passphrase);
  if (block.label === 'ENCRYPTED PRIVATE KEY') return readEncryptedKey(block.der, reading, passphrase);
  if (!isOldEncrypted(block.text)) return addKey(block.der, reading);
  if (passphrase === undefined) return void reading.objections.push({ code: 'passphrase-missing' });
  const key = keyInOldPem(block.text, passphrase);
  if (key) reading.keys.push(key);
  else reading.objections.push({ code: 'wrong-passphrase' });
}

/** Bytes of one object, whichever it is. */
async function readDer(der: Buffer, reading: Reading, passphrase: string | undefined): Promise<void> {
  const certificate = parseBase64(derBase64(der));
  if (certificate.ok) return void reading.certificates.push(certificate.value);
  try {
    const outer = readBer(der);
    if (isPkcs7(outer)) readPkcs7(outer, reading);
    else if (isPfx(outer)) await readPkcs12(outer, reading, passphrase);
    else if (isRevocationList(outer)) reading.revocationLists++;
    else if (isEncryptedKey(outer)) await readEncryptedKey(der, reading, passphrase);
    else readRequestOrKey(der, reading, certificate.error, outer);
  } catch (error) {
    if (!(error instanceof BerError)) throw error;
    const why = certificate.error;
    reading.objections.push(der[0] === 0x30 ? { code: 'damaged', why } : { code: 'not-a-certificate', why });
  }
}

function readPkcs7(outer: BerElement, reading: Reading): void {
  reading.form = 'pkcs7';
  for (const der of certificatesInPkcs7(outer)) addCertificate(der, reading);
}

function addCertificate(der: Buffer, reading: Reading): void {
  const certificate = parseBase64(derBase64(der));
  if (certificate.ok) reading.certificates.push(certificate.value);
  else reading.objections.push({ code: 'damaged', why: certificate.error });
}

function readRequestOrKey(der: Buffer, reading: Reading, why: string, outer: BerElement): void {
  const request = parseRequest(der);
  const key = request.ok ? undefined : keyInDer(der);
  if (request.ok) reading.requests.push(request.value);
  else if (key) reading.keys.push(key);
  // Three parts, the last one a bit string: signed like a certificate (or a request), and broken inside.
  else if (isSigned(outer)) reading.objections.push({ code: 'damaged', why });
  else reading.objections.push({ code: 'not-a-certificate', why });
}

/** PKCS#12 needs a library that takes its time to load, so it is loaded when there is such a file. */
async function readPkcs12(outer: BerElement, reading: Reading, passphrase: string | undefined): Promise<void> {
  reading.form = 'pkcs12';
  const { openPkcs12 } = await import('./pkcs12.js');
  await withPassphrase(reading, passphrase, (secret, work) => {
    const contents = openPkcs12(outer, secret, work);
    for (const der of contents.certificates) addCertificate(der, reading);
    for (const der of contents.keys) addKey(der, reading);
  });
}

async function readEncryptedKey(der: Buffer, reading: Reading, passphrase: string | undefined): Promise<void> {
  const { openShroudedKey } = await import('./pkcs12.js');
  await withPassphrase(reading, passphrase, (secret, work) => addKey(openShroudedKey(readBer(der), secret, work), reading));
}

function addKey(der: Buffer, reading: Reading): void {
  const key = keyInDer(der);
  if (key) reading.keys.push(key);
  else reading.objections.push({ code: 'damaged', why: 'has a private key that OpenSSL cannot read' });
}

type Open = (passphrase: string | null, work: InstanceType<typeof import('./password-cipher.js').WorkLimit>) => void;

/** Without a passphrase the two forms of none are tried: exports "without password" are encrypted with one of them. */
async function withPassphrase(reading: Reading, passphrase: string | undefined, open: Open): Promise<void> {
  const { UnsupportedEncryption, WorkLimit, WrongPassphrase } = await import('./password-cipher.js');
  const work = new WorkLimit();
  for (const secret of passphrase === undefined || passphrase === '' ? ['', null] : [passphrase]) {
    try {
      return open(secret, work);
    } catch (error) {
      if (error instanceof WrongPassphrase) continue;
      if (error instanceof UnsupportedEncryption)
        reading.objections.push({ code: 'encryption-not-supported', what: error.message });
      else if (error instanceof BerError) reading.objections.push({ code: 'damaged', why: error.message });
      else throw error;
      return;
    }
  }
  reading.objections.push({ code: passphrase === undefined ? 'passphrase-missing' : 'wrong-passphrase' });
}

const tagsOf = (element: BerElement | undefined): number[] =>
  element && element.tag & 0x20 ? childrenOf(element).map(({ tag }) => tag) : [];

/** PFX ::= SEQUENCE { version 3, authSafe, … } (RFC 7292 section 4). */
function isPfx(outer: BerElement): boolean {
  const [version, safe] = childrenOf(outer);
  return version?.tag === 0x02 && version.contents.equals(Buffer.of(3)) && safe?.tag === 0x30;
}

/** EncryptedPrivateKeyInfo ::= SEQUENCE { AlgorithmIdentifier, OCTET STRING } */
function isEncryptedKey(outer: BerElement): boolean {
  const [algorithm, octets, ...more] = childrenOf(outer);
  return algorithm?.tag === 0x30 && octets?.tag === 0x04 && more.length === 0;
}

const isSigned = (outer: BerElement): boolean => tagsOf(outer).join() === '48,48,3';

/** TBSCertList ::= SEQUENCE { version?, signature, issuer, thisUpdate Time, … } (RFC 5280 section 5.1). */
function isRevocationList(outer: BerElement): boolean {
  if (!isSigned(outer)) return false;
  const tags = tagsOf(childrenOf(outer)[0]);
  const fields = tags[0] === 0x02 ? tags.slice(1) : tags;
  return fields[0] === 0x30 && fields[1] === 0x30 && (fields[2] === 0x17 || fields[2] === 0x18);
}
