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
    const padded = row.map((cell, index) => (index === row.length - 1 ? cell : pad(cell, (columns[index] ?? 0) + gap)));
    const line = `${' '.repeat(indent)}${padded.join('')}`.trimEnd();
    return width === undefined || textWidth(line) <= width ? [line] : breakRow(row, padded, { indent, gap, width });
  });
}

/** A row that is too long: as many aligned cells as fit, the others on lines of their own below, deeper. */
function breakRow(
  row: readonly string[],
  padded: readonly string[],
  layout: { indent: number; gap: number; width: number },
): string[] {
  const { indent, gap, width } = layout;
  const hanging = indent + 4;
  const lines: string[] = [' '.repeat(indent)];
  let isFirst = true;
  for (const [index, cell] of row.entries()) {
    if (cell === '' && !isFirst) continue;
    const last = lines.at(-1) ?? '';
    const fits = textWidth(last) + textWidth(cell) <= width;
    if (isFirst && fits) lines[lines.length - 1] = last + (padded[index] ?? '');
    else if (fits) lines[lines.length - 1] = `${last}${cell}${' '.repeat(gap)}`;
    else {
      isFirst = false;
      const broken = breakLine(' '.repeat(hanging) + cell, width, hanging);
      lines.push(...broken.slice(0, -1), `${broken.at(-1) ?? ''}${' '.repeat(gap)}`);
    }
  }
  return lines.map((line) => line.trimEnd()).filter((line) => line !== '');
}

/** Longer words than a fingerprint are cut; up to there they stay whole, for copying, even where they stand out. */
const WHOLE_WORD = 'SHA256 '.length + 32 * 3;

/** One line, broken between words; what follows is indented deeper, so that a line's beginning is always ours. */
export function breakLine(line: string, width: number | undefined, hanging: number): string[] {
  if (width === undefined || textWidth(line) <= width) return [line];
  const indent = line.length - line.trimStart().length;
  const lines: string[] = [];
  let current = line.slice(0, indent);
  let isEmpty = true;
  for (const word of line
    .slice(indent)
    .split(/(?<= )(?! )/)
    .flatMap(cutWord)) {
    if (!isEmpty && textWidth(current) + textWidth(word.trimEnd()) > width) {
      lines.push(current.trimEnd());
      current = ' '.repeat(hanging);
    }
    current += word;
    isEmpty = false;
  }
  return [...lines, current.trimEnd()];
}

function cutWord(word: string): string[] {
  const chars = Array.from(word);
  if (chars.length <= WHOLE_WORD) return [word];
  return Array.from({ length: Math.ceil(chars.length / WHOLE_WORD) }, (_, index) =>
    chars.slice(index * WHOLE_WORD, (index + 1) * WHOLE_WORD).join(''),
  );
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - textWidth(text)));
}

/** Terminal columns: East Asian wide characters take two, combining marks none. */
export function textWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
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
