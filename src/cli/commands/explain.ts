import { nearest } from '../../config/nearest.js';
import { CODES, type CodeEntry, findCodeEntry } from '../../findings/explain/codes.js';
import { codePage } from '../../report/code-page.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';

/** What one finding code means, or the list of all. */
export function explainCommand(code: string | undefined, options: GlobalOptions, around: Surroundings): ExitCode {
  const { out } = around;
  if (code === undefined) {
    out.write(LISTS[options.output](CODES));
    return EXIT.clean;
  }
  const entry = findCodeEntry(code);
  if (!entry) {
    const close = nearest(
      code,
      CODES.map((one) => one.code),
    );
    const remedy = close ? `Did you mean ${close}?` : 'Run `vasatrust explain` for the list.';
    out.fail({ code: 'usage', summary: `there is no finding code ${code}`, remedy });
    return EXIT.usage;
  }
  out.write(ENTRIES[options.output](entry));
  return EXIT.clean;
}

type Format = GlobalOptions['output'];

const LISTS: Readonly<Record<Format, (codes: readonly CodeEntry[]) => string>> = {
  table: (codes) => codes.map(({ code, severity, title }) => `${severity.padEnd(9)}${code.padEnd(28)}${title}\n`).join(''),
  json: (codes) => asJson({ formatVersion: 1, findings: codes.map(({ code, severity, title }) => ({ code, severity, title })) }),
  md: (codes) =>
    `| severity | code | what it says |\n|---|---|---|\n${codes.map(({ code, severity, title }) => `| ${severity} | \`${code}\` | ${title} |\n`).join('')}`,
};

const ENTRIES: Readonly<Record<Format, (entry: CodeEntry) => string>> = {
  table: (entry) =>
    [
      `${entry.severity}  ${entry.code}`,
      wrap(entry.title),
      '',
      ...section('What it means', entry.meaning),
      ...section('How it is proven', entry.proof),
      ...section('What to do', entry.remedy),
      'How sure the facts are',
      ...entry.sources.map(({ mark, text }) => wrap(`[${mark}] ${text}`)),
      '',
    ].join('\n'),
  json: ({ code, severity, title, meaning, proof, remedy, sources }) =>
    asJson({ formatVersion: 1, finding: { code, severity, title, meaning, proof, remedy, sources } }),
  // Without the comment that only the generated files need.
  md: (entry) => codePage(entry).replace(/^<!--.*-->\n+/, ''),
};

const asJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const section = (heading: string, text: string): string[] => [heading, wrap(text), ''];

/** Lines of at most 100 characters, two spaces in. */
function wrap(text: string): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length < 98) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => `  ${line}`).join('\n');
}
