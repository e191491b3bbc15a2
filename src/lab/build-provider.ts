import { parseName } from './distinguished-name.js';
import { mint } from './pki.js';
import type { LabProvider } from './world.js';
import type { ProviderSpec, WorldBuilder } from './world-builder.js';

export async function buildProvider(builder: WorldBuilder, spec: ProviderSpec, number: number): Promise<LabProvider> {
  const host = spec.host ?? `${spec.name.toLowerCase()}.lab.example`;
  const addresses = [...(spec.addresses ?? [`10.1.${number >> 8}.${number & 0xff}`])];
  const served = spec.served ?? (await selfSigned(builder, spec, host, addresses));
  const arrayId = spec.arrayId ?? builder.uuid(`array/${spec.array}`);
  return {
    name: spec.name,
    namespace: 'com.purestorage',
    providerId: builder.uuid(`provider/${spec.name}`),
    vasaVersion: spec.vasaVersion ?? '3.0',
    arrays: spec.array
      ? [{ id: `com.purestorage:${arrayId}`, name: spec.array, vendorId: 'PURE', modelId: 'FlashArray LAB' }]
      : [],
    host,
    addresses,
    port: spec.port ?? 8084,
    path: '/version.xml',
    credentials: { username: 'pureuser', password: builder.secret(`provider/${spec.name}`) },
    served: { identity: served.identity, chain: [...served.chain] },
    virtualHosts: new Map(),
    clientRoots: [],
    ...(spec.retained === undefined ? {} : { retained: spec.retained }),
    tls: spec.tls ?? { min: 'TLSv1.2', max: 'TLSv1.3' },
    up: true,
  };
}

async function selfSigned(builder: WorldBuilder, spec: ProviderSpec, host: string, addresses: readonly string[]) {
  const identity = mint(
    {
      subject: parseName(`CN=${host}, O=Storage, OU=LAB`),
      san: [...new Set([host, ...addresses])],
      notBefore: builder.daysAgo(400),
      notAfter: new Date(builder.now.getTime() + 3650 * 86_400_000),
    },
    await builder.keys.take(spec.keyKind ?? 'rsa'),
  );
  return { identity, chain: [identity.certificate] };
}

/** Both controllers of an array: one provider each, `<name>-CT0` and `<name>-CT1`. */
export async function buildArray(
  builder: WorldBuilder,
  name: string,
  spec: Omit<ProviderSpec, 'name' | 'array'> & { readonly addressesOf?: (controller: 0 | 1) => readonly string[] } = {},
): Promise<[LabProvider, LabProvider]> {
  const { addressesOf, ...rest } = spec;
  const controller = (n: 0 | 1) =>
    builder.provider({ ...rest, name: `${name}-CT${n}`, array: name, ...(addressesOf ? { addresses: addressesOf(n) } : {}) });
  return [await controller(0), await controller(1)];
}
