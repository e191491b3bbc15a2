import type { Readable } from 'node:stream';
import { type Entry, fromBufferPromise, type ZipFile } from 'yauzl';
import type { DerBase64 } from '../model/ids.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { certificatesFromBytes } from './certificate-text.js';
import type { HttpsClient } from './https.js';
import { plainText } from './redact.js';

/** Far above what a vCenter has: a root is one to two kilobytes, and there are three copies of each. */
const MAX_ZIP = 16 * 1024 * 1024;
const MAX_ENTRIES = 10_000;
const MAX_ENTRY = 256 * 1024;
const MAX_UNPACKED = 32 * 1024 * 1024;

/** Folders in order of preference: each holds all roots, under the names that platform likes. */
const FOLDERS = ['lin', 'mac', 'win'] as const;
type Folder = (typeof FOLDERS)[number];

/**
 * The roots a vCenter offers for download without a login: `GET /certs/download.zip`, unpacked in memory. CRLs are left out.
 * Fails with `bad-answer` for anything that is not such a zip or means harm (traversing names, encrypted or lying entries) and
 * `too-large` for bombs. Source of the layout: community knowledge, not documented.
 */
export async function readRootBundle(https: HttpsClient): Promise<Result<DerBase64[]>> {
  const answer = await https.request({ method: 'GET', path: '/certs/download.zip', maxBytes: MAX_ZIP });
  if (!answer.ok) return answer;
  if (answer.value.status !== 200) return err(noBundle(https.label, answer.value.status));
  return unpackRootBundle(answer.value.body, https.label);
}

export async function unpackRootBundle(zip: Uint8Array, target: string): Promise<Result<DerBase64[]>> {
  try {
    return ok(await unpack(zip));
  } catch (error) {
    if (error instanceof TooLarge) return err(bomb(target, error.message));
    // yauzl throws plain errors with a sentence, zlib errors with a code: all of them say what is wrong with these bytes.
    if (error instanceof Error) return err(notZip(target, error.message));
    throw error;
  }
}

class TooLarge extends Error {}

async function unpack(bytes: Uint8Array): Promise<DerBase64[]> {
  // yauzl holds names to be relative and without `..` or backslashes, and sizes to be what the directory says.
  const zip = await fromBufferPromise(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), { strictFileNames: true });
  if (zip.entryCount > MAX_ENTRIES) throw new TooLarge(`${zip.entryCount} entries`);
  const found: Record<Folder, DerBase64[]> = { lin: [], mac: [], win: [] };
  let unpacked = 0;
  for await (const entry of zip.eachEntry()) {
    const folder = folderOf(entry);
    if (folder === undefined) continue;
    if (entry.isEncrypted()) throw new Error('an encrypted entry');
    unpacked += entry.uncompressedSize;
    if (entry.uncompressedSize > MAX_ENTRY) throw new TooLarge(`an entry of ${entry.uncompressedSize} bytes`);
    if (unpacked > MAX_UNPACKED) throw new TooLarge(`entries of more than ${MAX_UNPACKED} bytes together`);
    found[folder].push(...certificatesFromBytes(await readEntry(zip, entry)));
  }
  const folder = FOLDERS.find((name) => found[name].length > 0);
  if (folder === undefined) throw new Error('no certificate under certs/lin, certs/mac or certs/win');
  return [...new Set(found[folder])];
}

/** `<hash>.0` is a certificate, `<hash>.r0` a CRL; Windows wants `.crt` and `.crl` behind that. */
function folderOf(entry: Entry): Folder | undefined {
  const match = /^(?:\/?certs\/)?(lin|mac|win)\/[^/]+\.\d+(?:\.crt)?$/.exec(entry.fileName);
  return match?.[1] as Folder | undefined;
}

async function readEntry(zip: ZipFile, entry: Entry): Promise<Buffer> {
  const stream: Readable = await zip.openReadStreamPromise(entry);
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function noBundle(target: string, status: number): Problem {
  if (status === 404) {
    return {
      code: 'not-supported',
      target,
      summary: `${target} offers no /certs/download.zip`,
      remedy: 'Trusted roots are then known from REST or SSH alone.',
      retry: 'never',
    };
  }
  return {
    code: 'bad-answer',
    target,
    summary: `${target} answered /certs/download.zip with HTTP ${status}`,
    remedy: 'Open the address in a browser; if it fails there too, look at the reverse proxy (vmware-rhttpproxy) of the vCenter.',
    retry: 'later',
  };
}

function notZip(target: string, why: string): Problem {
  return {
    code: 'bad-answer',
    target,
    summary: `${target}: /certs/download.zip cannot be used: ${plainText(why, 160)}`,
    remedy: 'Check that address and port are those of a vCenter. Nothing of it was kept or written.',
    retry: 'after-remedy',
  };
}

function bomb(target: string, what: string): Problem {
  return {
    code: 'too-large',
    target,
    summary: `${target}: /certs/download.zip holds ${what}, which no list of roots does; it was not unpacked`,
    remedy: 'Check that address and port are those of a vCenter. Nothing of it was kept or written.',
    retry: 'after-remedy',
  };
}
