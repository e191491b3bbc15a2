import type { StepId, StepKind } from '../model/plan.js';
import { uniqueStem } from './planned-names.js';

/** Ids that say what and where, the same for the same estate: `register-provider.vc65.array1-CT0`. */
export class StepIds {
  readonly #stems = new Map<string, string>();
  readonly #takenStems = new Set<string>();
  readonly #ids = new Map<string, number>();

  /** @param parts names from outside: vCenter ids, host names, certificate names */
  next(kind: StepKind, ...parts: readonly string[]): StepId {
    const id = [kind, ...parts.map((part) => this.#stem(part))].join('.');
    const number = (this.#ids.get(id) ?? 0) + 1;
    this.#ids.set(id, number);
    return (number === 1 ? id : `${id}.${number}`) as StepId;
  }

  /** Different names keep different stems, whatever characters had to go. */
  #stem(part: string): string {
    const known = this.#stems.get(part);
    if (known !== undefined) return known;
    const made = uniqueStem(part, this.#takenStems, 80);
    this.#stems.set(part, made);
    return made;
  }
}
