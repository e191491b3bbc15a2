import { type HereDocument, Lexer, plainText, SyntaxProblem, type Token } from './appliance-shell-lexer.js';
import type { Command, List, Pipeline, Redirection, Word, WordPart } from './appliance-shell-tree.js';

/** `incomplete`: more lines could make it right; bash would ask for them with PS2. */
export type Parsed =
  | { readonly kind: 'list'; readonly list: List }
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'error'; readonly near: string };

const MAX_PARSED = 4_096;
const parsed = new Map<string, Parsed>();

/** The same scripts are run again and again: trees are kept, and shared. */
export function parseShell(source: string): Parsed {
  let known = parsed.get(source);
  if (!known) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    known = parse(source);
    parsed.set(source, known);
  }
  return known;
}

function parse(source: string): Parsed {
  try {
    return { kind: 'list', list: new Parser(source).parseAll() };
  } catch (problem) {
    if (!(problem instanceof SyntaxProblem)) throw problem;
    return problem.near === undefined ? { kind: 'incomplete' } : { kind: 'error', near: problem.near };
  }
}

/** A list of one simple command: what bash does not fork for. */
export function isOneCommand(list: List): boolean {
  const [only] = list;
  return list.length === 1 && only?.pipeline.commands.length === 1 && only.pipeline.commands[0]?.kind === 'simple';
}

const CLOSERS = new Set(['then', 'do', 'done', 'fi', 'else', 'elif', 'esac', '}']);
const NAME = /^[A-Za-z_][A-Za-z0-9_]*/;

class Parser {
  private readonly lexer: Lexer;
  private peeked: Token | undefined;
  private readonly pending: HereDocument[] = [];

  constructor(source: string) {
    this.lexer = new Lexer(source);
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
      if (next?.kind !== 'operator' || ![';', '\n', '&&', '||', '&'].includes(next.text)) return list;
      this.take();
      if (next.text === '&') {
        const first = list.findLastIndex((one) => one.operator === ';');
        const body = list.splice(first);
        list.push({ operator: ';', pipeline: { negated: false, commands: [{ kind: 'background', body }] } });
      }
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
      case '<>':
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
    this.peeked ??= this.lexer.next();
    return this.peeked;
  }

  private take(): Token | undefined {
    const token = this.peek();
    this.peeked = undefined;
    if (token?.kind === 'operator' && token.text === '\n') this.lexer.readHereDocuments(this.pending.splice(0));
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
