import type { Finding, FindingCode, NotJudged } from '../model/finding.js';
import type { ProviderId, VcenterId } from '../model/ids.js';
import type { Inventory } from '../model/inventory.js';

/** What every rule may read, and nothing else. */
export interface Sight {
  readonly inventory: Inventory;
  readonly now: Date;
}

export type FindingOf<Code extends FindingCode> = Extract<Finding, { readonly code: Code }>;

/** What a rule answers where the evidence does not decide: a short noun phrase for what was not seen. */
export interface Missing {
  readonly missing: string;
}

/**
 * One rule: what it looks at, when it has anything to say about that, and what it says. A rule over the whole inventory has one subject.
 * `check` is asked only where `applies` says yes; an empty list means the subject passed.
 */
export interface RuleSpec<Code extends FindingCode, Subject> {
  readonly code: Code;
  readonly subjects: (inventory: Inventory) => readonly Subject[];
  /** Whom a subject is about, for the list of what could not be judged. */
  readonly about?: (subject: Subject) => { readonly provider?: ProviderId; readonly vcenter?: VcenterId };
  readonly applies: (subject: Subject, sight: Sight) => boolean;
  readonly check: (subject: Subject, sight: Sight) => readonly FindingOf<Code>[] | Missing;
}

/** How one subject fared. */
export type Outcome =
  | { readonly kind: 'found'; readonly findings: readonly Finding[] }
  | { readonly kind: 'passed' }
  | { readonly kind: 'does-not-apply' }
  | { readonly kind: 'not-judged'; readonly what: NotJudged };

/** A rule with its subject type closed over, so that rules of every shape fit one list. */
export interface Rule {
  readonly code: FindingCode;
  judge(sight: Sight): Outcome[];
}

export function defineRule<Code extends FindingCode, Subject>(spec: RuleSpec<Code, Subject>): Rule {
  const judgeOne = (subject: Subject, sight: Sight): Outcome => {
    if (!spec.applies(subject, sight)) return { kind: 'does-not-apply' };
    const answer = spec.check(subject, sight);
    if ('missing' in answer)
      return { kind: 'not-judged', what: { code: spec.code, ...spec.about?.(subject), missing: answer.missing } };
    return answer.length === 0 ? { kind: 'passed' } : { kind: 'found', findings: answer };
  };
  return { code: spec.code, judge: (sight) => spec.subjects(sight.inventory).map((subject) => judgeOne(subject, sight)) };
}
