import { Ansis } from 'ansis';
import { plainText, redact } from '../wire/redact.js';

/** A stream as far as we use one. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Where a command's words go. Results: stdout, one valid document. Everything else: stderr. */
export interface Output {
  /** The result, as rendered; colour is added here where a person reads it. */
  write(text: string): void;
  /** One line for the person who waits. Text from outside may be in it: it is made visible and bounded. */
  say(line: string): void;
  /** What went wrong, on stderr; and as a JSON document on stdout where JSON was asked for. */
  fail(failure: Failure): void;
  /** Tells where the secrets of this run are known, so that none gets out through `say` and `fail`. */
  keepSecret(known: () => readonly string[]): void;
  readonly stderr: TextStream;
  /** Columns of the terminal that shows the result; missing where none does. */
  readonly width?: number;
}

export interface Failure {
  readonly code: string;
  readonly summary: string;
  readonly remedy: string;
  /** More of the same kind: the mistakes in a file. */
  readonly details?: readonly Readonly<Record<string, string | number>>[];
  /** What people read in place of `summary`, one line each. */
  readonly lines?: readonly string[];
}

export function openOutput(
  streams: { readonly stdout: TextStream; readonly stderr: TextStream },
  env: Readonly<Record<string, string | undefined>>,
  json: boolean,
): Output {
  const { stdout, stderr } = streams;
  const colours = new Ansis(wantsColour(stdout, env) ? 1 : 0);
  const warnings = new Ansis(wantsColour(stderr, env) ? 1 : 0);
  let known: () => readonly string[] = () => [];
  const line = (text: string) => plainText(redact(text, known()), 4_000);
  return {
    stderr,
    ...(stdout.isTTY && stdout.columns !== undefined && { width: stdout.columns }),
    write: (text) => void stdout.write(colours.level > 0 && !json ? coloured(text, colours) : text),
    say: (text) => void stderr.write(`${indented(line, text)}\n`),
    fail({ lines, ...failure }) {
      const said = lines ?? [`${failure.summary}.`.replace(/\.\.$/, '.'), `  ${failure.remedy}`];
      stderr.write(`${warnings.red('error')}  ${said.map((one) => indented(line, one)).join('\n')}\n`);
      if (json) stdout.write(`${safeJson({ formatVersion: 1, error: failure })}\n`);
    },
    keepSecret: (secrets) => {
      known = secrets;
    },
  };

  function safeJson(value: unknown): string {
    return redact(JSON.stringify(value, null, 2), known()).replace(
      /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
      (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
    );
  }
}

/** Keeps the indentation that `plainText` would trim. */
function indented(line: (text: string) => string, text: string): string {
  const body = text.trimStart();
  return ' '.repeat(text.length - body.length) + line(body);
}

/** https://no-color.org and FORCE_COLOR; else only where a person looks. */
function wantsColour(stream: TextStream, env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Severities where a line begins with one, and headings in capitals; nothing else, so that foreign text never chooses a colour. */
function coloured(text: string, colours: Ansis): string {
  return text
    .replace(/^error(?= {2})/gm, (word) => colours.red.bold(word))
    .replace(/^warning(?= {2})/gm, (word) => colours.yellow(word))
    .replace(/^notice(?= {2})/gm, (word) => colours.cyan(word))
    .replace(/^gap(?= {2})/gm, (word) => colours.magenta(word))
    .replace(/^[A-Z][A-Za-z]+(?: [A-Z]*[a-z]?[A-Z]+)+$/gm, (heading) => colours.bold(heading));
}
