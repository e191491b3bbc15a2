import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome, type Program, tool } from './appliance-program.js';
import { readAll } from './appliance-streams.js';
import { basicRegExp, linesOf } from './appliance-text-tools.js';

interface Instruction {
  readonly from?: Address;
  readonly to?: Address;
  readonly command: 's' | 'p' | 'd' | 'q';
  readonly pattern?: RegExp;
  readonly replacement?: string;
  readonly print?: boolean;
}

type Address = { readonly line: number } | { readonly last: true } | { readonly matches: RegExp };

/** sed with addresses and the commands s, p, d, q; anything else is an unknown command. */
export const sed: Program = tool(runSed, (args) => readArguments(args).files.length === 0);

function readArguments(args: readonly string[]) {
  const scripts: string[] = [];
  const files: string[] = [];
  let extended = false;
  let silent = false;
  let inPlace = false;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '-e') scripts.push(args[++at] ?? '');
    else if (arg === '-E' || arg === '-r') extended = true;
    else if (arg === '-n') silent = true;
    else if (arg === '-i') inPlace = true;
    else if (scripts.length === 0) scripts.push(arg);
    else files.push(arg);
  }
  return { script: scripts.join('\n'), files, extended, silent, inPlace };
}

async function runSed(call: Call): Promise<Outcome> {
  const { script, files, extended, silent, inPlace } = readArguments(call.args);
  const instructions = parseSed(script, extended);
  if (typeof instructions === 'string') return complain(`sed: -e expression #1, char 1: ${instructions}`);
  if (files.length === 0) {
    const bytes = await readAll(call.stdin);
    return { code: 0, stdout: edit(bytes, instructions, silent) };
  }
  const out: Buffer[] = [];
  for (const name of files) {
    const path = absolutePath(call.cwd, name);
    const file = call.files.read(path);
    if (!file) return complain(`sed: can't read ${name}: No such file or directory`, 2);
    const edited = edit(file.content, instructions, silent);
    if (inPlace) {
      if (call.files.replace(path, edited)) return complain(`sed: couldn't flush ${name}: No space left on device`, 4);
    } else out.push(edited);
  }
  return { code: 0, stdout: Buffer.concat(out) };
}

function parseSed(script: string, extended: boolean): Instruction[] | string {
  const instructions: Instruction[] = [];
  let rest = script;
  const regExp = (text: string) => new RegExp(extended ? text : basicRegExp(text));
  const address = (): Address | undefined => {
    const [match, line, last, pattern] = /^(?:(\d+)|(\$)|\/((?:[^/\\]|\\[\s\S])*)\/)/.exec(rest) ?? [];
    if (match === undefined) return undefined;
    rest = rest.slice(match.length);
    if (line !== undefined) return { line: Number(line) };
    return last === undefined ? { matches: regExp((pattern ?? '').replaceAll('\\/', '/')) } : { last: true };
  };
  for (;;) {
    rest = rest.replace(/^[;\s]+/, '');
    if (rest === '') return instructions;
    const from = address();
    const second = from && rest.startsWith(',');
    if (second) rest = rest.slice(1);
    const to = second ? address() : undefined;
    const where = { ...(from ? { from } : {}), ...(to ? { to } : {}) };
    const command = rest.charAt(0);
    if (command === 'p' || command === 'd' || command === 'q') {
      instructions.push({ ...where, command });
      rest = rest.slice(1);
    } else if (command === 's') {
      const mark = rest.charAt(1);
      const parts = splitAt(rest.slice(2), mark);
      if (!parts) return "unterminated `s' command";
      const [pattern, replacement, after] = parts;
      const flags = /^[gIip]*/.exec(after)?.[0] ?? '';
      const source = regExp(pattern).source;
      const letters = `${flags.includes('g') ? 'g' : ''}${/i/i.test(flags) ? 'i' : ''}`;
      instructions.push({ ...where, command, pattern: new RegExp(source, letters), replacement, print: flags.includes('p') });
      rest = after.slice(flags.length);
    } else return `unknown command: \`${command}'`;
  }
}

function splitAt(text: string, mark: string): [string, string, string] | undefined {
  const ends: number[] = [];
  for (let at = 0; at < text.length && ends.length < 2; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === mark) ends.push(at);
  }
  const [first, second] = ends;
  if (first === undefined || second === undefined) return undefined;
  const plain = (piece: string) => (mark === '/' ? piece.replaceAll('\\/', '/') : piece);
  return [plain(text.slice(0, first)), plain(text.slice(first + 1, second)), text.slice(second + 1)];
}

function edit(bytes: Buffer, instructions: readonly Instruction[], silent: boolean): Buffer {
  // One character per byte, so that nothing but what matches is changed.
  const source = bytes.toString('latin1');
  const lines = linesOf(source);
  const open = new Set<Instruction>();
  const out: string[] = [];
  let stopped = false;
  for (const [index, line] of lines.entries()) {
    let text = line;
    let dropped = false;
    for (const one of instructions) {
      if (dropped || stopped || !applies(one, text, index + 1, lines.length, open)) continue;
      if (one.command === 'd') dropped = true;
      else if (one.command === 'p') out.push(text);
      else if (one.command === 'q') stopped = true;
      else if (one.pattern) {
        const before = text;
        text = text.replace(one.pattern, (...match) => fill(one.replacement ?? '', match as string[]));
        if (one.print && text !== before) out.push(text);
      }
    }
    if (!silent && !dropped) out.push(text);
    if (stopped) break;
  }
  const ended = source.endsWith('\n') || stopped || out.length === 0;
  return Buffer.from(out.map((text, at) => (at === out.length - 1 && !ended ? text : `${text}\n`)).join(''), 'latin1');
}

function applies({ from, to, ...rest }: Instruction, text: string, line: number, last: number, open: Set<unknown>): boolean {
  const hit = (address: Address) =>
    'line' in address ? address.line === line : 'last' in address ? line === last : address.matches.test(text);
  if (!from) return true;
  if (!to) return hit(from);
  const key = `${JSON.stringify(rest)}${String('matches' in from ? from.matches : JSON.stringify(from))}`;
  if (open.has(key)) {
    if (hit(to) || ('line' in to && line >= to.line)) open.delete(key);
    return true;
  }
  if (!hit(from)) return false;
  if (!('line' in to && to.line <= line)) open.add(key);
  return true;
}

function fill(replacement: string, match: readonly string[]): string {
  return replacement.replace(/\\(\d)|\\n|\\([\s\S])|&/g, (piece, group: string | undefined, escaped: string | undefined) => {
    if (piece === '&') return match[0] ?? '';
    if (piece === '\\n') return '\n';
    return group === undefined ? (escaped ?? '') : (match[Number(group)] ?? '');
  });
}
