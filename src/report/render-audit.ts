import type { Audit } from '../model/finding.js';
import { unreachable } from '../model/problem.js';
import { auditAsJson } from './json.js';
import { auditAsMarkdown } from './markdown.js';
import { auditAsText } from './text.js';

export type AuditFormat = 'table' | 'json' | 'md';

export interface RenderOptions {
  /** Columns to break lines at, table only; missing: lines are as long as they are. */
  readonly width?: number;
  /** The version of vasatrust that says so in the report. */
  readonly version?: string;
}

/** One valid document that ends in a line end; no colour, no control characters, whatever the audit holds. */
export function renderAudit(audit: Audit, format: AuditFormat, options: RenderOptions = {}): string {
  switch (format) {
    case 'table':
      return auditAsText(audit, options.width);
    case 'json':
      return auditAsJson(audit, madeBy(options));
    case 'md':
      return auditAsMarkdown(audit, madeBy(options));
    default:
      return unreachable(format);
  }
}

const madeBy = ({ version }: RenderOptions): string => (version === undefined ? 'vasatrust' : `vasatrust ${version}`);
