import type { Certificate } from '../../src/model/certificate.js';
import { providerUrl } from '../../src/model/ids.js';
import type { Inventory, Provider, Vcenter } from '../../src/model/inventory.js';
import type { Plan } from '../../src/model/plan.js';
import type { Accepted, Planned } from '../../src/model/plan-answer.js';
import { planExternalCa } from '../../src/plan/plan-external-ca.js';
import { selectProviders } from '../../src/plan/select-providers.js';
import {
  aHost,
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  lost,
  mintProviderLeaf,
  mintVmca,
  onArrays,
  providerId,
  vmcaOf,
} from './inventory.js';
import { type Minted, mintCa } from './mint.js';

/** Keys are slow to make: a few certificates serve every test that needs no others. */
export const ROOT = mintCa({ name: 'CN=Example Root CA,O=Example', keyType: 'rsa' });
export const ISSUING = mintCa({ name: 'CN=Example Issuing CA,O=Example', keyType: 'rsa', issuer: ROOT, pathLength: 0 });
export const CA = [ISSUING.cert.der, ROOT.cert.der];
const VMCAS = ['vca', 'vcb', 'vcc', 'vcd', 'vce'].map((id) => mintVmca(`${id}.lab.example`));
export const vmcaNumber = (index: number): Minted => VMCAS[index % VMCAS.length] as Minted;
const LEAVES = new Map<string, Minted>();

/** One leaf per place and issuer, minted when first needed. */
export function leafAt(place: string, issuer: Minted): Minted {
  const name = `${place} ${issuer.cert.sha256}`;
  const known = LEAVES.get(name);
  if (known !== undefined) return known;
  const made = mintProviderLeaf(issuer, { name: `CN=${place}.lab.example`, san: [`${place}.lab.example`] });
  LEAVES.set(name, made);
  return made;
}

export interface EstateSpec {
  readonly vcenters: readonly VcenterSpec[];
  readonly arrays: readonly ArraySpec[];
}

export interface VcenterSpec {
  readonly version?: string;
  readonly hosts?: readonly { readonly version?: string; readonly trusts?: boolean }[];
  /** Has the external root and issuing CA already. */
  readonly trusts?: boolean;
  /** Linked with the vCenter of this number. */
  readonly linkedWith?: number;
  readonly clockAheadMs?: number;
}

export interface ArraySpec {
  /** Registrations of each controller: vCenter number → works or has lost it. */
  readonly controllers: readonly Readonly<Record<number, 'works' | 'lost' | 'offline'>>[];
  /** All controllers serve one certificate at one address. */
  readonly appliance?: boolean;
  /** The vCenter whose VMCA signed; default the first that works. */
  readonly holder?: number;
  readonly vasaVersion?: string;
  readonly retained?: boolean;
}

const idOf = (index: number): string => `vc${String.fromCharCode(97 + index)}`;

export function estate(spec: EstateSpec): Inventory {
  const vcenters = spec.vcenters.map((one, index): Vcenter => {
    const vmca = vmcaNumber(index);
    const external = [ROOT.cert, ISSUING.cert];
    const anchors: Certificate[] = [vmca.cert, ...(one.trusts === true ? external : [])];
    return aVcenter(idOf(index), {
      ...vmcaOf(vmca),
      anchors,
      version: one.version ?? '7.0.3',
      hosts: (one.hosts ?? []).map((host, number) => ({
        ...aHost(`esx${index}${number}`, host.trusts === true ? external : undefined),
        version: host.version ?? '7.0.3',
      })),
      linkedWith: one.linkedWith === undefined ? [] : [{ vcenter: idOf(one.linkedWith) as Vcenter['id'], basis: 'topology' }],
      ...(one.clockAheadMs === undefined ? {} : { clockAheadMs: one.clockAheadMs }),
    });
  });
  return anInventory(
    vcenters,
    spec.arrays.flatMap((array, number) => array.controllers.map((_, side) => controller(array, number, side))),
  );
}

function controller(array: ArraySpec, number: number, side: number): Provider {
  const place = `array${number}-ct${array.appliance === true ? 'x' : side}`;
  const url = providerUrl(`https://array${number}-ct${side}.lab.example:8084/version.xml`);
  const registered = array.controllers[side] ?? {};
  const entries = Object.entries(registered).map(([index, state]) => [Number(index), state] as const);
  const holder = array.holder ?? entries.find(([, state]) => state === 'works')?.[0] ?? 4;
  const leaf = leafAt(place, vmcaNumber(holder));
  const registrations = entries.map(([index, state]) =>
    aRegistration(idOf(index), {
      ...(state === 'lost' ? lost() : {}),
      ...(state === 'offline' ? { status: 'offline' } : {}),
      ...onArrays(`com.purestorage:array${number}`),
      uid: `${idOf(index)}-${number}-${side}`,
      name: `array${number}-CT${side}`,
      namespace: 'com.purestorage',
      url,
      vasaVersion: array.vasaVersion ?? '3.0',
    }),
  );
  return aProvider(registrations, {
    id: providerId(`com.purestorage:array${number}-ct${side}`),
    urls: [url],
    names: [`array${number}-CT${side}`],
    arrays: [`com.purestorage:array${number}`],
    vasaVersion: array.vasaVersion ?? '3.0',
    retained: array.retained ?? false,
    endpoints: [
      anEndpoint([leaf], {
        url,
        address: `10.${number}.0.${array.appliance === true ? 9 : side}`,
        ...heldBy(vmcaNumber(holder), idOf(holder)),
      }),
    ],
  });
}

export const ACCEPT_ALL: readonly Accepted[] = ['outage-for-all', 'last-path', 'works-as-it-is', 'holder-outside'].map(
  (code) => ({ code }),
);

export function planned(inventory: Inventory, accepted: readonly Accepted[] = [], wanted: readonly string[] = []): Planned {
  const selection = selectProviders(inventory, wanted);
  if (!selection.ok) throw new Error(`nothing answers to ${selection.error}`);
  return planExternalCa(inventory, { selection: selection.value, ca: CA, accepted, madeBy: 'vasatrust test' });
}

export function planOf(inventory: Inventory, accepted: readonly Accepted[] = ACCEPT_ALL, wanted: readonly string[] = []): Plan {
  const result = planned(inventory, accepted, wanted);
  if (result.kind !== 'plan') throw new Error(`no plan: ${JSON.stringify(result)}`);
  return result.plan;
}

/** The published case with hosts, a vCenter that never registered, and two that share. */
export const CLASH: EstateSpec = {
  vcenters: [
    { version: '6.5.0', hosts: [{ version: '6.5.0' }, { version: '6.5.0' }] },
    { version: '6.7.0', hosts: [{ version: '6.7.0' }] },
    { version: '8.0.3' },
  ],
  arrays: [
    {
      controllers: [
        { 0: 'lost', 1: 'works' },
        { 0: 'lost', 1: 'works' },
      ],
      holder: 1,
    },
  ],
};

/** What a name from outside may try: leave its quotes, run something, break a line, close a code block, steer the terminal. */
export const EVIL = `x'; rm -rf / #\u001b[31m\n\`\`\`\n"$(reboot)"\u202e\u2019`;

/** The clash with that name wherever a name can be chosen by somebody else. */
export function hostileEstate(): Inventory {
  const inventory = estate(CLASH);
  return {
    ...inventory,
    providers: inventory.providers.map((one) => ({
      ...one,
      names: [EVIL],
      registrations: one.registrations.map((registration) => ({
        ...registration,
        name: EVIL,
        uid: EVIL,
        dependents: {
          datastores: [{ name: EVIL, accessible: true, accessibleOn: [] }],
          vms: 1,
          poweredOnVms: 1,
          hosts: [EVIL],
          vmNames: [],
        },
      })),
    })),
    vcenters: inventory.vcenters.map((one) => ({
      ...one,
      hosts: (one.hosts ?? []).map((host) => ({ ...host, name: `${host.name}${EVIL}` })),
    })),
  };
}
