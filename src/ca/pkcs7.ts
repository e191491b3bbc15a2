import { type BerElement, BerError, childrenOf } from './ber.js';

const SIGNED_DATA = '2a864886f70d010702';
const CERTIFICATES = 0xa0;
const SEQUENCE = 0x30;

/** True for a ContentInfo of type signedData (RFC 2315 section 7, RFC 5652 section 3). */
export function isPkcs7(outer: BerElement): boolean {
  const [type] = outer.tag === SEQUENCE ? childrenOf(outer) : [];
  return type?.tag === 0x06 && type.contents.toString('hex') === SIGNED_DATA;
}

/**
 * The certificates of a `.p7b`, as they stand in it: DER, in its order (a SET, so the order says nothing). Who signed the container, where somebody did, is not asked: what counts is who
 * signed the certificates. Old forms that are no X.509 certificates (`[0]`, `[1]`, …) are passed over.
 */
export function certificatesInPkcs7(outer: BerElement): Buffer[] {
  const content = childrenOf(outer)[1];
  const signedData = content && childrenOf(content)[0];
  if (!signedData) throw new BerError('has no contents');
  const certificates = childrenOf(signedData).find(({ tag }) => tag === CERTIFICATES);
  if (!certificates) return [];
  return childrenOf(certificates)
    .filter(({ tag }) => tag === SEQUENCE)
    .map(({ whole }) => whole);
}
