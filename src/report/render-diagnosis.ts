import type { Diagnosis } from '../diagnose/diagnosis.js';
import { unreachable } from '../model/problem.js';
import { diagnosisAsJson } from './diagnosis-json.js';
import { diagnosisAsMarkdown } from './diagnosis-markdown.js';
import { diagnosisAsText } from './diagnosis-text.js';
import type { AuditFormat, RenderOptions } from './render-audit.js';

/** One valid document that ends in a line end; no colour, no control characters, whatever the logs hold. */
export function renderDiagnosis(diagnosis: Diagnosis, format: AuditFormat, { width, version }: RenderOptions = {}): string {
  const madeBy = version === undefined ? 'vasatrust' : `vasatrust ${version}`;
  switch (format) {
    case 'table':
      return diagnosisAsText(diagnosis, width);
    case 'json':
      return diagnosisAsJson(diagnosis, madeBy);
    case 'md':
      return diagnosisAsMarkdown(diagnosis, madeBy);
    default:
      return unreachable(format);
  }
}
