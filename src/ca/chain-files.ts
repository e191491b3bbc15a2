import type { Certificate } from '../model/certificate.js';
import { derBytes } from '../model/ids.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';

/** The files of one good answer: name and text. */
export interface ChainFile {
  readonly name: string;
  readonly text: string;
}

/**
 * What goes to the array and to the vCenters: the leaf alone, the chain in the order that the plan says, and the root alone. `issuers` stand above the leaf, the plan's
 * root last.
 */
export function chainFiles(planned: PlannedCertificate, leaf: Certificate, issuers: readonly Certificate[]): ChainFile[] {
  const chain = [leaf, ...issuers];
  const root = issuers.at(-1);
  return [
    { name: `${planned.name}.crt`, text: pem([leaf]) },
    { name: `${planned.name}-chain.pem`, text: pem(planned.chainOrder === 'leaf-first' ? chain : chain.reverse()) },
    ...(root ? [{ name: `${planned.name}-root.pem`, text: pem([root]) }] : []),
  ];
}

const pem = (certificates: readonly Certificate[]): string =>
  certificates.map(({ der }) => armour('CERTIFICATE', derBytes(der))).join('');

/** RFC 7468: 64 characters a line. */
export function armour(label: string, der: Uint8Array): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
