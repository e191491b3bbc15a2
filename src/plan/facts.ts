import type { Inventory, Provider } from '../model/inventory.js';
import type { Fact, Plan } from '../model/plan.js';
import type { FactChange } from '../model/plan-answer.js';
import { unreachable } from '../model/problem.js';
import type { CaChain } from './external-ca-chain.js';
import { externalRegistrations, isExternalProvider } from './select-providers.js';
import { withoutRegistrations } from './thin-evidence.js';

/** What the plan rests on, in a stable order. */
export function factsOf(inventory: Inventory, providers: readonly Provider[], ca: CaChain): Fact[] {
  const involved = new Set(providers.flatMap((provider) => externalRegistrations(provider).map(({ vcenter }) => vcenter)));
  const vcenters = [...inventory.vcenters].sort((a, b) => (a.id < b.id ? -1 : 1));
  return [
    ...vcenters.flatMap((vcenter): Fact[] => {
      const anchors = new Set(vcenter.trustAnchors.map(({ certificate }) => certificate.sha256));
      const { id } = vcenter;
      return [
        { kind: 'version', vcenter: id, ...(vcenter.version === undefined ? {} : { version: vcenter.version }) },
        { kind: 'vmca', vcenter: id, ...(vcenter.vmca === undefined ? {} : { sha256: vcenter.vmca.certificate.sha256 }) },
        ...ca.certificates.map(({ sha256 }): Fact => ({ kind: 'root', vcenter: id, sha256, present: anchors.has(sha256) })),
        ...(involved.has(id) ? [hostsFact(vcenter)] : []),
      ];
    }),
    ...providers.flatMap(providerFacts),
  ];
}

function hostsFact(vcenter: Inventory['vcenters'][number]): Fact {
  const hosts = vcenter.hosts?.map(({ name, version }) => ({ name, ...(version === undefined ? {} : { version }) }));
  return {
    kind: 'hosts',
    vcenter: vcenter.id,
    ...(hosts === undefined ? {} : { hosts: hosts.sort((a, b) => (a.name < b.name ? -1 : 1)) }),
  };
}

function providerFacts(provider: Provider): Fact[] {
  const registrations = externalRegistrations(provider);
  const leaves = new Map<string, Fact>();
  for (const { url, sni, leaf, vcenter } of provider.endpoints)
    if (leaf !== undefined && vcenter === undefined)
      leaves.set(`${url}\n${sni ?? ''}\n${leaf.sha256}`, {
        kind: 'leaf',
        provider: provider.id,
        url,
        ...(sni === undefined ? {} : { sni }),
        sha256: leaf.sha256,
      });
  return [
    ...[...leaves].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fact]) => fact),
    { kind: 'registrations', provider: provider.id, vcenters: registrations.map(({ vcenter }) => vcenter).sort() },
    ...registrations.map(
      ({ vcenter, uid, url, name, retained }): Fact => ({
        kind: 'registration',
        provider: provider.id,
        vcenter,
        uid,
        url,
        name,
        ...(retained === undefined ? {} : { retained }),
      }),
    ),
  ];
}

/** What has changed since the plan was made; empty: every fact it rests on still holds. */
export function checkFacts(plan: Plan, inventory: Inventory): FactChange[] {
  const vcenters = new Map(inventory.vcenters.map((vcenter) => [vcenter.id as string, vcenter]));
  const anchors = new Map(
    inventory.vcenters.map(({ id, trustAnchors }) => [
      id as string,
      new Set(trustAnchors.map(({ certificate }) => certificate.sha256)),
    ]),
  );
  const providers = new Map(inventory.providers.filter(isExternalProvider).map((provider) => [provider.id as string, provider]));
  const blind = new Set<string>(withoutRegistrations(inventory));
  return plan.facts.flatMap((fact): FactChange[] => {
    if ('vcenter' in fact && !vcenters.has(fact.vcenter)) return [{ fact, state: 'gone' }];
    const vcenter = 'vcenter' in fact ? vcenters.get(fact.vcenter) : undefined;
    switch (fact.kind) {
      case 'version':
        return compare(fact, fact.version, vcenter?.version);
      case 'vmca':
        return compare(fact, fact.sha256, vcenter?.vmca?.certificate.sha256);
      case 'root': {
        const present = anchors.get(fact.vcenter)?.has(fact.sha256) === true;
        if (present === fact.present) return [];
        if (!present && vcenter?.anchorsComplete === false) return [{ fact, state: 'not-seen' }];
        return [{ fact, state: 'changed', was: presence(fact.present), is: presence(present) }];
      }
      case 'hosts':
        return checkHosts(fact, vcenter?.hosts);
      case 'leaf':
        return checkLeaf(fact, providers.get(fact.provider));
      case 'registrations': {
        const now = externalRegistrations(providers.get(fact.provider) ?? NOBODY)
          .map(({ vcenter: id }) => id)
          .sort();
        if (blind.size > 0) return [];
        const came = now.filter(
          (id, index) =>
            now.slice(0, index + 1).filter((one) => one === id).length > fact.vcenters.filter((one) => one === id).length,
        );
        return came.length === 0 ? [] : [{ fact, state: 'changed', was: fact.vcenters.join(', '), is: now.join(', ') }];
      }
      case 'registration': {
        if (blind.has(fact.vcenter)) return [{ fact, state: 'not-seen' }];
        const now = externalRegistrations(providers.get(fact.provider) ?? NOBODY).find(
          (one) => one.vcenter === fact.vcenter && one.uid === fact.uid,
        );
        if (now === undefined) return [{ fact, state: 'gone' }];
        const [was, is] = [registrationText(fact), registrationText(now)];
        return was === is ? [] : [{ fact, state: 'changed', was, is }];
      }
      default:
        return unreachable(fact);
    }
  });
}

const NOBODY = { category: 'external', registrations: [] } as unknown as Provider;
const presence = (is: boolean): string => (is ? 'there' : 'not there');

function compare(fact: Fact, was: string | undefined, is: string | undefined): FactChange[] {
  if (was === is) return [];
  if (is === undefined) return [{ fact, state: 'not-seen' }];
  return [{ fact, state: 'changed', was: was ?? 'not seen', is }];
}

function registrationText({ url, name, retained }: { url: string; name: string; retained?: boolean }): string {
  return `${name} at ${url}, ${retained === undefined ? 'retain not told' : retained ? 'retained' : 'not retained'}`;
}

/** A fact of its own for each host that came, went or has another version. */
function checkHosts(fact: Extract<Fact, { kind: 'hosts' }>, hosts: Inventory['vcenters'][number]['hosts']): FactChange[] {
  if (hosts === undefined) return [{ fact, state: 'not-seen' }];
  const was = new Map((fact.hosts ?? []).map(({ name, version }) => [name, version ?? 'version not told']));
  const is = new Map(hosts.map(({ name, version }) => [name, version ?? 'version not told']));
  const names = [...new Set([...was.keys(), ...is.keys()])].sort();
  return names
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => ({
      fact,
      state: 'changed',
      was: was.has(name) ? `${name} (${was.get(name)})` : `no host ${name}`,
      is: is.has(name) ? `${name} (${is.get(name)})` : `no host ${name}`,
    }));
}

function checkLeaf(fact: Extract<Fact, { kind: 'leaf' }>, provider: Provider | undefined): FactChange[] {
  const looks = (provider?.endpoints ?? []).filter(
    (one) => one.url === fact.url && one.sni === fact.sni && one.vcenter === undefined,
  );
  const leaves = [...new Set(looks.flatMap(({ leaf }) => leaf?.sha256 ?? []))].sort();
  if (leaves.includes(fact.sha256)) return [];
  if (leaves.length === 0) return [{ fact, state: provider === undefined ? 'gone' : 'not-seen' }];
  return [{ fact, state: 'changed', was: fact.sha256, is: leaves.join(', ') }];
}
