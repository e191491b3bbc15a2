import { day, list, plural, quote } from '../findings/explain/quote.js';
import type { AnswerCheck, CaCheck, FileCheck, Objection } from '../model/ca-check.js';
import { unreachable } from '../model/problem.js';
import { fileObjectionWords, type ObjectionWords, objectionWords } from './ca-words.js';
import { certificateJson } from './json.js';
import { alignRows, breakLine } from './layout.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

/** Characters of one cell. */
const CELL = 120;

export interface CaCheckOptions {
  /** Columns to break lines at, table only. */
  readonly width?: number | undefined;
  /** Files that `ca import` wrote; missing for `ca check`. */
  readonly written?: readonly string[];
}

/** `ca check` as one document that ends in a line end; names from certificates are made visible, whatever is in them. */
export function renderCaCheck(check: CaCheck, format: 'table' | 'json' | 'md', { width, written }: CaCheckOptions = {}): string {
  switch (format) {
    case 'table':
      return asText(check, width, written ?? []);
    case 'json':
      return `${visibleJson({ ...asJson(check), ...(written && { written }) })}\n`;
    case 'md':
      return asMarkdown(check, written ?? []);
    default:
      return unreachable(format);
  }
}

/** `2 good, 1 refused, 1 waiting`. */
export function totalsText({ answers, files, strangers }: CaCheck): string {
  const count = (verdict: AnswerCheck['verdict']) => answers.filter((answer) => answer.verdict === verdict).length;
  const unusable = files.filter(({ objections }) => objections.length > 0).length;
  return [
    `${count('good')} good`,
    `${count('refused')} refused`,
    `${count('waiting')} waiting for an answer`,
    ...(unusable > 0 ? [`${plural(unusable, 'file')} of no use`] : []),
    ...(strangers.length > 0 ? [`${plural(strangers.length, 'certificate')} not in the plan`] : []),
  ].join(', ');
}

const STRANGER: ObjectionWords = {
  headline: 'answers nothing in the plan: neither its key nor its names are asked for',
  remedy: 'Leave it out; or look whether it belongs to another plan.',
  basis: 'documented',
};

function asText(check: CaCheck, width: number | undefined, written: readonly string[]): string {
  const cell = (text: string) => visibleText(text, CELL);
  const rows = check.answers.map((answer) => [
    cell(answer.planned.name),
    answer.verdict,
    ...cellsOf(answer).map(cell),
    cell(list(answer.files)),
  ]);
  const error = (code: string, where: string, { headline, remedy }: ObjectionWords) => [
    ...breakLine(`error  ${code}  ${cell(where)}: ${visibleText(headline)}`, width, 7),
    ...breakLine(`         ${visibleText(remedy)}`, width, 11),
  ];
  const lines = [
    ...alignRows(rows, { width }).flat(),
    ...check.answers.flatMap(({ planned, objections }) =>
      objections.flatMap((one) => error(one.code, planned.name, objectionWords(one))),
    ),
    ...check.files.flatMap(({ file, objections }) => objections.flatMap((one) => error(one.code, file, fileObjectionWords(one)))),
    ...check.strangers.flatMap(({ certificate, files }) =>
      error('not-in-plan', `${list(files)}, ${quote(certificate.subject)}`, STRANGER),
    ),
    ...check.answers.flatMap(({ planned, accepted }) =>
      accepted.map((one) => visibleText(`accepted  ${one.code}  ${planned.name}: ${objectionWords(one).headline}`)),
    ),
    ...written.map((file) => `written  ${visibleText(file, 400)}`),
    `${totalsText(check)}.`,
  ];
  return `${lines.join('\n')}\n`;
}

/** The answer, what stands above it, and how it was matched. */
function cellsOf({ leaf, issuers, key }: AnswerCheck): string[] {
  if (!leaf) return ['none of the files answers it', '', ''];
  return [
    `${quote(leaf.subject)} until ${day(leaf.notAfter)}`,
    issuers.length > 0 ? `under ${list(issuers.map(({ subject }) => subject))}` : '',
    key === undefined ? '' : `matched to ${key.from === 'request' ? 'the request' : 'the key'} ${quote(key.file)}`,
  ];
}

function asMarkdown(check: CaCheck, written: readonly string[]): string {
  const cell = (text: string) => markdownText(text, CELL);
  const table = (head: readonly string[], rows: readonly (readonly string[])[]) =>
    [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
  const objections = [
    ...check.answers.flatMap(({ planned, objections }) =>
      objections.map((one) => ({ where: planned.name, code: one.code, words: objectionWords(one) })),
    ),
    ...check.files.flatMap(({ file, objections }) =>
      objections.map((one) => ({ where: file, code: one.code, words: fileObjectionWords(one) })),
    ),
    ...check.strangers.map(({ certificate }) => ({ where: certificate.subject, code: 'not-in-plan', words: STRANGER })),
  ];
  const blocks = [
    '# Answers of the CA',
    `${totalsText(check)}. Judged ${check.at.toISOString()}.`,
    table(
      ['certificate', 'verdict', 'answer', 'issuers', 'key', 'files'],
      check.answers.map((answer) => [
        cell(answer.planned.name),
        answer.verdict,
        ...cellsOf(answer).map(cell),
        cell(list(answer.files)),
      ]),
    ),
    ...(objections.length > 0 ? ['## Refused'] : []),
    ...objections.map(
      ({ where, code, words }) =>
        `- **${cell(where)}** \`${code}\` (${words.basis}): ${markdownText(words.headline)}\n  ${markdownText(words.remedy)}`,
    ),
  ];
  if (written.length > 0) blocks.push('## Written', written.map((file) => `- ${markdownText(file)}`).join('\n'));
  return `${blocks.join('\n\n')}\n`;
}

function asJson(check: CaCheck) {
  return {
    formatVersion: 1,
    judgedAt: check.at.toISOString(),
    answers: check.answers.map((answer) => ({
      name: answer.planned.name,
      provider: answer.planned.provider,
      verdict: answer.verdict,
      certificate: answer.leaf ? certificateJson(answer.leaf) : null,
      issuers: answer.issuers.map(certificateJson),
      files: answer.files,
      key: answer.key ?? null,
      objections: answer.objections.map(objectionJson),
      accepted: answer.accepted.map(objectionJson),
    })),
    files: check.files.map((file) => ({ ...file, objections: fileObjectionsJson(file) })),
    strangers: check.strangers.map(({ certificate, files }) => ({ certificate: certificateJson(certificate), files })),
  };
}

const objectionJson = (objection: Objection) => ({
  code: objection.code,
  certificate: objection.certificate.sha256,
  ...objectionWords(objection),
});

const fileObjectionsJson = ({ objections }: FileCheck) =>
  objections.map((one) => ({ code: one.code, ...fileObjectionWords(one) }));
