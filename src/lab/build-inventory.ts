import { parseName } from './distinguished-name.js';
import { keysOf, mint } from './pki.js';
import { firstEntry, SMS_SELF_SIGNED } from './sps-trust.js';
import type { LabHost, LabProvider, LabVcenter } from './world.js';
import type { DatastoreSpec, HostSpec, WorldBuilder } from './world-builder.js';

/** Adds hosts, their IO-filter providers, VVol datastores mounted by all of them, and VMs dealt out over the hosts. Registrations must exist by then. */
export function populate(
  builder: WorldBuilder,
  vcenter: LabVcenter,
  spec: { readonly hosts: HostSpec; readonly datastores: readonly DatastoreSpec[] },
): void {
  const hosts = addHosts(builder, vcenter, spec.hosts);
  for (const wanted of spec.datastores) {
    const ref = `datastore-${vcenter.datastores.length + 11}`;
    const names = new Set(wanted.providers.map((provider) => provider.name));
    vcenter.datastores.push({
      ref,
      name: wanted.name,
      containerId: `vvol:${builder.uuid(`container/${vcenter.id}/${wanted.name}`).replaceAll('-', '')}`,
      arrayId: wanted.providers[0]?.arrays[0]?.id ?? '',
      mounts: hosts.map((host) => ({ host: host.ref, accessible: wanted.accessible ?? true })),
      told: vcenter.registrations
        .filter((registration) => names.has(registration.provider))
        .map((registration) => registration.uid),
    });
    for (let n = 1; n <= wanted.vms; n++) {
      vcenter.vms.push({
        ref: `vm-${vcenter.vms.length + 101}`,
        name: `${wanted.name}-vm${n}`,
        powerState: n <= wanted.poweredOn ? 'poweredOn' : 'poweredOff',
        datastore: ref,
        host: hosts[n % Math.max(hosts.length, 1)]?.ref ?? '',
      });
    }
  }
}

function addHosts(builder: WorldBuilder, vcenter: LabVcenter, spec: HostSpec): LabHost[] {
  const added: LabHost[] = [];
  // One key for all of them: hosts are many, and nobody compares their keys.
  const keys = keysOf(vcenter.machineSsl);
  for (let n = 1; n <= spec.count; n++) {
    const name = `esx-${vcenter.id}-${n}.lab.example`;
    const certificate = mint(
      {
        subject: parseName(`CN=${name}, C=US, ST=California, L=Palo Alto, O=VMware, OU=VMware Engineering, OU=LAB`),
        issuer: vcenter.vmca,
        san: [name],
        notBefore: builder.daysAgo(60),
        notAfter: new Date(builder.now.getTime() + 1825 * 86_400_000),
      },
      keys,
    );
    const host: LabHost = {
      ref: `host-${vcenter.hosts.length + 1}`,
      name,
      version: spec.version,
      certificate,
      trustAnchors: [...vcenter.trustedRoots],
    };
    vcenter.hosts.push(host);
    added.push(host);
    if (spec.ioFilters) addIoFilter(builder, vcenter, host, n);
  }
  return added;
}

/** Name of the provider that a host serves its IO filters by. */
export const ioFilterOf = (host: LabHost): string => `iofilter-${host.name}`;

function addIoFilter(builder: WorldBuilder, vcenter: LabVcenter, host: LabHost, n: number): void {
  const position = builder.world.vcenters.indexOf(vcenter) + 1;
  const provider: LabProvider = {
    name: ioFilterOf(host),
    namespace: 'IOFILTERS',
    providerId: builder.uuid(`iofilter/${host.name}`),
    vasaVersion: '1.5',
    arrays: [],
    host: host.name,
    addresses: [`10.2.${position}.${n}`],
    port: 9080,
    path: '/version.xml',
    credentials: { username: '', password: '' },
    served: { identity: host.certificate, chain: [host.certificate.certificate] },
    virtualHosts: new Map(),
    // An ESXi host's castore: the VMCA root it was given and the certificate of SMS.
    clientRoots: [vcenter.vmca.certificate, ...firstEntry(vcenter, [SMS_SELF_SIGNED])],
    tls: { min: 'TLSv1.2', max: 'TLSv1.2' },
    up: true,
  };
  builder.world.providers.push(provider);
  const registration = builder.register(vcenter, provider, {
    name: `IOFILTER Provider ${host.name}`,
    category: 'internal',
    resign: false,
    daysAgo: 60,
  });
  vcenter.vecs.get('SMS')?.push({ alias: registration.url, type: 'Trusted Cert', certificates: [host.certificate.certificate] });
}
