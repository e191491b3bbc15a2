/**
 * The part of bash's grammar that the lab's appliance understands: simple commands, pipelines, lists, groups, subshells, `if`, `while`,
 * `until`, `for`, `case`, functions, redirections, here-documents. What is not in here is a syntax error, never a guess.
 */
export type WordPart =
  | { readonly kind: 'text'; readonly text: string; readonly quoted: boolean }
  | {
      readonly kind: 'variable';
      readonly name: string;
      readonly operator: string;
      readonly operand: Word;
      readonly quoted: boolean;
    }
  | { readonly kind: 'command'; readonly source: string; readonly quoted: boolean }
  | { readonly kind: 'arithmetic'; readonly text: Word; readonly quoted: boolean };
export type Word = readonly WordPart[];

export interface Redirection {
  readonly fd: number;
  readonly operator: '<' | '>' | '>>' | '<&' | '>&' | '<<' | '<<<' | '&>';
  readonly target: Word;
}

export type Command =
  | {
      readonly kind: 'simple';
      readonly assignments: readonly { readonly name: string; readonly value: Word }[];
      readonly words: readonly Word[];
      readonly redirections: readonly Redirection[];
    }
  | { readonly kind: 'group' | 'subshell'; readonly body: List; readonly redirections: readonly Redirection[] }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: List; readonly body: List }[];
      readonly otherwise: List | undefined;
      readonly redirections: readonly Redirection[];
    }
  | {
      readonly kind: 'while' | 'until';
      readonly condition: List;
      readonly body: List;
      readonly redirections: readonly Redirection[];
    }
  | {
      readonly kind: 'for';
      readonly name: string;
      readonly words: readonly Word[] | undefined;
      readonly body: List;
      readonly redirections: readonly Redirection[];
    }
  | {
      readonly kind: 'case';
      readonly word: Word;
      readonly branches: readonly { readonly patterns: readonly Word[]; readonly body: List }[];
      readonly redirections: readonly Redirection[];
    }
  | { readonly kind: 'function'; readonly name: string; readonly body: Command };

export interface Pipeline {
  readonly negated: boolean;
  readonly commands: readonly Command[];
}

/** Pipelines with the operator before each. */
export type List = readonly { readonly operator: ';' | '&&' | '||'; readonly pipeline: Pipeline }[];

/** `incomplete`: more lines could make it right; bash would ask for them with PS2. */
export type Parsed =
  | { readonly kind: 'list'; readonly list: List }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'error'; readonly near: string };

class SyntaxProblem extends Error {
  readonly near: string | undefined;

  constructor(near?: string) {
    super('syntax error');
    this.near = near;
  }
}

export function parseShell(source: string): Parsed {
  try {
    return { kind: 'list', list: new Parser(source).parseAll() };
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) throw problem;
    return problem.near === undefined ? { kind: 'incomplete' } : { kind: 'error', near: problem.near };
  }
}

type Token =
  | { readonly kind: 'operator'; readonly text: string }
  | { readonly kind: 'word'; readonly word: Word; readonly io?: true };

const OPERATORS = ['&>', '<<<', '<<-', '<<', '<&', '>&', '>>', '>|', '&&', '||', ';;', ';', '&', '|', '(', ')', '<', '>', '\n'];
const CLOSERS = new Set(['then', 'do', 'done', 'fi', 'else', 'elif', 'esac', '}']);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

interface HereDocument {
  readonly delimiter: string;
  readonly literal: boolean;
  readonly stripTabs: boolean;
  readonly into: WordPart[];
}

class Parser {
  private readonly source: string;
  private at = 0;
  private peeked: Token | undefined;
  private readonly pending: HereDocument[] = [];

  constructor(source: string) {
    this.source = source;
  }

  parseAll(): List {
    const list = this.parseList();
    const left = this.peek();
    if (left) throw new SyntaxProblem(textOf(left));
    if (this.pending.length > 0) throw new SyntaxProblem();
    return list;
  }

  private parseList(): List {
    const list: { operator: ';' | '&&' | '||'; pipeline: Pipeline }[] = [];
    for (let operator: ';' | '&&' | '||' = ';'; ; ) {
      while (operator === ';' ? this.skip(';', '\n') : this.skip('\n'));
      if (this.atListEnd()) {
        if (operator !== ';') this.fail();
        return list;
      }
      list.push({ operator, pipeline: this.parsePipeline() });
      const next = this.peek();
      if (next?.kind !== 'operator' || ![';', '\n', '&&', '||'].includes(next.text)) return list;
      this.take();
      operator = next.text === '&&' || next.text === '||' ? next.text : ';';
    }
  }

  private atListEnd(): boolean {
    const token = this.peek();
    if (!token) return true;
    if (token.kind === 'operator') return token.text === ')' || token.text === ';;';
    return CLOSERS.has(reserved(token));
  }

  private parsePipeline(): Pipeline {
    let negated = false;
    while (this.takeReserved('!')) negated = !negated;
    const commands = [this.parseCommand()];
    while (this.skip('|')) {
      while (this.skip('\n'));
      commands.push(this.parseCommand());
    }
    return { negated, commands };
  }

  private parseCommand(): Command {
    const token = this.peek();
    if (token?.kind === 'operator' && token.text === '(') {
      this.take();
      const body = this.parseBody();
      this.expect(')');
      return { kind: 'subshell', body, redirections: this.parseRedirections() };
    }
    switch (token?.kind === 'word' ? reserved(token) : '') {
      case '{': {
        this.take();
        const body = this.parseBody();
        this.expectReserved('}');
        return { kind: 'group', body, redirections: this.parseRedirections() };
      }
      case 'if':
        return this.parseIf();
      case 'while':
      case 'until':
        return this.parseLoop();
      case 'for':
        return this.parseFor();
      case 'case':
        return this.parseCase();
      default:
        return this.parseSimple();
    }
  }

  private parseBody(): List {
    const list = this.parseList();
    if (list.length === 0) this.fail();
    return list;
  }

  private parseIf(): Command {
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List | undefined;
    this.take();
    for (;;) {
      const condition = this.parseBody();
      this.expectReserved('then');
      branches.push({ condition, body: this.parseBody() });
      if (this.takeReserved('elif')) continue;
      if (this.takeReserved('else')) otherwise = this.parseBody();
      this.expectReserved('fi');
      return { kind: 'if', branches, otherwise, redirections: this.parseRedirections() };
    }
  }

  private parseLoop(): Command {
    const kind = this.takeReserved('while') ? 'while' : 'until';
    if (kind === 'until') this.take();
    const condition = this.parseBody();
    this.expectReserved('do');
    const body = this.parseBody();
    this.expectReserved('done');
    return { kind, condition, body, redirections: this.parseRedirections() };
  }

  private parseFor(): Command {
    this.take();
    const name = this.takeWord();
    const text = plainText(name);
    if (text === undefined || NAME.exec(text)?.[0] !== text) this.fail();
    let words: Word[] | undefined;
    while (this.skip('\n'));
    if (this.takeReserved('in')) {
      words = [];
      while (this.peek()?.kind === 'word') words.push(this.takeWord());
    }
    while (this.skip(';', '\n'));
    this.expectReserved('do');
    const body = this.parseBody();
    this.expectReserved('done');
    return { kind: 'for', name: text ?? '', words, body, redirections: this.parseRedirections() };
  }

  private parseCase(): Command {
    this.take();
    const word = this.takeWord();
    while (this.skip('\n'));
    this.expectReserved('in');
    const branches: { patterns: Word[]; body: List }[] = [];
    for (;;) {
      while (this.skip('\n'));
      if (this.takeReserved('esac')) return { kind: 'case', word, branches, redirections: this.parseRedirections() };
      this.skip('(');
      const patterns = [this.takeWord()];
      while (this.skip('|')) patterns.push(this.takeWord());
      this.expect(')');
      branches.push({ patterns, body: this.parseList() });
      if (!this.skip(';;')) {
        this.expectReserved('esac');
        return { kind: 'case', word, branches, redirections: this.parseRedirections() };
      }
    }
  }

  private parseSimple(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    for (;;) {
      const redirection = this.parseRedirection();
      if (redirection) {
        redirections.push(redirection);
        continue;
      }
      const token = this.peek();
      if (token?.kind === 'operator' && token.text === '(' && words.length === 1 && redirections.length === 0) {
        return this.parseFunction(words[0] ?? []);
      }
      if (token?.kind !== 'word') break;
      this.take();
      const assignment = words.length === 0 ? assignmentIn(token.word) : undefined;
      if (assignment) assignments.push(assignment);
      else words.push(token.word);
    }
    if (assignments.length + words.length + redirections.length === 0) this.fail();
    return { kind: 'simple', assignments, words, redirections };
  }

  private parseFunction(nameWord: Word): Command {
    const name = plainText(nameWord);
    this.expect('(');
    this.expect(')');
    while (this.skip('\n'));
    if (name === undefined) this.fail();
    const body = this.parseCommand();
    if (body.kind === 'simple') this.fail();
    return { kind: 'function', name: name ?? '', body };
  }

  private parseRedirections(): Redirection[] {
    const all: Redirection[] = [];
    for (let one = this.parseRedirection(); one; one = this.parseRedirection()) all.push(one);
    return all;
  }

  private parseRedirection(): Redirection | undefined {
    const token = this.peek();
    let fd: number | undefined;
    if (token?.kind === 'word' && token.io) {
      this.take();
      fd = Number(plainText(token.word));
    }
    const operator = this.peek();
    if (operator?.kind !== 'operator') return undefined;
    switch (operator.text) {
      case '<':
      case '<<<':
      case '<&':
        this.take();
        return { fd: fd ?? 0, operator: operator.text, target: this.takeWord() };
      case '>':
      case '>>':
      case '>|':
      case '>&':
      case '&>': {
        this.take();
        const target = this.takeWord();
        const bare = operator.text === '>|' ? '>' : operator.text;
        const both = bare === '>&' && fd === undefined && !/^(\d+|-)$/.test(plainText(target) ?? '1');
        return { fd: fd ?? 1, operator: both ? '&>' : (bare as Redirection['operator']), target };
      }
      case '<<':
      case '<<-': {
        this.take();
        const delimiter = this.takeWord();
        const literal = delimiter.some((part) => part.kind !== 'text' || part.quoted);
        const into: WordPart[] = [];
        this.pending.push({ delimiter: plainText(delimiter) ?? '', literal, stripTabs: operator.text === '<<-', into });
        return { fd: fd ?? 0, operator: '<<', target: into };
      }
      default:
        return undefined;
    }
  }

  private peek(): Token | undefined {
    this.peeked ??= this.lex();
    return this.peeked;
  }

  private take(): Token | undefined {
    const token = this.peek();
    this.peeked = undefined;
    if (token?.kind === 'operator' && token.text === '\n') this.readHereDocuments();
    return token;
  }

  private skip(...operators: string[]): boolean {
    const token = this.peek();
    if (token?.kind !== 'operator' || !operators.includes(token.text)) return false;
    this.take();
    return true;
  }

  private takeWord(): Word {
    const token = this.take();
    if (token?.kind !== 'word') return this.failAt(token);
    return token.word;
  }

  private takeReserved(name: string): boolean {
    const token = this.peek();
    if (token?.kind !== 'word' || reserved(token) !== name) return false;
    this.take();
    return true;
  }

  private expect(operator: string): void {
    if (!this.skip(operator)) this.fail();
  }

  private expectReserved(name: string): void {
    if (!this.takeReserved(name)) this.fail();
  }

  private fail(): never {
    return this.failAt(this.peek());
  }

  private failAt(token: Token | undefined): never {
    throw token ? new SyntaxProblem(textOf(token)) : new SyntaxProblem();
  }

  private lex(): Token | undefined {
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
      const text = new Parser(this.source.slice(this.at + 3, end - 2)).lexQuoted(undefined);
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
        operand: operand === '' ? [] : new Parser(operand).lexQuoted(undefined),
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

  private readHereDocuments(): void {
    for (const { delimiter, literal, stripTabs, into } of this.pending.splice(0)) {
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
      else into.push(...new Parser(body).lexQuoted(undefined));
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
function plainText(word: Word): string | undefined {
  let text = '';
  for (const part of word) {
    if (part.kind !== 'text') return undefined;
    text += part.text;
  }
  return text;
}

function reserved(token: Extract<Token, { kind: 'word' }>): string {
  const [only, ...more] = token.word;
  return only?.kind === 'text' && !only.quoted && more.length === 0 ? only.text : '';
}

function assignmentIn(word: Word): { name: string; value: Word } | undefined {
  const [first, ...rest] = word;
  if (first?.kind !== 'text' || first.quoted) return undefined;
  const [match, name] = /^([A-Za-z_][A-Za-z0-9_]*)=/.exec(first.text) ?? [];
  if (match === undefined || name === undefined) return undefined;
  return { name, value: [{ ...first, text: first.text.slice(match.length) }, ...rest] };
}

function textOf(token: Token): string {
  if (token.kind === 'operator') return token.text === '\n' ? 'newline' : token.text;
  return plainText(token.word) ?? '$';
}
