/** Seconds without any path to an array. */
export interface Seconds {
  /** At the operator's pace. */
  readonly paced: number;
  /** What of it passed in the lab itself: tasks, restarts of SPS, the wait for `offline`. */
  readonly lab: number;
}

/** Who is without a path, since when; told by looks at SMS alone, never by what the plan says. */
export class OutageWatch {
  readonly #open = new Map<string, { readonly from: number; pauses: number }>();
  readonly #closed = new Map<string, Seconds>();

  begin(paths: ReadonlyMap<string, boolean>, now: number): void {
    for (const [what, isThere] of paths) if (!isThere && !this.#open.has(what)) this.#open.set(what, { from: now, pauses: 0 });
  }

  /** After a step that began at `begun` and had `pause` of the operator in it. */
  look(paths: ReadonlyMap<string, boolean>, begun: number, pause: number, now: number): void {
    this.begin(paths, begun);
    for (const [what, since] of this.#open) {
      since.pauses += pause;
      if (paths.get(what) !== true) continue;
      const [vcenter = ''] = what.split(' ');
      const before = this.#closed.get(vcenter) ?? { paced: 0, lab: 0 };
      const paced = now - since.from;
      this.#closed.set(vcenter, { paced: before.paced + paced / 1000, lab: before.lab + (paced - since.pauses) / 1000 });
      this.#open.delete(what);
    }
  }

  ended(): ReadonlyMap<string, Seconds> {
    for (const what of this.#open.keys()) throw new Error(`${what} never came back`);
    return this.#closed;
  }
}
