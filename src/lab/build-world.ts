import { createHash } from 'node:crypto';
import type { DerBase64 } from '../model/ids.js';
import { type ApplianceSeed, seedAppliance } from './appliance-seed.js';
import { populate } from './build-inventory.js';
import { buildProvider } from './build-provider.js';
import { buildVcenter } from './build-vcenter.js';
import { clockFrom, type LabClock } from './clock.js';
import { type KeySource, openKeySource } from './keys.js';
import { pushRoots, signAnew } from './provider-model.js';
import type { LabProvider, LabRegistration, LabTiming, LabVcenter, LabWorld, SpsSwitches } from './world.js';
import type { WorldBuilder } from './world-builder.js';

/** Lab seconds are a thirtieth of real ones: the product waits from the same `Timing`, scaled alike. */
export const FAST_TIMING: LabTiming = {
  spsStopMs: 100,
  spsStartMs: 300,
  pollMs: 333,
  taskMs: 30,
  latencyMs: 0,
  retrySecondMs: 33,
};

/** What the seed saw, where the seed says; the first setting of each row of the model otherwise. */
export const SEED_SWITCHES: SpsSwitches = {
  statusOfUntrusted: 'offline',
  statusWhileRetrying: 'offline',
  offlineGate: 'retry',
  npeWhen: 'backup',
  npeShows: 'complete',
  npeWhenAllBlocked: 'gone',
  rootsAtProvider: 'replace',
  retainFlag: 'as-provider',
  serverGuid: 'present',
  hostPush: 'keeps-sms',
};

export interface WorldOptions {
  readonly timing?: Partial<LabTiming>;
  readonly switches?: Partial<SpsSwitches>;
  /** Goes into uids, passwords and serial numbers; the same seed gives the same ones. */
  readonly seed?: string;
  /** Real time unless a test brings its own. */
  readonly clock?: LabClock;
  /** For a test that moves the time by hand; waits follow it. */
  readonly now?: () => Date;
  readonly keys?: KeySource;
}

export function openWorld(name: string, options: WorldOptions = {}): WorldBuilder {
  const clock = options.clock ?? clockFrom(options.now ?? (() => new Date()));
  const keys = options.keys ?? openKeySource();
  const seed = options.seed ?? 'lab';
  const started = clock.now();
  const seeds = new Map<string, ApplianceSeed>();
  const world: LabWorld = {
    name,
    vcenters: [],
    providers: [],
    switches: { ...SEED_SWITCHES, ...options.switches },
    timing: { ...FAST_TIMING, ...options.timing },
    clock,
    now: () => clock.now(),
    record: [],
    faults: [],
  };
  const hash = (label: string) => createHash('sha256').update(`${seed}/${name}/${label}`).digest('hex');
  const builder: WorldBuilder = {
    world,
    keys,
    now: started,
    daysAgo: (days) => new Date(started.getTime() - days * 86_400_000),
    uuid: (label) => uuidOf(hash(label)),
    // Characters that XML, YAML and shells each treat in their own way.
    secret: (label) => `La<b&'"$ ${hash(label).slice(0, 10)}`,
    async vcenter(spec) {
      const vcenter = await buildVcenter(builder, spec, world.vcenters.length + 1);
      world.vcenters.push(vcenter);
      return vcenter;
    },
    async provider(spec) {
      const provider = await buildProvider(builder, spec, world.providers.length + 1);
      world.providers.push(provider);
      return provider;
    },
    register(vcenter, provider, spec = {}) {
      const at = builder.daysAgo(spec.daysAgo ?? 40);
      if (spec.resign !== false) {
        signAnew(provider, vcenter.vmca, { now: at, vcenter });
        const virtualHost = provider.virtualHosts.get(vcenter.id);
        if (virtualHost) virtualHost.clientCertificates.push(...clientCertificates(vcenter));
        else pushRoots(provider, vcenter.trustedRoots, world.switches.rootsAtProvider);
      }
      const served = (provider.virtualHosts.get(vcenter.id) ?? provider).served.identity.certificate;
      const number = vcenter.registrations.length + 1;
      const registration: LabRegistration = {
        uid: spec.uid ?? builder.uuid(`registration/${vcenter.id}/${number}`),
        ref: `VasaProvider-${number}`,
        name: spec.name ?? provider.name,
        url: spec.url ?? urlOf(provider),
        provider: provider.name,
        category: spec.category ?? 'external',
        certificate: served,
        lastSyncMs: started.getTime() - 60_000,
        active: spec.active ?? true,
        priority: spec.priority ?? 200,
        ...(provider.retained === undefined ? {} : { retainTold: provider.retained }),
      };
      vcenter.registrations.push(registration);
      return registration;
    },
    populate: (vcenter, spec) => populate(builder, vcenter, spec),
    appliance: (vcenter, more) => seeds.set(vcenter.id, { ...seeds.get(vcenter.id), ...more }),
    finish() {
      world.vcenters.forEach((vcenter, index) => {
        seedAppliance(vcenter, {
          address: applianceAddress(index + 1),
          hosts: addressBook(world, vcenter),
          ...seeds.get(vcenter.id),
        });
      });
      return world;
    },
  };
  return builder;
}

/** The URL a provider is registered under unless a scenario says otherwise. */
export function urlOf(provider: LabProvider): string {
  const host = provider.host.includes(':') ? `[${provider.host}]` : provider.host;
  return `https://${host}:${provider.port}${provider.path}`;
}

export const applianceAddress = (number: number): string => `10.0.${number >> 8}.${number & 0xff}`;

/** Up to so many vCenters every appliance can resolve every name; beyond, what it has to do with: a big estate would be mostly names. */
const ALL_NAMES_UP_TO = 50;

/** Host name → addresses as one appliance resolves it. Address literals need no entry. */
function addressBook(world: LabWorld, vcenter: LabVcenter): Map<string, readonly string[]> {
  const everything = world.vcenters.length <= ALL_NAMES_UP_TO;
  const own = new Set(vcenter.registrations.map((registration) => registration.provider));
  const linked = new Set(vcenter.topology.map(({ node }) => node));
  const book = new Map<string, readonly string[]>();
  world.vcenters.forEach(({ address }, index) => {
    if (everything || linked.has(address)) book.set(address, [applianceAddress(index + 1)]);
  });
  for (const provider of world.providers) {
    const named = !provider.addresses.includes(provider.host);
    if (named && (everything || own.has(provider.name))) book.set(provider.host, provider.addresses);
  }
  return book;
}

function uuidOf(hex: string): string {
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-');
}

/** From VASA 5 on a provider knows the certificates of its clients, not their issuer: SPS's own and those of the hosts. */
function clientCertificates(vcenter: LabVcenter): DerBase64[] {
  const sps = (vcenter.vecs.get('SMS') ?? [])
    .filter((entry) => entry.type === 'Private Key')
    .flatMap((entry) => entry.certificates);
  return [...sps, ...vcenter.hosts.map((host) => host.certificate.certificate)];
}
