import type { Finding } from '../../model/finding.js';

/**
 * Commands this version has, as typed. What a report tells the user to type comes from here, so that it never names one that is not there.
 */
export const COMMANDS = {
  explain: (code: string) => `vasatrust explain ${code}`,
} as const;

/** What to type next after an audit, and why; undefined where nothing was found. `findings` are in the order of the audit. */
export function nextCommand(findings: readonly Finding[]): { readonly command: string; readonly note: string } | undefined {
  const [first] = findings;
  if (first === undefined || first.code === 'internal-provider-skipped') return undefined;
  const clash = findings.some(({ code }) => code === 'vmca-clash');
  const note = clash
    ? 'the cure is one certificate from an external CA, or VASA 5; removing stale registrations is a step of it'
    : 'what it means, how it is proven, what to do';
  return { command: COMMANDS.explain(first.code), note };
}
