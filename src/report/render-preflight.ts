import type { Preflight, PreflightCheck } from '../model/preflight.js';
import { alignRows } from './layout.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

const WORD: Readonly<Record<PreflightCheck['state'], string>> = {
  'as-assumed': 'ok',
  different: 'warning',
  wrong: 'error',
  'not-seen': 'gap',
};

/**
 * What `doctor` found. @param scrub takes names and addresses out of the whole document, so that it can be sent to anybody
 */
export function renderPreflight(preflight: Preflight, format: 'table' | 'json' | 'md', scrub: (text: string) => string): string {
  const checks = preflight.checks.map((one) => ({
    ...one,
    vcenter: scrub(one.vcenter),
    found: scrub(one.found),
    ...(one.remedy === undefined ? {} : { remedy: scrub(one.remedy) }),
  }));
  switch (format) {
    case 'json':
      return `${visibleJson({ formatVersion: 1, takenAt: preflight.takenAt, checks })}\n`;
    case 'md':
      return asMarkdown(preflight, checks);
    case 'table':
      return asText(checks);
  }
}

function asText(checks: readonly PreflightCheck[]): string {
  const vcenters = [...new Set(checks.map(({ vcenter }) => vcenter))];
  const text = (value: string) => visibleText(value, 300);
  const blocks = vcenters.flatMap((vcenter) => {
    const own = checks.filter((one) => one.vcenter === vcenter);
    const rows = alignRows(
      own.map((one) => [WORD[one.state], one.id, one.what, text(one.found)]),
      { indent: 0 },
    );
    return [
      `PREFLIGHT OF ${text(vcenter)}`,
      ...own.flatMap((one, index) => [
        ...(rows[index] ?? []),
        ...(one.remedy === undefined ? [] : [`           ${text(one.remedy)}`]),
      ]),
      '',
    ];
  });
  return `${[...blocks, totals(checks)].join('\n')}\n`;
}

function asMarkdown({ takenAt }: Preflight, checks: readonly PreflightCheck[]): string {
  const cell = (value: string) => markdownText(value, 300);
  const rows = checks.map((one) =>
    [one.vcenter, WORD[one.state], one.id, one.what, one.found, one.remedy ?? '', one.assumption ?? ''].map(cell),
  );
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const head = ['vCenter', 'state', 'check', 'what', 'found', 'what to do', 'assumption'];
  return `# Preflight\n\nTaken ${takenAt} (UTC). ${totals(checks)}\n\n${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

function totals(checks: readonly PreflightCheck[]): string {
  const count = (state: PreflightCheck['state']) => checks.filter((one) => one.state === state).length;
  return `${checks.length} checks: ${count('wrong')} wrong, ${count('different')} different, ${count('not-seen')} not seen. Nothing was changed.`;
}
