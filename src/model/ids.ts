/** Branded text: parsed once at the border, trusted inside. */
type Brand<Name extends string> = string & { readonly __brand: Name };

/** The `id` of a vCenter in estate.yaml. */
export type VcenterId = Brand<'VcenterId'>;
/** A provider's stable name in reports: `namespace:providerId` where SMS tells both, else `host:port` of its URL. */
export type ProviderId = Brand<'ProviderId'>;
/** The address a provider is registered under, as SMS or estate.yaml spells it. */
export type ProviderUrl = Brand<'ProviderUrl'>;
/** SHA-256 over a certificate's DER, 64 lower-case hex digits: the identity of a certificate. */
export type Sha256Hex = Brand<'Sha256Hex'>;
/** Key identifier (SKI or AKI value), lower-case hex without colons. */
export type KeyIdHex = Brand<'KeyIdHex'>;
/** One certificate as base64 of its DER, no armour, no white space. */
export type DerBase64 = Brand<'DerBase64'>;
/** `2026-11-22T13:45:00.123Z`: always UTC. */
export type IsoTime = Brand<'IsoTime'>;

export const vcenterId = (text: string): VcenterId => text as VcenterId;
export const providerUrl = (text: string): ProviderUrl => text as ProviderUrl;
export const isoTime = (at: Date): IsoTime => at.toISOString() as IsoTime;
export const derBase64 = (der: Uint8Array): DerBase64 => Buffer.from(der).toString('base64') as DerBase64;
export const derBytes = (der: DerBase64): Uint8Array => Buffer.from(der, 'base64');
