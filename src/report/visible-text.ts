/**
 * The one way by which names, subjects, fault texts and URLs from outside reach a report. Whatever a reader could not see, or a terminal
 * would obey, is written out: control and C1 characters, bidirectional and zero-width ones, line separators, lone surrogates, private use.
 * A backslash that was sent stays as it is, so `\u{202e}` can also be what somebody typed; nothing is ever decoded from it again.
 */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;

/** Characters of one foreign text in a report, unless the caller says otherwise. */
const MOST = 600;

/** One line, bounded, nothing in it that cannot be seen: `\u{1b}` in place of ESC. */
export function visibleText(text: string, most = MOST): string {
  return cut(text, most).replace(UNSEEN, escapeOne);
}

/** The same in Markdown, anywhere in a line: nothing in the text is mark-up, HTML, or a link. */
export function markdownText(text: string, most = MOST): string {
  return visibleText(text, most)
    .replace(/[\\`*_[\]|~$]/g, '\\$&')
    .replace(/^[#+=-]/, '\\$&')
    .replace(/^(\d+)([.)])(?=\s|$)/, '$1\\$2')
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
    .replace(/:\/\//g, '&#58;//')
    .replace(/www\./gi, (www) => `${www.slice(0, 3)}&#46;`)
    .replace(/@/g, '&#64;');
}

/** JSON with two-space indentation; every character that cannot be seen is `\u`-escaped, so that a terminal shows the document and obeys nothing. */
export function visibleJson(value: unknown): string {
  const text = JSON.stringify(value, null, 2);
  // Line ends are the only control characters that JSON.stringify leaves, and those are ours.
  return text.replace(UNSEEN, (char) => (char === '\n' ? char : escapeUnits(char)));
}

function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // Code points are at most two units long: no need to walk a text of megabytes.
  const points = Array.from(text.slice(0, 2 * most + 2));
  return points.length > most ? `${points.slice(0, most).join('')}… (${text.length} characters)` : text;
}

function escapeOne(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

function escapeUnits(char: string): string {
  return Array.from({ length: char.length }, (_, index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`).join('');
}
