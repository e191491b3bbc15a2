interface Layout {
  readonly indent?: number;
  readonly gap?: number;
  /** Columns of the terminal; missing: lines are as long as they are. */
  readonly width?: number | undefined;
}

/** The lines of each row: columns aligned, trailing space cut, broken at `width` where one is given. Cells hold visible text only. */
export function alignRows(rows: readonly (readonly string[])[], layout: Layout = {}): string[][] {
  const { indent = 2, gap = 2, width } = layout;
  const columns: number[] = [];
  for (const row of rows) {
    // The last cell of a row needs no room beside it.
    for (const [index, cell] of row.slice(0, -1).entries()) columns[index] = Math.max(columns[index] ?? 0, textWidth(cell));
  }
  return rows.map((row) => {
    const line = row.map((cell, index) => (index === row.length - 1 ? cell : pad(cell, (columns[index] ?? 0) + gap))).join('');
    return breakLine(`${' '.repeat(indent)}${line}`.trimEnd(), width, indent + 4);
  });
}

/** One line, broken between words; what follows is indented deeper, so that a line's beginning is always ours. */
export function breakLine(line: string, width: number | undefined, hanging: number): string[] {
  if (width === undefined || textWidth(line) <= width) return [line];
  const room = Math.max(width, hanging + 20);
  const lines: string[] = [];
  let rest = line;
  while (textWidth(rest) > room) {
    const at = breakAt(rest, room, lines.length === 0 ? 0 : hanging);
    lines.push(rest.slice(0, at).trimEnd());
    rest = `${' '.repeat(hanging)}${rest.slice(at).trimStart()}`;
  }
  lines.push(rest);
  return lines;
}

/** After the last space that leaves something on the line; in the middle of a word only where there is none. */
function breakAt(text: string, room: number, indent: number): number {
  const start = Math.max(indent, text.length - text.trimStart().length);
  let width = 0;
  let fits = 0;
  for (const char of text) {
    width += charWidth(char);
    if (width > room) break;
    fits += char.length;
  }
  const space = text.lastIndexOf(' ', fits);
  return space > start ? space : Math.max(fits, start + 1);
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** Terminal columns: East Asian wide characters take two, combining marks none. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

function charWidth(char: string): number {
  if (char < '\u0300') return 1;
  if (/\p{M}/u.test(char)) return 0;
  return WIDE.test(char) || (char.codePointAt(0) ?? 0) >= 0x20000 ? 2 : 1;
}
