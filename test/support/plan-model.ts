import type { Inventory } from '../../src/model/inventory.js';
import type { Plan, Step, StepId } from '../../src/model/plan.js';
import { canonicalHostPort } from '../../src/x509/names.js';

/**
 * A small estate of its own to play plans in: it knows what a certificate change, a removal and a registration do to everybody's paths, and
 * nothing of how plans are made. What it says against an order is a violation.
 */
export interface Violation {
  readonly step: StepId;
  readonly what: string;
}

interface Registration {
  works: boolean;
}

/** Plays the steps in the given order. Empty: nobody was without a path that the plan did not announce, and every check would have passed. */
export function violations(plan: Plan, order: readonly Step[], inventory: Inventory): Violation[] {
  return new World(plan, inventory).play(order);
}

class World {
  readonly #plan: Plan;
  readonly #found: Violation[] = [];
  readonly #done = new Set<StepId>();
  readonly #begun = new Set<StepId>();
  readonly #roots = new Map<string, Set<string>>();
  readonly #hosts = new Map<string, Map<string, boolean>>();
  readonly #registrations = new Map<string, Registration>();
  /** Provider → certificate it serves: `vmca` until one of the plan is put in. */
  readonly #serves = new Map<string, string>();
  readonly #arraysOf = new Map<string, readonly string[]>();
  /** vCenter → arrays it had a registration for. */
  readonly #cares = new Map<string, Set<string>>();
  readonly #wanted: readonly string[];
  #obtained = false;

  constructor(plan: Plan, inventory: Inventory) {
    this.#plan = plan;
    this.#wanted = plan.providerCertificates[0]?.chain ?? [];
    for (const vcenter of inventory.vcenters) {
      this.#roots.set(vcenter.id, new Set(vcenter.trustAnchors.map(({ certificate }) => certificate.sha256)));
      const hosts = (vcenter.hosts ?? []).map(({ name, trustAnchors }) => {
        const anchors = new Set(trustAnchors?.map(({ sha256 }) => sha256 as string));
        return [name, this.#wanted.every((one) => anchors.has(one))] as const;
      });
      this.#hosts.set(vcenter.id, new Map(hosts));
    }
    for (const provider of inventory.providers) {
      if (provider.category === 'internal') continue;
      const arrays = provider.arrays.length > 0 ? provider.arrays : [provider.id];
      this.#arraysOf.set(provider.id, arrays);
      this.#serves.set(provider.id, 'vmca');
      for (const { vcenter, status, trusted, accepted } of provider.registrations) {
        const works = status === 'online' && trusted.value === true && accepted.value !== false;
        const known = this.#registrations.get(key(vcenter, provider.id));
        this.#registrations.set(key(vcenter, provider.id), { works: works || known?.works === true });
        if (!plan.providers.some(({ id }) => id === provider.id)) continue;
        const cares = this.#cares.get(vcenter) ?? new Set();
        for (const array of arrays) cares.add(array);
        this.#cares.set(vcenter, cares);
      }
    }
  }

  play(order: readonly Step[]): Violation[] {
    for (const step of order) {
      this.#begun.add(step.id);
      this.#carryOut(step);
      this.#mindPaths(step);
      this.#done.add(step.id);
    }
    const last = order.at(-1);
    if (last !== undefined) this.#mindEnd(last);
    return this.#found;
  }

  #carryOut(step: Step): void {
    const against = (what: string) => this.#found.push({ step: step.id, what });
    switch (step.kind) {
      case 'obtain-certificates':
        this.#obtained = true;
        return;
      case 'publish-roots':
        for (const vcenter of [step.vcenter, ...step.reaches])
          for (const one of step.certificates) this.#roots.get(vcenter)?.add(one);
        return;
      case 'confirm-roots':
        if (!step.certificates.every((one) => this.#roots.get(step.vcenter)?.has(one))) against('the roots are not in the store');
        return;
      case 'push-host-roots':
        if (!this.#trusts(step.vcenter)) against('there was nothing to push yet');
        else this.#hosts.get(step.vcenter)?.set(step.host, true);
        return;
      case 'install-certificate':
        if (!this.#obtained) against('there is no certificate to put in');
        for (const provider of step.providers) {
          this.#serves.set(provider, step.certificate);
          for (const [who, registration] of this.#registrations) {
            if (!who.endsWith(`\n${provider}`)) continue;
            registration.works = false;
            const vcenter = who.split('\n')[0] ?? '';
            if (!this.#trusts(vcenter)) against(`${vcenter} does not trust the new certificate`);
            if (!this.#hostsTrust(vcenter)) against(`a host of ${vcenter} does not trust the new certificate`);
          }
        }
        return;
      case 'confirm-certificate':
        if (![...this.#serves.values()].includes(step.certificate)) against('it serves another certificate');
        return;
      case 'remove-registration':
        if (!this.#registrations.delete(key(step.vcenter, step.provider)) && !this.#hasTwin(step))
          against('there is no such registration');
        return;
      case 'register-provider':
        this.#register(step, against);
        return;
      case 'confirm-retained':
      case 'confirm-online':
        if (this.#registrations.get(key(step.vcenter, step.provider))?.works !== true) against('it is not online');
        return;
      case 'confirm-controller': {
        const providers = this.#plan.providers.filter(({ certificate }) => certificate === step.certificate);
        for (const vcenter of step.vcenters)
          if (!providers.some(({ id }) => this.#registrations.get(key(vcenter, id))?.works))
            against(`${vcenter} is not online here`);
        return;
      }
      case 'final-audit':
        this.#mindAll(against);
        return;
      default:
        return;
    }
  }

  /** A second registration of the same provider in the same vCenter is removed as well. */
  #hasTwin(step: Extract<Step, { kind: 'remove-registration' }>): boolean {
    return this.#plan.steps.some(
      (one) =>
        one.kind === 'remove-registration' &&
        one.id !== step.id &&
        key(one.vcenter, one.provider) === key(step.vcenter, step.provider),
    );
  }

  #register(step: Extract<Step, { kind: 'register-provider' }>, against: (what: string) => void): void {
    const { vcenter, provider } = step;
    if (this.#registrations.has(key(vcenter, provider))) return void against('AlreadyExists');
    if (this.#serves.get(provider) === 'vmca') {
      for (const [who, other] of this.#registrations) if (who.endsWith(`\n${provider}`)) other.works = false;
      against('the VMCA signs it anew');
    } else {
      const certificate = this.#plan.providerCertificates.find(({ name }) => name === this.#serves.get(provider));
      const host = canonicalHostPort(step.url)?.host;
      if (!certificate?.san.some(({ value }) => value === host)) return void against('InvalidCertificate');
      if (!this.#trusts(vcenter)) return void against('CertificateNotImported');
      if (!this.#hostsTrust(vcenter)) against(`a host of ${vcenter} does not trust it`);
    }
    this.#registrations.set(key(vcenter, provider), { works: true });
  }

  #trusts(vcenter: string): boolean {
    return this.#wanted.every((one) => this.#roots.get(vcenter)?.has(one));
  }

  #hostsTrust(vcenter: string): boolean {
    return [...(this.#hosts.get(vcenter)?.values() ?? [])].every((trusts) => trusts);
  }

  #hasPath(vcenter: string, array: string): boolean {
    return [...this.#arraysOf].some(
      ([provider, arrays]) => arrays.includes(array) && this.#registrations.get(key(vcenter, provider))?.works,
    );
  }

  /** Nobody is without a path outside of the windows that the plan announced. Those already out are outside of them until the first change. */
  #mindPaths(step: Step): void {
    const isLater = [...this.#begun].some((id) => this.#plan.steps.find((one) => one.id === id)?.kind === 'install-certificate');
    for (const [vcenter, arrays] of this.#cares) {
      for (const array of arrays) {
        if (this.#hasPath(vcenter, array)) continue;
        const windows = this.#plan.outages.find((one) => one.vcenter === vcenter)?.windows ?? [];
        const announced = windows.some(
          (one) => (one.array === array || this.#sameAppliance(one.array, array)) && this.#isOpen(one),
        );
        if (!announced)
          this.#found.push({
            step: step.id,
            what: `${vcenter} has no path to ${array}, unannounced${isLater ? '' : ' and early'}`,
          });
      }
    }
  }

  /** Before its first step a window of one that is out already counts as open: the plan did not take that path. */
  #isOpen({ why, from, until }: Plan['outages'][number]['windows'][number]): boolean {
    if (this.#done.has(until)) return false;
    return why === 'already-out' || this.#begun.has(from);
  }

  /** Arrays behind one certificate go and come together; the plan counts their outage once. */
  #sameAppliance(one: string, other: string): boolean {
    return [...this.#arraysOf.values()].some((arrays) => arrays.includes(one) && arrays.includes(other));
  }

  #mindAll(against: (what: string) => void): void {
    for (const { id, name, certificate } of this.#plan.providers)
      if (this.#serves.get(id) !== certificate) against(`${name} is not done`);
    for (const [vcenter, arrays] of this.#cares)
      for (const array of arrays) if (!this.#hasPath(vcenter, array)) against(`${vcenter} has no path to ${array}`);
    for (const [who, { works }] of this.#registrations)
      if (!works && this.#plan.providers.some(({ id }) => who.endsWith(`\n${id}`)))
        against(`${who.replace('\n', ' at ')} is not online`);
  }

  #mindEnd(last: Step): void {
    this.#mindAll((what) => this.#found.push({ step: last.id, what: `at the end ${what}` }));
  }
}

const key = (vcenter: string, provider: string): string => `${vcenter}\n${provider}`;

/** One of the orders that `needs` permits: `choose(n)` picks among n steps that are ready. */
export function permittedOrder(steps: readonly Step[], choose: (ready: number) => number): Step[] {
  const done = new Set<StepId>();
  const waiting = [...steps];
  const order: Step[] = [];
  while (waiting.length > 0) {
    const ready = waiting.filter(({ needs }) => needs.every((need) => done.has(need)));
    const next = ready[choose(ready.length)];
    if (next === undefined) throw new Error('the graph has a cycle');
    waiting.splice(waiting.indexOf(next), 1);
    done.add(next.id);
    order.push(next);
  }
  return order;
}
