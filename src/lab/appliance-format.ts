import { unescapeText } from './appliance-shell-lexer.js';

/** printf of a shell: the format is used again until the arguments are gone. `%b` text may end the output with `\c`. */
export function formatText(format: string, values: readonly string[]): { readonly bytes: Buffer; readonly problem?: string } {
  const out: Buffer[] = [];
  const left = [...values];
  let problem: string | undefined;
  do {
    const before = left.length;
    for (const piece of format.match(
      /%(?:%|[-+ 0#]*(?:\d+|\*)?(?:\.\d+)?[a-zA-Z])|\\(?:x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[\s\S])|[^%\\]+|[\s\S]/g,
    ) ?? []) {
      if (piece.startsWith('\\')) out.push(bytesOf(unescapeText(piece)));
      else if (piece === '%%') out.push(Buffer.from('%'));
      else if (piece.startsWith('%') && piece.length > 1) {
        const value = left.shift() ?? '';
        const shown = convert(piece, value);
        if (shown === undefined)
          problem ??= /[diuxXo]$/.test(piece) ? `${value}: invalid number` : `\`${piece}': invalid format character`;
        out.push(shown ?? Buffer.from('0'));
      } else out.push(Buffer.from(piece, 'utf8'));
    }
    if (left.length === before) break;
  } while (left.length > 0);
  return { bytes: Buffer.concat(out), ...(problem === undefined ? {} : { problem }) };
}

function convert(piece: string, value: string): Buffer | undefined {
  const [, flags = '', width = '', precision, letter = ''] = /^%([-+ 0#]*)(\d*)(?:\.(\d+))?([a-zA-Z])$/.exec(piece) ?? [];
  const pad = (text: string) => {
    const filled = flags.includes('0') && !flags.includes('-') && letter !== 's' ? '0' : ' ';
    return flags.includes('-') ? text.padEnd(Number(width)) : text.padStart(Number(width), filled);
  };
  switch (letter) {
    case 's':
      return Buffer.from(pad(precision === undefined ? value : value.slice(0, Number(precision))), 'utf8');
    case 'b':
      return bytesOf(unescapeText(value));
    case 'c':
      return Buffer.from(value.slice(0, 1));
    case 'q':
      return Buffer.from(/^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`);
    case 'd':
    case 'i':
    case 'u':
    case 'x':
    case 'X':
    case 'o': {
      const number = value === '' ? 0 : Number(value);
      if (!Number.isInteger(number)) return undefined;
      const digits = letter === 'o' ? number.toString(8) : /x/i.test(letter) ? number.toString(16) : String(number);
      return Buffer.from(pad(letter === 'X' ? digits.toUpperCase() : digits));
    }
    default:
      return undefined;
  }
}

/** Escapes stand for bytes, other characters for their UTF-8. */
function bytesOf(text: string): Buffer {
  return /^[\0-\xff]*$/.test(text) ? Buffer.from(text, 'latin1') : Buffer.from(text, 'utf8');
}
