import { createHash } from 'node:crypto';
import { SaxesParser } from 'saxes';
import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome, type Program, print, tool } from './appliance-program.js';
import { readAll, readBytes } from './appliance-streams.js';

/** Programs that turn text into text. With a file among their arguments they are recorded, from a pipe they are not. */
export const textTools: readonly (readonly [string, Program])[] = [
  ['cat', tool((call) => overInputs(call, operands(call.args), (bytes) => bytes), noFiles(0))],
  ['tac', tool((call) => overLines(call, operands(call.args), (lines) => lines.reverse()), noFiles(0))],
  ['head', tool(head, noFiles(0, 'nc'))],
  ['tail', tool(tail, noFiles(0, 'nc'))],
  ['wc', tool(count, noFiles(0))],
  ['grep', tool(grep, noFiles(1, 'emABC'))],
  ['cut', tool(cut, noFiles(0, 'dfc'))],
  ['tr', tool(translate, () => true)],
  ['sort', tool((call) => overLines(call, operands(call.args), (lines) => sorted(lines, call.args)), noFiles(0))],
  [
    'uniq',
    tool(
      (call) => overLines(call, operands(call.args), (lines) => lines.filter((line, at) => line !== lines[at - 1])),
      noFiles(0),
    ),
  ],
  ['base64', tool(base64, noFiles(0, 'w'))],
  ['sha256sum', tool((call) => checksum(call, 'sha256'), noFiles(0))],
  ['sha1sum', tool((call) => checksum(call, 'sha1'), noFiles(0))],
  ['md5sum', tool((call) => checksum(call, 'md5'), noFiles(0))],
  ['cmp', tool(compare)],
  ['tee', tool(tee)],
  ['xmllint', tool(xmllint)],
];

/** Arguments that are no options; `taking` lists the letters of options with a value of their own. */
export function operands(args: readonly string[], taking = ''): string[] {
  const found: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') return [...found, ...args.slice(at + 1)];
    if (arg === '-' || !arg.startsWith('-')) found.push(arg);
    else if (arg.length === 2 && taking.includes(arg.charAt(1))) at += 1;
  }
  return found;
}

/** Value of a one-letter option, written apart or together. */
export function option(args: readonly string[], letter: string): string | undefined {
  const at = args.findIndex((arg) => arg.startsWith(`-${letter}`) && !arg.startsWith('--'));
  const arg = args[at];
  if (arg === undefined) return undefined;
  return arg.length > 2 ? arg.slice(2) : args[at + 1];
}

export const flag = (args: readonly string[], letter: string): boolean =>
  args.some((arg) => /^-[A-Za-z]+$/.test(arg) && arg.includes(letter));

function noFiles(needed: number, taking = ''): NonNullable<Program['filter']> {
  return (args) => operands(args, taking).length - (needed > 0 && option(args, 'e') !== undefined ? 0 : needed) <= 0;
}

/** Content of each file named, or of standard input; what cannot be read is complained about, and the rest goes on. */
export async function overInputs(
  call: Call,
  names: readonly string[],
  each: (bytes: Buffer, name: string | undefined) => Buffer | string,
): Promise<Outcome> {
  if (names.length === 0) return print(each(await readAll(call.stdin), undefined));
  const out: Buffer[] = [];
  let stderr = '';
  for (const name of names) {
    const path = absolutePath(call.cwd, name);
    const content = name === '-' ? await readAll(call.stdin) : call.files.read(path)?.content;
    if (content) out.push(Buffer.from(each(content, name)));
    else
      stderr += `${base(call.name)}: ${name}: ${call.files.isDirectory(path) ? 'Is a directory' : 'No such file or directory'}\n`;
  }
  return { code: stderr === '' ? 0 : 1, stdout: Buffer.concat(out), stderr };
}

export const base = (name: string): string => name.slice(name.lastIndexOf('/') + 1);

function overLines(call: Call, names: readonly string[], each: (lines: string[]) => string[]): Promise<Outcome> {
  return overInputs(call, names, (bytes) =>
    each(linesOf(bytes.toString('utf8')))
      .map((line) => `${line}\n`)
      .join(''),
  );
}

export function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

async function head(call: Call): Promise<Outcome> {
  const bytes = option(call.args, 'c');
  const names = operands(call.args, 'nc');
  if (bytes !== undefined && names.length === 0) return print(await readBytes(call.stdin, Number(bytes)));
  if (bytes !== undefined) return overInputs(call, names, (content) => content.subarray(0, Number(bytes)));
  const lines = Number(option(call.args, 'n') ?? shortCount(call.args) ?? 10);
  return overLines(call, names, (all) => all.slice(0, lines));
}

/** `-c +N` and `-n +N` count from the start, the first byte or line being 1. */
function tail(call: Call): Promise<Outcome> {
  const bytes = option(call.args, 'c');
  const names = operands(call.args, 'nc');
  if (bytes !== undefined) {
    return overInputs(call, names, (content) =>
      bytes.startsWith('+')
        ? content.subarray(Math.max(0, Number(bytes) - 1))
        : content.subarray(Math.max(0, content.length - Number(bytes))),
    );
  }
  const lines = option(call.args, 'n') ?? shortCount(call.args) ?? '10';
  return overLines(call, names, (all) =>
    lines.startsWith('+') ? all.slice(Math.max(0, Number(lines) - 1)) : all.slice(Math.max(0, all.length - Number(lines))),
  );
}

const shortCount = (args: readonly string[]): string | undefined => args.find((arg) => /^-\d+$/.test(arg))?.slice(1);

function count(call: Call): Promise<Outcome> {
  const names = operands(call.args);
  return overInputs(call, names, (bytes, name) => {
    const text = bytes.toString('latin1');
    const counts = { l: text.split('\n').length - 1, w: text.split(/\s+/).filter(Boolean).length, c: bytes.length };
    const asked = (['l', 'w', 'c'] as const).filter((letter) => flag(call.args, letter));
    const shown = (asked.length > 0 ? asked : (['l', 'w', 'c'] as const)).map((letter) => counts[letter]).join(' ');
    return name === undefined ? `${shown}\n` : `${shown} ${name}\n`;
  });
}

async function grep(call: Call): Promise<Outcome> {
  const { args } = call;
  const given = option(args, 'e');
  const [pattern = '', ...names] = given === undefined ? operands(args, 'mABC') : [given, ...operands(args, 'emABC')];
  const source = flag(args, 'F')
    ? pattern.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    : flag(args, 'E')
      ? pattern
      : basicRegExp(pattern);
  const wanted = new RegExp(flag(args, 'x') ? `^(?:${source})$` : source, flag(args, 'i') ? 'i' : '');
  let hits = 0;
  const outcome = await overLines(call, names, (lines) => {
    const found = lines.flatMap((line, at) => (wanted.test(line) === flag(args, 'v') ? [] : [at]));
    hits += found.length;
    if (flag(args, 'q')) return [];
    if (flag(args, 'c')) return [String(found.length)];
    const isHit = new Set(found);
    const shown = (at: number) => (flag(args, 'o') ? (wanted.exec(lines[at] ?? '')?.[0] ?? '') : (lines[at] ?? ''));
    return around(found, lines.length, args).map((at) =>
      at === undefined ? '--' : flag(args, 'n') ? `${at + 1}${isHit.has(at) ? ':' : '-'}${shown(at)}` : shown(at),
    );
  });
  return outcome.code !== 0 ? { ...outcome, code: 2 } : { ...outcome, code: hits > 0 ? 0 : 1 };
}

/** Numbers of lines to show by `-A`, `-B`, `-C`; undefined between groups that do not touch. */
function around(found: readonly number[], lines: number, args: readonly string[]): (number | undefined)[] {
  const [before = 0, after = 0] = ['B', 'A'].map((letter) => Number(option(args, letter) ?? option(args, 'C') ?? 0));
  if (before + after === 0) return [...found];
  const shown = new Set<number>();
  for (const at of found) for (let i = Math.max(0, at - before); i <= Math.min(lines - 1, at + after); i += 1) shown.add(i);
  const inOrder = [...shown].sort((a, b) => a - b);
  return inOrder.flatMap((at, i) => (i > 0 && inOrder[i - 1] !== at - 1 ? [undefined, at] : [at]));
}

/** A POSIX basic regular expression as one of JavaScript. */
export function basicRegExp(text: string): string {
  return text.replace(/\\([(){}+?|])|\\[\s\S]|\[\^?\]?[^\]]*\]|[(){}+?|]/g, (piece, special: string | undefined) => {
    if (special !== undefined) return special;
    return piece.length === 1 ? `\\${piece}` : piece;
  });
}

function cut(call: Call): Promise<Outcome> {
  const { args } = call;
  const ranges = (option(args, 'f') ?? option(args, 'c') ?? '1').split(',').map((range) => {
    const [from = '', to] = range.split('-');
    return { from: Number(from || 1), to: to === undefined ? Number(from) : to === '' ? Number.POSITIVE_INFINITY : Number(to) };
  });
  const wanted = (_piece: string, at: number) => ranges.some(({ from, to }) => at + 1 >= from && at + 1 <= to);
  const delimiter = option(args, 'f') === undefined ? '' : (option(args, 'd') ?? '\t');
  return overLines(call, operands(args, 'dfc'), (lines) =>
    lines.map((line) => (line.includes(delimiter) ? line.split(delimiter).filter(wanted).join(delimiter) : line)),
  );
}

async function translate(call: Call): Promise<Outcome> {
  const text = (await readAll(call.stdin)).toString('latin1');
  const [from = '', to = ''] = operands(call.args).map(characters);
  if (flag(call.args, 'd')) return print(Buffer.from([...text].filter((one) => !from.includes(one)).join(''), 'latin1'));
  const mapped = [...text].map((one) => {
    const at = from.indexOf(one);
    return at < 0 ? one : (to[Math.min(at, to.length - 1)] ?? one);
  });
  return print(Buffer.from(mapped.join(''), 'latin1'));
}

function characters(text: string): string {
  return text
    .replace(/\\n/g, '\n')
    .replace(/\\t/g, '\t')
    .replace(/\\r/g, '\r')
    .replace(/\\0+/g, '\0')
    .replace(/\[:(upper|lower|digit|space):\]/g, (_all, name: string) => CLASSES[name] ?? '')
    .replace(/(.)-(.)/g, (_all, a: string, b: string) => {
      const codes = Array.from(
        { length: Math.max(0, b.charCodeAt(0) - a.charCodeAt(0) + 1) },
        (_none, at) => a.charCodeAt(0) + at,
      );
      return String.fromCharCode(...codes);
    });
}

const CLASSES: Readonly<Record<string, string>> = { upper: 'A-Z', lower: 'a-z', digit: '0-9', space: ' \t\n\r\v\f' };

function sorted(lines: string[], args: readonly string[]): string[] {
  const order = flag(args, 'n')
    ? (a: string, b: string) => Number.parseFloat(a) - Number.parseFloat(b)
    : (a: string, b: string) => Number(a > b) - Number(a < b);
  const all = lines.sort(order);
  if (flag(args, 'r')) all.reverse();
  return flag(args, 'u') ? [...new Set(all)] : all;
}

function base64(call: Call): Promise<Outcome> {
  const width = Number(option(call.args, 'w') ?? 76);
  const decode = flag(call.args, 'd') || call.args.includes('--decode');
  return overInputs(call, operands(call.args, 'w'), (bytes) => {
    if (decode) return Buffer.from(bytes.toString('latin1').replace(/\s+/g, ''), 'base64');
    const text = bytes.toString('base64');
    return width === 0 || text === '' ? text : text.replace(new RegExp(`.{1,${width}}`, 'g'), '$&\n');
  });
}

function checksum(call: Call, algorithm: string): Promise<Outcome> {
  return overInputs(
    call,
    operands(call.args),
    (bytes, name) => `${createHash(algorithm).update(bytes).digest('hex')}  ${name ?? '-'}\n`,
  );
}

function compare(call: Call): Outcome {
  const [a = '', b = ''] = operands(call.args);
  const [left, right] = [a, b].map((name) => call.files.read(absolutePath(call.cwd, name))?.content);
  if (!left || !right) return complain(`cmp: ${left ? b : a}: No such file or directory`, 2);
  if (left.equals(right)) return { code: 0 };
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return print(flag(call.args, 's') ? '' : `${a} ${b} differ: byte ${(at < 0 ? left.length : at) + 1}, line 1\n`, 1);
}

async function tee(call: Call): Promise<Outcome> {
  const bytes = await readAll(call.stdin);
  for (const name of operands(call.args)) {
    const path = absolutePath(call.cwd, name);
    const before = flag(call.args, 'a') ? (call.files.read(path)?.content ?? Buffer.alloc(0)) : Buffer.alloc(0);
    if (call.files.write(path, Buffer.concat([before, bytes]))) {
      return { code: 1, stdout: bytes, stderr: `tee: ${name}: No space left on device\n` };
    }
  }
  return print(bytes);
}

/** `xmllint --noout FILE…`: exit code 1 and one message per file that is not well-formed. */
function xmllint(call: Call): Outcome {
  if (!call.args.includes('--noout')) return complain('xmllint: the lab knows --noout alone', 1);
  let stderr = '';
  for (const name of call.args.filter((arg) => !arg.startsWith('--'))) {
    const file = call.files.read(absolutePath(call.cwd, name));
    if (!file) stderr += `warning: failed to load external entity "${name}"\n`;
    else {
      const parser = new SaxesParser({ position: true });
      parser.on('error', (error) => {
        stderr += `${name}:${parser.line}: parser error : ${error.message.replace(/^\d+:\d+:\s*/, '')}\n`;
      });
      parser.write(file.content.toString('utf8')).close();
    }
  }
  return { code: stderr === '' ? 0 : 1, stderr };
}
