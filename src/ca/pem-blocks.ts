/** One armoured block of a PEM file. */
export interface PemBlock {
  readonly label: string;
  /** Armour included, without text around it. */
  readonly text: string;
  readonly der: Buffer;
}

const MAX_BLOCKS = 10_000;
const BEGIN = /-----BEGIN ([A-Z0-9][A-Z0-9 ]{0,60})-----/g;

/**
 * The blocks of a PEM file, in their order; text between them and line ends of any kind are passed over. A block without its end reaches to the next armour. At most
 * 10,000 are read.
 */
export function pemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (const begin of text.matchAll(BEGIN)) {
    if (blocks.length >= MAX_BLOCKS) break;
    const from = begin.index + begin[0].length;
    const end = text.indexOf('-----', from);
    const body = text.slice(from, end < 0 ? text.length : end);
    const label = begin[1] as string;
    blocks.push({
      label,
      text: `${begin[0]}${body}-----END ${label}-----\n`,
      // Headers (`Proc-Type: …`) end with an empty line.
      der: Buffer.from(body.includes(':') ? body.replace(/^[\s\S]*?\r?\n\r?\n/, '') : body, 'base64'),
    });
  }
  return blocks;
}

/** Text of a file, whatever Windows made of it: UTF-16 with its mark, UTF-8 with or without. */
export function fileText(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.subarray(2).toString('utf16le');
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(2, bytes.length & ~1))
      .swap16()
      .toString('utf16le');
  return bytes.toString('latin1');
}

/** DER in Base64 without armour, as some portals show it; undefined for other text. */
export function bareBase64(text: string): Buffer | undefined {
  const body = text.trim();
  return /^MI[A-Za-z0-9+/\s]+={0,2}$/.test(body) ? Buffer.from(body, 'base64') : undefined;
}
