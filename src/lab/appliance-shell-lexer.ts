import type { Word, WordPart } from './appliance-shell-tree.js';

/** `near` missing: the text ends too early. */
export class SyntaxProblem extends Error {
  readonly near: string | undefined;

  constructor(near?: string) {
    super('syntax error');
    this.near = near;
  }
}

export type Token =
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'word'; readonly word: Word; readonly io?: true };

export interface HereDocument {
  readonly delimiter: string;
  readonly literal: boolean;
  readonly stripTabs: boolean;
  readonly into: WordPart[];
}

const OPERATORS = [
  '&>',
  '<>',
  '<<<',
  '<<-',
  '<<',
  '<&',
  '>&',
  '>>',
  '>|',
  '&&',
  '||',
  ';;',
  ';',
  '&',
  '|',
  '(',
  ')',
  '<',
  '>',
  '\n',
];

/** Cuts shell text into words and operators, and words into their parts. */
export class Lexer {
  private readonly source: string;
  private at = 0;

  constructor(source: string) {
    this.source = source;
  }

  /** The next token; undefined at the end. */
  next(): Token | undefined {
    for (;;) {
      const next = this.source[this.at];
      if (next === ' ' || next === '\t') this.at += 1;
      else if (this.source.startsWith('\\\n', this.at)) this.at += 2;
      else if (next === '#') {
        while (this.at < this.source.length && this.source[this.at] !== '\n') this.at += 1;
      } else break;
    }
    if (this.at >= this.source.length) return undefined;
    const operator = OPERATORS.find((one) => this.source.startsWith(one, this.at));
    if (operator) {
      this.at += operator.length;
      return { kind: 'operator', text: operator };
    }
    const word = this.lexWord();
    const number = plainText(word);
    const io = number !== undefined && /^\d+$/.test(number) && /[<>]/.test(this.source[this.at] ?? '');
    return { kind: 'word', word, ...(io ? { io: true as const } : {}) };
  }

  private lexWord(): Word {
    const parts: WordPart[] = [];
    for (;;) {
      const next = this.source[this.at];
      if (next === undefined || /[\s;&|<>()]/.test(next)) return parts;
      if (next === "'") {
        const end = this.source.indexOf("'", this.at + 1);
        if (end < 0) throw new SyntaxProblem();
        parts.push({ kind: 'text', text: this.source.slice(this.at + 1, end), quoted: true });
        this.at = end + 1;
      } else if (next === '"') {
        this.at += 1;
        parts.push(...this.lexQuoted('"'));
      } else if (next === '\\') {
        const escaped = this.source[this.at + 1];
        if (escaped === undefined) throw new SyntaxProblem();
        if (escaped !== '\n') parts.push({ kind: 'text', text: escaped, quoted: true });
        this.at += 2;
      } else if (next === '$' || next === '`') parts.push(this.lexExpansion(false));
      else {
        const [plain = next] = /^[^\s;&|<>()'"\\$`]+/.exec(this.source.slice(this.at)) ?? [];
        parts.push({ kind: 'text', text: plain, quoted: false });
        this.at += plain.length;
      }
    }
  }

  /** Inside double quotes (`end` is `"`) or a here-document (`end` is missing): only `$`, backquote and some backslashes are special. */
  private lexQuoted(end: '"' | undefined): WordPart[] {
    const parts: WordPart[] = [{ kind: 'text', text: '', quoted: true }];
    for (;;) {
      const next = this.source[this.at];
      if (next === undefined) {
        if (end === undefined) return parts;
        throw new SyntaxProblem();
      }
      if (next === end) {
        this.at += 1;
        return parts;
      }
      if (next === '\\' && this.at + 1 < this.source.length) {
        const escaped = this.source[this.at + 1] ?? '';
        const special = '$`\\\n'.includes(escaped) || escaped === end;
        if (escaped !== '\n') parts.push({ kind: 'text', text: special ? escaped : `\\${escaped}`, quoted: true });
        this.at += 2;
      } else if (next === '$' || next === '`') parts.push(this.lexExpansion(true));
      else {
        const [plain = next] = /^[^"\\$`]+/.exec(this.source.slice(this.at)) ?? [];
        parts.push({ kind: 'text', text: plain, quoted: true });
        this.at += plain.length;
      }
    }
  }

  private lexExpansion(quoted: boolean): WordPart {
    const rest = this.source.slice(this.at);
    if (rest.startsWith('`')) {
      const end = this.source.indexOf('`', this.at + 1);
      if (end < 0) throw new SyntaxProblem();
      const source = this.source.slice(this.at + 1, end);
      this.at = end + 1;
      return { kind: 'command', source, quoted };
    }
    if (rest.startsWith("$'") && !quoted) {
      const [match, body] = /^\$'((?:[^'\\]|\\[\s\S])*)'/.exec(rest) ?? [];
      if (match === undefined || body === undefined) throw new SyntaxProblem();
      this.at += match.length;
      return { kind: 'text', text: unescapeText(body), quoted: true };
    }
    if (rest.startsWith('$((')) {
      const end = this.closing(this.at + 1, '(', ')');
      const text = new Lexer(this.source.slice(this.at + 3, end - 2)).lexQuoted(undefined);
      this.at = end;
      return { kind: 'arithmetic', text, quoted };
    }
    if (rest.startsWith('$(')) {
      const end = this.closing(this.at + 1, '(', ')');
      const source = this.source.slice(this.at + 2, end - 1);
      this.at = end;
      return { kind: 'command', source, quoted };
    }
    if (rest.startsWith('${')) {
      const end = this.closing(this.at + 1, '{', '}');
      const inner = this.source.slice(this.at + 2, end - 1);
      this.at = end;
      const [, length = '', name, operator = '', operand = ''] =
        /^(#?)([A-Za-z_][A-Za-z0-9_]*|\d+|[@*#?$!-])(:?[-=+?]|%%?|##?)?([\s\S]*)$/.exec(inner) ?? [];
      if (name === undefined || (operator === '' && operand !== '')) throw new SyntaxProblem(`\${${inner}}`);
      return {
        kind: 'variable',
        name,
        operator: length === '' ? operator : 'length',
        operand: operand === '' ? [] : new Lexer(operand).lexQuoted(undefined),
        quoted,
      };
    }
    const [match, name] = /^\$([A-Za-z_][A-Za-z0-9_]*|\d|[@*#?$!-])/.exec(rest) ?? [];
    this.at += match?.length ?? 1;
    return name === undefined
      ? { kind: 'text', text: '$', quoted }
      : { kind: 'variable', name, operator: '', operand: [], quoted };
  }

  /** Index after the bracket that closes the one at `from`; quotes inside are passed over. */
  private closing(from: number, open: string, close: string): number {
    let depth = 0;
    for (let at = from; at < this.source.length; at += 1) {
      const next = this.source[at];
      if (next === '\\') at += 1;
      else if (next === "'" || next === '"') {
        const end = next === "'" ? this.source.indexOf("'", at + 1) : endOfQuotes(this.source, at + 1);
        if (end < 0) throw new SyntaxProblem();
        at = end;
      } else if (next === open) depth += 1;
      else if (next === close) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
    }
    throw new SyntaxProblem();
  }

  /** The bodies begin here, right after a line end, in the order of their redirections. */
  readHereDocuments(pending: readonly HereDocument[]): void {
    for (const { delimiter, literal, stripTabs, into } of pending) {
      let body = '';
      for (;;) {
        if (this.at >= this.source.length) throw new SyntaxProblem();
        const end = this.source.indexOf('\n', this.at);
        const raw = this.source.slice(this.at, end < 0 ? undefined : end);
        const line = stripTabs ? raw.replace(/^\t+/, '') : raw;
        this.at = end < 0 ? this.source.length : end + 1;
        if (line === delimiter) break;
        if (end < 0) throw new SyntaxProblem();
        body += `${line}\n`;
      }
      if (literal) into.push({ kind: 'text', text: body, quoted: true });
      else into.push(...new Lexer(body).lexQuoted(undefined));
    }
  }
}

function endOfQuotes(source: string, from: number): number {
  for (let at = from; at < source.length; at += 1) {
    if (source[at] === '\\') at += 1;
    else if (source[at] === '"') return at;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\x07', b: '\b', f: '\f', v: '\v', e: '\x1b' };

/** Backslash sequences of `$'…'` and of printf's format. */
export function unescapeText(text: string): string {
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|[\s\S])/g, (_all, code: string) => {
    if (code.startsWith('x')) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    if (/^[0-7]/.test(code)) return String.fromCharCode(Number.parseInt(code, 8));
    return ESCAPES[code] ?? (/[\\'"?]/.test(code) ? code : `\\${code}`);
  });
}

/** The word as it stands when nothing in it needs expanding. */
export function plainText(word: Word): string | undefined {
  let text = '';
  for (const part of word) {
    if (part.kind !== 'text') return undefined;
    text += part.text;
  }
  return text;
}
