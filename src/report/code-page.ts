import type { CodeEntry } from '../findings/explain/codes.js';

/** docs/findings/CODE.md. All text in it is ours. */
export function codePage({ code, severity, title, meaning, proof, remedy, sources }: CodeEntry): string {
  return `${[
    GENERATED,
    `# ${code}`,
    `**${severity}**: ${title}.`,
    '## What it means',
    meaning,
    '## How it is proven',
    proof,
    '## What to do',
    remedy,
    '## What this rests on',
    sources.map(({ mark, text }) => `- **${mark}**: ${text}`).join('\n'),
  ].join('\n\n')}\n`;
}

/** docs/findings/README.md: every code, in the order reports use. */
export function codeIndex(entries: readonly CodeEntry[]): string {
  const rows = entries.map(({ code, severity, title }) => `| [${code}](${code}.md) | ${severity} | ${title} |`);
  return `${[
    GENERATED,
    '# Findings',
    'What an audit can find. `vasatrust explain CODE` prints the same. Causes stand before their consequences.',
    ['| code | severity | what it says |', '| --- | --- | --- |', ...rows].join('\n'),
  ].join('\n\n')}\n`;
}

const GENERATED = '<!-- Made by `node scripts/generate-docs.mjs` from src/findings/explain/codes.ts. -->';
