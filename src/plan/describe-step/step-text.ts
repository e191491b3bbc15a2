import type { Step } from '../../model/plan.js';

/** How sure we are of what a step says. */
export type Mark = 'documented' | 'inferred' | 'not-found';

/** What to do, in the order given. */
export type Instruction =
  | { readonly kind: 'text'; readonly text: string }
  /** Lines to be pasted where `at` says. */
  | { readonly kind: 'command'; readonly at: string; readonly language: 'sh' | 'powershell'; readonly lines: readonly string[] }
  /** A call of an API, for whoever scripts it. */
  | {
      readonly kind: 'call';
      readonly api: 'sms' | 'vim25' | 'rest';
      readonly method: string;
      readonly parameters: Readonly<Record<string, string>>;
    };

export interface StepText {
  readonly title: string;
  readonly who: string;
  readonly where: string;
  readonly does: readonly Instruction[];
  readonly expect: string;
  readonly check: readonly Instruction[];
  readonly failed: string;
  readonly undo: string;
  readonly sources: readonly { readonly mark: Mark; readonly text: string }[];
  /** What only the vendor can tell. */
  readonly askVendor: readonly string[];
}

/** What a plan file is called in the commands; `estate.yaml` is taken from where they are typed. */
export interface Named {
  readonly planFile: string;
}

export const documented = (text: string) => ({ mark: 'documented', text }) as const;
export const inferred = (text: string) => ({ mark: 'inferred', text }) as const;
export const notFound = (text: string) => ({ mark: 'not-found', text }) as const;
export const say = (text: string): Instruction => ({ kind: 'text', text });
export const HERE = 'your machine';
export const shell = (at: string, ...lines: readonly string[]): Instruction => ({ kind: 'command', at, language: 'sh', lines });
export const powerCli = (...lines: readonly string[]): Instruction => ({
  kind: 'command',
  at: 'PowerCLI',
  language: 'powershell',
  lines,
});

export const people = (who: string, where: string) => ({ who, where });
export const call = (
  api: Extract<Instruction, { kind: 'call' }>['api'],
  method: string,
  parameters: Readonly<Record<string, string>>,
): Instruction => ({ kind: 'call', api, method, parameters });
export const optionalNote = (step: Step, why: string): Instruction[] =>
  step.optional === undefined ? [] : [say(`May be left out. ${why}`)];
export const offset = (ms: number): string =>
  ms === 0 ? 'even' : `${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead' : 'behind'}`;

export function listed(words: readonly string[], most = 8): string {
  const shown = words.slice(0, most);
  if (words.length > most) return `${shown.join(', ')} and ${words.length - most} more`;
  return shown.length < 2 ? (shown[0] ?? 'none') : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}
