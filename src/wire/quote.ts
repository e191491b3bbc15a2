import { err, ok, type Result } from '../model/problem.js';

/** Linux refuses a single argument of 128 KiB, and the whole line becomes one argument of the login shell. */
const MAX_COMMAND_BYTES = 120 * 1024;

/** Characters no POSIX shell treats specially anywhere in a word. `=` is not among them: `A=b` in front would be an assignment. */
const PLAIN = /^[A-Za-z0-9_@%+:,./-]+$/;

/**
 * An argument list as one line of POSIX shell: each word reaches the program byte for byte, whatever is in it (quotes, `$()`, line
 * ends). Fails on what no shell can carry: no program, NUL, lone surrogates, too long.
 * Source: POSIX.1-2017 Shell Command Language 2.2.2: between single quotes every character is literal, and there is no escape.
 */
export function shellCommand(argv: readonly string[]): Result<string, string> {
  const [program, ...rest] = argv;
  if (program === undefined || program === '') return err('no program given');
  for (const word of argv) {
    if (word.includes('\0')) return err('an argument holds a NUL character');
    if (/\p{Surrogate}/u.test(word)) return err('an argument holds half a character');
  }
  // A bare first word could be a reserved word or an alias; a path is neither.
  const first = program.startsWith('/') ? quoteWord(program) : quoted(program);
  const line = [first, ...rest.map(quoteWord)].join(' ');
  return Buffer.byteLength(line) > MAX_COMMAND_BYTES ? err('the command is too long') : ok(line);
}

/** One word, quoted only where it has to be. */
export function quoteWord(word: string): string {
  return PLAIN.test(word) ? word : quoted(word);
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
