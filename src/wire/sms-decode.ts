import type { RelatedArray, SmsFault, SmsProviderRecord } from '../model/evidence.js';
import { providerUrl } from '../model/ids.js';
import { err, ok, type Result } from '../model/problem.js';
import { certificateFromText } from './certificate-text.js';
import { flagOf, integerOf, type Ref } from './soap.js';
import { child, childrenNamed, textOf, type XmlElement, xsiType } from './xml.js';

const MAX_ID = 2_048;
const MAX_WORDS = 4_096;

/**
 * `VasaProviderInfo` → record; undefined for a provider that is not a VASA provider (a plain `SmsProviderInfo` without url).
 * The error says what is wrong with it.
 */
export function decodeProviderInfo(ref: Ref, info: XmlElement | undefined): Result<SmsProviderRecord | undefined, string> {
  if (info === undefined) return err('nothing returned');
  const [uid, name, url] = [textOf(info, 'uid'), textOf(info, 'name'), textOf(info, 'url')];
  if (url === undefined && xsiType(info) !== 'VasaProviderInfo') return ok(undefined);
  if (uid === undefined || url === undefined) return err('no uid or no url');
  if (uid.length > MAX_ID || url.length > MAX_ID) return err(`a uid or url of more than ${MAX_ID} characters`);
  const fault = child(info, 'statusFault');
  return ok({
    ref: ref.value,
    uid,
    // Required, yet a provider can be registered with blanks for a name.
    name: bounded(name) ?? '',
    url: providerUrl(url),
    ...certificateOf(textOf(info, 'certificate')),
    ...(fault === undefined ? {} : { statusFault: decodeFault(fault) }),
    arrays: childrenNamed(info, 'relatedStorageArray').flatMap(decodeArray),
    ...words(info, WORDS),
    ...named('needsExplicitActivation', flagOf(info, 'needsExplicitActivation')),
    ...named('retained', flagOf(info, 'retainVasaProviderCertificate')),
    ...named('priority', integerOf(info, 'priority')),
  });
}

/** Fields of the record that SMS calls by the same name, all text. */
const WORDS = [
  'description',
  'version',
  'status',
  'vasaVersion',
  'namespace',
  'lastSyncTime',
  'providerId',
  'certificateExpiryDate',
  'certificateStatus',
  'serviceLocation',
  'type',
  'category',
  'failoverGroupId',
] as const satisfies readonly (keyof SmsProviderRecord)[];

function words<Key extends string>(element: XmlElement, keys: readonly Key[]): { [K in Key]?: string } {
  const found: { [K in Key]?: string } = {};
  for (const key of keys) {
    const text = bounded(textOf(element, key));
    if (text !== undefined) found[key] = text;
  }
  return found;
}

function bounded(text: string | undefined): string | undefined {
  return text !== undefined && text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS)}…` : text;
}

function certificateOf(text: string | undefined): Pick<SmsProviderRecord, 'certificate' | 'certificateUnreadable'> {
  if (text === undefined) return {};
  const certificate = certificateFromText(text);
  return certificate === undefined ? { certificateUnreadable: bounded(text) ?? '' } : { certificate };
}

function decodeArray(element: XmlElement): RelatedArray[] {
  const arrayId = textOf(element, 'arrayId');
  if (arrayId === undefined) return [];
  return [
    {
      arrayId,
      active: flagOf(element, 'active') === true,
      manageable: flagOf(element, 'manageable') === true,
      priority: integerOf(element, 'priority') ?? 0,
    },
  ];
}

/** LocalizedMethodFault. Its two children come in different namespaces, depending on who wrote them. */
export function decodeFault(localized: XmlElement): SmsFault {
  const fault = child(localized, 'fault');
  const message = bounded(textOf(localized, 'localizedMessage'));
  const certificate = certificateFromText(textOf(fault, 'certificate') ?? '');
  return {
    type: bounded(xsiType(fault)) ?? 'MethodFault',
    ...named('message', message),
    ...named('certificate', certificate),
  };
}

/** An optional field: nothing at all where the value is undefined. */
function named<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: Value };
}
