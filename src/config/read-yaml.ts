import { isAlias, isMap, isPair, isSeq, LineCounter, type Node, type Pair, parseDocument, type YAMLError } from 'yaml';
import type { ConfigMistake } from './mistake.js';

export type YamlPath = readonly (string | number)[];

export interface YamlText {
  /** Plain JavaScript data; undefined for an empty file. */
  readonly value: unknown;
  /** Where a value stands, or its key, or the nearest parent that is in the file. */
  locate(path: YamlPath, what?: 'value' | 'key'): { readonly line: number; readonly column: number };
}

type Slip = Pick<ConfigMistake, 'line' | 'column' | 'path' | 'message' | 'remedy'>;

/** Aliases may repeat what is anchored, but not multiply it: `yaml` counts what each alias would expand to. */
const MAX_ALIAS_EXPANSION = 100;

/**
 * YAML 1.2 with positions. Mistakes of syntax are told in our words: the parser's own messages quote the source, which may hold
 * a password that should not be there.
 */
export function readYaml(text: string): { readonly yaml?: YamlText; readonly slips: readonly Slip[] } {
  const lines = new LineCounter();
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true, strict: true });
    const slips = [...document.errors, ...document.warnings].map((problem) => slipOf(problem, at(problem.pos[0])));
    if (document.errors.some((error) => error.code !== 'DUPLICATE_KEY')) return { slips };
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSION });
    const locate: YamlText['locate'] = (path, what = 'value') => at(offsetOf(document.contents, path, what, document));
    return { yaml: { value, locate }, slips };
  } catch {
    // An alias bomb (ReferenceError), or nesting deeper than the parser's stack (RangeError).
    return {
      slips: [
        {
          line: 1,
          column: 1,
          path: '',
          message: 'aliases or nesting multiply this file beyond any estate',
          remedy: 'Write the entries out, or use fewer aliases (*name) inside of anchors (&name).',
        },
      ],
    };
  }
}

type Aliases = Parameters<import('yaml').Alias['resolve']>[0];

function offsetOf(root: unknown, path: YamlPath, what: 'value' | 'key', document: Aliases): number {
  let node = root;
  let offset = startOf(node) ?? 0;
  for (const [index, step] of path.entries()) {
    const parent = isAlias(node) ? node.resolve(document) : node;
    const isLast = index === path.length - 1;
    if (isMap(parent)) {
      const pair = parent.items.find((item): item is Pair<Node, Node | null> => isPair(item) && keyOf(item.key) === String(step));
      if (!pair) return offset;
      node = pair.value;
      offset = (isLast && what === 'key' ? startOf(pair.key) : startOf(node)) ?? startOf(pair.key) ?? offset;
    } else if (isSeq(parent)) {
      node = parent.items[Number(step)];
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

const startOf = (node: unknown): number | undefined => (node as Node | null | undefined)?.range?.[0];
const keyOf = (key: unknown): string => String((key as { value?: unknown } | null)?.value ?? key);

function slipOf(problem: YAMLError, place: { line: number; column: number }): Slip {
  const [message, remedy] = SYNTAX[problem.code] ?? [
    'this is not YAML',
    'Check indentation, quotes and colons on this line and the one above.',
  ];
  return { ...place, path: '', message, remedy };
}

const SYNTAX: Partial<Record<YAMLError['code'], readonly [string, string]>> = {
  DUPLICATE_KEY: ['this key is there twice', 'Keep one of the two.'],
  BAD_INDENT: ['the indentation does not fit', 'Indent with spaces, the same number for every key of one entry.'],
  TAB_AS_INDENT: ['a tab is used for indentation', 'Indent with spaces: YAML does not accept tabs there.'],
  MISSING_CHAR: ['a quote, comma, colon or bracket is missing', 'Close what was opened on this line or above it.'],
  MULTIPLE_DOCS: ['a second document begins here', 'Remove the `---`: one estate is one document.'],
  BAD_ALIAS: ['an alias without its anchor', 'Define it first with &name, or write the value out.'],
  TAG_RESOLVE_FAILED: ['a tag (!…) that means nothing here', 'Remove the tag, or put the text in quotes.'],
};
