/**
 * Something wrong with estate.yaml or with what the environment says. All of them are reported together.
 * No message quotes a value that could be a secret.
 */
export interface ConfigMistake {
  /** As given on the command line; missing for the environment. */
  readonly file?: string;
  /** Counted from 1; 0 where the mistake is not in a file. */
  readonly line: number;
  readonly column: number;
  /** `vcenters[0].tls.fingerprint`, or the name of an environment variable. */
  readonly path: string;
  readonly message: string;
  /** What the operator should write instead. */
  readonly remedy: string;
}

/** `estate.yaml:12:5: vcenters[0].tls.fingerprint: …`, with the remedy on a line of its own. */
export function mistakeText(mistake: ConfigMistake): string {
  const place =
    mistake.file === undefined
      ? ''
      : mistake.line > 0
        ? `${mistake.file}:${mistake.line}:${mistake.column}: `
        : `${mistake.file}: `;
  const what = mistake.path === '' ? '' : `${mistake.path}: `;
  return `${place}${what}${mistake.message}\n    ${mistake.remedy}`;
}
