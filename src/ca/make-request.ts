import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import {
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequestGenerator,
  SubjectAlternativeNameExtension,
} from '@peculiar/x509';
import type { PlannedCertificate } from '../model/planned-certificate.js';

/** What keys are made with and requests are signed with: RSA, because vCenter refuses ECDSA in a chain, and PKCS#1 v1.5 padding, which every CA takes. */
export const REQUEST_ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/**
 * A PKCS#10 request for a certificate of the plan, as PEM: a TLS server with the plan's names, never a CA. Signed with the key that it is for, so the same key gives
 * the same bytes.
 */
export async function makeRequest(planned: PlannedCertificate, keys: webcrypto.CryptoKeyPair): Promise<string> {
  cryptoProvider.set(webcrypto as never);
  const request = await Pkcs10CertificateRequestGenerator.create({
    name: new Name([{ CN: [planned.commonName] }]),
    keys: keys as never,
    signingAlgorithm: REQUEST_ALGORITHM,
    extensions: [
      new SubjectAlternativeNameExtension(planned.san.map(({ kind, value }) => ({ type: kind, value }))),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    ],
  });
  return `${request.toString('pem')}\n`;
}
