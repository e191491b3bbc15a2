import type { HostRecord, ToldProvider, VmRecord, VvolDatastore } from '../model/evidence.js';
import { type DerBase64, providerUrl } from '../model/ids.js';
import { certificateFromText, certificatesFromBytes } from './certificate-text.js';
import { flagOf, integerOf } from './soap.js';
import type { VimObject } from './vim-properties.js';
import { child, childrenNamed, ownText, textOf, type XmlElement } from './xml.js';

export function isVvol(object: VimObject): boolean {
  return ownText(object.values.get('summary.type'))?.toUpperCase() === 'VVOL';
}

/** Undefined where something is missing that every VVol datastore has. Source: vim25 VvolDatastoreInfo, HostVvolVolume. */
export function decodeDatastore(object: VimObject): VvolDatastore | undefined {
  const name = ownText(object.values.get('name'));
  const accessible = ownText(object.values.get('summary.accessible'));
  if (name === undefined || (accessible !== 'true' && accessible !== 'false')) return undefined;
  const info = object.values.get('info');
  const volume = child(info, 'vvolDS');
  // scId is the container's id; containerId of the datastore info says the same since 5.5.
  const containerId = textOf(volume, 'scId') ?? textOf(info, 'containerId');
  return {
    ref: object.ref.value,
    name,
    ...(containerId === undefined ? {} : { containerId }),
    accessible: accessible === 'true',
    mounts: items(object.values.get('host')).flatMap(decodeMount),
    vms: refValues(object.values.get('vm')),
    arrays: childrenNamed(volume, 'storageArray').flatMap((array) => textOf(array, 'uuid') ?? []),
    told: childrenNamed(volume, 'vasaProviderInfo').flatMap(decodeTold),
  };
}

/** DatastoreHostMount. `accessible` is unset where the host has not said yet. */
function decodeMount(element: XmlElement): { readonly host: string; readonly accessible?: boolean }[] {
  const host = textOf(element, 'key');
  if (host === undefined) return [];
  const accessible = flagOf(child(element, 'mountInfo'), 'accessible');
  return [accessible === undefined ? { host } : { host, accessible }];
}

/** VimVasaProviderInfo: what hosts were told. Its `vhostConfig` and `versionId` exist since 8.0.1. */
function decodeTold(element: XmlElement): ToldProvider[] {
  const provider = child(element, 'provider');
  const url = textOf(provider, 'url');
  if (url === undefined) return [];
  const certificate = textOf(provider, 'selfSignedCertificate');
  const der = certificate === undefined ? undefined : certificateFromText(certificate);
  const vhost = decodeVhost(child(provider, 'vhostConfig'));
  return [
    {
      ...some('uid', textOf(provider, 'uid')),
      url: providerUrl(url),
      ...some('name', textOf(provider, 'name')),
      ...some('selfSignedCertificate', der),
      ...some('vhost', vhost),
      ...some('versionId', textOf(provider, 'versionId')),
      arrays: childrenNamed(element, 'arrayState').flatMap(decodeArrayState),
    },
  ];
}

function decodeVhost(config: XmlElement | undefined): ToldProvider['vhost'] {
  if (config === undefined) return undefined;
  return {
    ...some('name', textOf(config, 'vhostName')),
    ...some('serviceHost', textOf(config, 'serviceHost')),
    ...some('servicePort', integerOf(config, 'servicePort')),
  };
}

function decodeArrayState(element: XmlElement): ToldProvider['arrays'][number][] {
  const arrayId = textOf(element, 'arrayId');
  if (arrayId === undefined) return [];
  return [{ arrayId, active: flagOf(element, 'active') === true, priority: integerOf(element, 'priority') ?? 0 }];
}

export function decodeHost(object: VimObject): HostRecord {
  const certificate = certificateOf(object.values.get('config.certificate'));
  return {
    ref: object.ref.value,
    name: ownText(object.values.get('name')) ?? object.ref.value,
    ...some('version', ownText(object.values.get('summary.config.product.version'))),
    ...some('connectionState', ownText(object.values.get('runtime.connectionState'))),
    ...some('certificate', certificate),
  };
}

export function decodeVm(object: VimObject): VmRecord {
  return {
    ref: object.ref.value,
    name: ownText(object.values.get('name')) ?? object.ref.value,
    ...some('powerState', ownText(object.values.get('runtime.powerState'))),
    datastores: refValues(object.values.get('datastore')),
  };
}

/** byte[] comes as ArrayOfByte (signed, one element per byte) or as Base64; in it PEM or DER. */
function certificateOf(value: XmlElement | undefined): DerBase64 | undefined {
  if (value === undefined) return undefined;
  if (value.children.length === 0) return certificateFromBytesText(value.text);
  const bytes = Uint8Array.from(value.children, (element) => Number(element.text) & 0xff);
  return certificatesFromBytes(bytes)[0];
}

/** Base64 of DER, Base64 of PEM, or PEM as it is. */
function certificateFromBytesText(text: string): DerBase64 | undefined {
  return certificateFromText(text) ?? certificatesFromBytes(Buffer.from(text, 'base64'))[0];
}

/** Elements of an `ArrayOf…` value, however they are called. */
function items(array: XmlElement | undefined): readonly XmlElement[] {
  return array?.children ?? [];
}

function refValues(array: XmlElement | undefined): string[] {
  return items(array).flatMap((element) => ownText(element) ?? []);
}

/** An optional field: nothing at all where the value is undefined. */
function some<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
