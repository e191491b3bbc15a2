import type { Word, WordPart } from './appliance-shell-tree.js';

/** What expanding needs of a shell. */
export interface Expander {
  variable(name: string): string | undefined;
  assign(name: string, value: string): void;
  /** `set -u`: what is not set must not be used. */
  readonly strictVariables: boolean;
  /** `$1`, `$2`, … */
  readonly args: readonly string[];
  /** Output of `$(source)`, without trailing line ends. */
  substitute(source: string): Promise<string>;
  /** Existing paths that match an absolute or relative pattern, sorted. */
  glob(pattern: RegExp, absolute: boolean): string[];
}

/** A failed expansion (`${X:?text}`, bad arithmetic): the command is not run. */
export class ExpansionProblem extends Error {
  /** It ends the shell, not only the command. */
  readonly fatal: boolean;

  constructor(message: string, fatal = false) {
    super(message);
    this.fatal = fatal;
  }
}

interface Field {
  text: string;
  /** Where unquoted `*`, `?` or `[…]` are in it: only these are special. */
  pieces: { readonly text: string; readonly quoted: boolean }[];
  magic: boolean;
  /** Quotes make a field even of nothing. */
  forced: boolean;
}

/** Words to arguments: expansions, splitting, path names. */
export async function expandWords(shell: Expander, words: readonly Word[]): Promise<string[]> {
  const args: string[] = [];
  for (const word of words) {
    for (const field of await expandFields(shell, word)) {
      const paths = field.magic ? shell.glob(new RegExp(`^${patternOf(field)}$`), field.text.startsWith('/')) : [];
      args.push(...(paths.length > 0 ? paths : [field.text]));
    }
  }
  return args;
}

const patternOf = ({ pieces }: Field): string =>
  pieces.map(({ text, quoted }) => (quoted ? escapeRegExp(text) : globSource(text, '[^/]'))).join('');

/** One word to one string: assignments, redirection targets, here-documents. */
export async function expandText(shell: Expander, word: Word): Promise<string> {
  let text = '';
  for (const [index, part] of word.entries()) {
    if (part.kind === 'text') text += index === 0 && !part.quoted ? withHome(part.text) : part.text;
    else text += await valueOfPart(shell, part);
  }
  return text;
}

/** For `case` and `${x#pattern}`. */
export async function expandPattern(shell: Expander, word: Word): Promise<RegExp> {
  let pattern = '';
  for (const part of word) {
    const text = part.kind === 'text' ? part.text : await valueOfPart(shell, part);
    pattern += part.quoted ? escapeRegExp(text) : globSource(text, '[\\s\\S]');
  }
  return expressionFor(pattern);
}

const MAX_EXPRESSIONS = 1_024;
const expressions = new Map<string, RegExp>();

function expressionFor(pattern: string): RegExp {
  let known = expressions.get(pattern);
  if (!known) {
    if (expressions.size >= MAX_EXPRESSIONS) expressions.clear();
    known = new RegExp(`^(?:${pattern})$`);
    expressions.set(pattern, known);
  }
  return known;
}

async function expandFields(shell: Expander, word: Word): Promise<Field[]> {
  const fields: Field[] = [];
  let current: Field | undefined;
  const open = (): Field => {
    current ??= { text: '', pieces: [], magic: false, forced: false };
    return current;
  };
  const close = () => {
    if (current && (current.forced || current.text !== '')) fields.push(current);
    current = undefined;
  };
  const append = (text: string, quoted: boolean) => {
    const field = open();
    field.text += text;
    field.pieces.push({ text, quoted });
    if (!quoted && /[*?]|\[[^\]]+\]/.test(text)) field.magic = true;
    if (quoted) field.forced = true;
  };
  for (const [index, part] of word.entries()) {
    if (part.kind === 'text') append(index === 0 && !part.quoted ? withHome(part.text) : part.text, part.quoted);
    else if (part.kind === 'variable' && part.name === '@' && part.operator === '' && part.quoted) {
      for (const [position, arg] of shell.args.entries()) {
        if (position > 0) close();
        append(arg, true);
      }
      if (shell.args.length === 0 && current) (current as Field).forced = (current as Field).text !== '';
    } else {
      const value = await valueOfPart(shell, part);
      if (part.quoted) append(value, true);
      else {
        const separators = shell.variable('IFS') ?? ' \t\n';
        const pieces = separators === '' ? [value] : value.split(new RegExp(`[${escapeRegExp(separators)}]+`));
        for (const [position, piece] of pieces.entries()) {
          if (position > 0) close();
          if (piece !== '') append(piece, false);
        }
      }
    }
  }
  close();
  return fields;
}

async function valueOfPart(shell: Expander, part: Exclude<WordPart, { kind: 'text' }>): Promise<string> {
  switch (part.kind) {
    case 'command':
      return shell.substitute(part.source);
    case 'arithmetic':
      return String(evaluate(shell, await expandText(shell, part.text)));
    case 'variable':
      return variableOf(shell, part);
  }
}

async function variableOf(shell: Expander, part: Extract<WordPart, { kind: 'variable' }>): Promise<string> {
  const { name, operator, operand } = part;
  const value = name === '@' || name === '*' ? shell.args.join(' ') : shell.variable(name);
  if (value === undefined && shell.strictVariables && !/^:?[-=+?]$/.test(operator) && name !== '@' && name !== '*') {
    throw new ExpansionProblem(`${name}: unbound variable`, true);
  }
  const missing = value === undefined || (operator.startsWith(':') && value === '');
  switch (operator.replace(':', '')) {
    case 'length':
      return String((value ?? '').length);
    case '-':
      return missing ? expandText(shell, operand) : value;
    case '=': {
      if (!missing) return value;
      const text = await expandText(shell, operand);
      shell.assign(name, text);
      return text;
    }
    case '+':
      return missing ? '' : expandText(shell, operand);
    case '?':
      if (!missing) return value;
      throw new ExpansionProblem(`${name}: ${(await expandText(shell, operand)) || 'parameter null or not set'}`);
    case '#':
    case '##':
    case '%':
    case '%%':
      return strip(value ?? '', operator, await expandText(shell, operand));
    default:
      return value ?? '';
  }
}

function strip(value: string, operator: string, glob: string): string {
  const pattern = expressionFor(globSource(glob, '[\\s\\S]'));
  const front = operator.startsWith('#');
  const longest = operator.length === 2;
  const lengths = Array.from({ length: value.length + 1 }, (_none, length) => length);
  for (const length of longest ? lengths.reverse() : lengths) {
    const piece = front ? value.slice(0, length) : value.slice(value.length - length);
    if (pattern.test(piece)) return front ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}

/** `$((…))`: integers, variables, the operators of C that scripts use. */
function evaluate(shell: Expander, text: string): number {
  const tokens = text.match(/\d+|[A-Za-z_]\w*|&&|\|\||[=!<>]=|[-+*/%()<>!]|\S/g) ?? [];
  let at = 0;
  const levels: readonly (readonly string[])[] = [
    ['||'],
    ['&&'],
    ['==', '!='],
    ['<', '>', '<=', '>='],
    ['+', '-'],
    ['*', '/', '%'],
  ];
  const unary = (): number => {
    const token = tokens[at++];
    if (token === '-') return -unary();
    if (token === '+') return unary();
    if (token === '!') return unary() === 0 ? 1 : 0;
    if (token === '(') {
      const value = binary(0);
      if (tokens[at++] !== ')') throw new ExpansionProblem(`${text}: syntax error in expression`);
      return value;
    }
    if (token !== undefined && /^\d+$/.test(token)) return Number.parseInt(token, token.startsWith('0') ? 8 : 10);
    if (token !== undefined && /^[A-Za-z_]/.test(token)) return Number.parseInt(shell.variable(token) ?? '0', 10) || 0;
    throw new ExpansionProblem(`${text}: syntax error: operand expected`);
  };
  const binary = (level: number): number => {
    const operators = levels[level];
    if (!operators) return unary();
    let left = binary(level + 1);
    for (let token = tokens[at]; token !== undefined && operators.includes(token); token = tokens[at]) {
      at += 1;
      left = compute(token, left, binary(level + 1));
    }
    return left;
  };
  if (tokens.length === 0) return 0;
  const value = binary(0);
  if (at < tokens.length) throw new ExpansionProblem(`${text}: syntax error in expression`);
  return value;
}

function compute(operator: string, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
    case '%':
      if (right === 0) throw new ExpansionProblem('division by 0');
      return operator === '/' ? Math.trunc(left / right) : left % right;
    case '&&':
      return left !== 0 && right !== 0 ? 1 : 0;
    case '||':
      return left !== 0 || right !== 0 ? 1 : 0;
    case '==':
      return left === right ? 1 : 0;
    case '!=':
      return left !== right ? 1 : 0;
    case '<':
      return left < right ? 1 : 0;
    case '>':
      return left > right ? 1 : 0;
    case '<=':
      return left <= right ? 1 : 0;
    default:
      return left >= right ? 1 : 0;
  }
}

/** A shell pattern as the source of a regular expression; `any` is what `*` and `?` may stand for. */
function globSource(text: string, any: string): string {
  return text.replace(/\*|\?|\[!?[^\]]+\]|[^*?[]+|\[/g, (piece) => {
    if (piece === '*') return `${any}*`;
    if (piece === '?') return any;
    if (piece.length > 2 && piece.startsWith('[')) return piece.replace(/^\[!/, '[^').replaceAll('\\', '\\\\');
    return escapeRegExp(piece);
  });
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}

function withHome(text: string): string {
  return text.replace(/^~(?=\/|$)/, '/root');
}
