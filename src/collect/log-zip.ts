import type { Readable } from 'node:stream';
import { openPromise } from 'yauzl';
import { type Bytes, inflateRaw, LogTrouble } from './log-stream.js';

export interface ZipMember {
  readonly name: string;
  readonly body: Bytes;
}

const MOST_MEMBERS = 200_000;
const STORED = 0;
const DEFLATED = 8;

/** Members of a zip file whose name is wanted. Names are only ever shown: nothing is written, so a name cannot lead anywhere. */
export async function* zipMembers(path: string, wanted: (name: string) => boolean): AsyncGenerator<ZipMember> {
  // Names stay bytes: yauzl would refuse the whole file for one that begins with `../`.
  const zip = await openPromise(path, { decodeStrings: false, autoClose: false }).catch((error: Error) => {
    throw (error as NodeJS.ErrnoException).code === undefined
      ? new LogTrouble('damaged', `the zip cannot be read: ${error.message}`)
      : error;
  });
  try {
    if (zip.entryCount > MOST_MEMBERS) throw new LogTrouble('too-large', `the zip has more than ${MOST_MEMBERS} members`);
    for await (const entry of zip.eachEntry()) {
      const name = Buffer.from(entry.fileName as unknown as Uint8Array).toString('utf8');
      if (!wanted(name)) continue;
      if (entry.isEncrypted()) throw new LogTrouble('not-supported', `${name} in it is encrypted`);
      if (entry.compressionMethod !== STORED && entry.compressionMethod !== DEFLATED)
        throw new LogTrouble('not-supported', `${name} in it is compressed in a way that is not supported`);
      const isDeflated = entry.compressionMethod === DEFLATED;
      const stream: Readable = await zip.openReadStreamPromise(entry, { decodeFileData: false });
      yield { name, body: isDeflated ? inflateRaw(stream as AsyncIterable<Buffer>) : (stream as AsyncIterable<Buffer>) };
      stream.destroy();
    }
  } finally {
    zip.close();
  }
}
