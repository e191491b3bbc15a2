import { list } from '../findings/explain/quote.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { unreachable } from '../model/problem.js';
import { alignRows } from './layout.js';
import { markdownText, visibleJson, visibleText } from './visible-text.js';

/** One request that `ca csr` wrote or took in. */
export interface WrittenRequest {
  readonly planned: PlannedCertificate;
  readonly bits: number;
  /** File names as the operator wrote the folder. */
  readonly csr: string;
  /** Missing: the array keeps it. */
  readonly key?: { readonly file: string; readonly encrypted: boolean };
}

/** What was written, as one document. Nothing of a key is in it but its file's name. */
export function renderRequests(requests: readonly WrittenRequest[], format: 'table' | 'json' | 'md', width?: number): string {
  const cells = ({ planned, bits, csr, key }: WrittenRequest): string[] => [
    planned.name,
    csr,
    key ? `${key.file} (${key.encrypted ? 'encrypted' : 'not encrypted'}, mode 0600)` : 'the array keeps its key',
    `RSA ${bits}`,
    list(planned.san.map(({ value }) => value)),
  ];
  switch (format) {
    case 'table':
      return `${alignRows(
        requests.map((one) => cells(one).map((cell) => visibleText(cell, 200))),
        { width },
      )
        .flat()
        .join('\n')}\n`;
    case 'json':
      return `${visibleJson({ formatVersion: 1, requests: requests.map(requestJson) })}\n`;
    case 'md':
      return [
        '| certificate | request | key | size | names |',
        '| --- | --- | --- | --- | --- |',
        ...requests.map(
          (one) =>
            `| ${cells(one)
              .map((cell) => markdownText(cell, 200))
              .join(' | ')} |`,
        ),
        '',
      ].join('\n');
    default:
      return unreachable(format);
  }
}

const requestJson = ({ planned, bits, csr, key }: WrittenRequest) => ({
  name: planned.name,
  provider: planned.provider,
  commonName: planned.commonName,
  san: planned.san,
  bits,
  csr,
  key: key?.file ?? null,
  encrypted: key?.encrypted ?? null,
});
