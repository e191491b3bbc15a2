import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { Certificate } from '../../src/model/certificate.js';
import type { Inventory } from '../../src/model/inventory.js';

const FOLDER = fileURLToPath(new URL('../golden/', import.meta.url));
const UPDATE = process.env.VASATRUST_UPDATE_GOLDENS === '1';

/**
 * Compares with an approved output. `VASATRUST_UPDATE_GOLDENS=1 npx vitest run --project pure test/report` writes them anew; read the
 * difference like code before committing it.
 */
export function expectGolden(name: string, text: string): void {
  if (UPDATE) writeFileSync(FOLDER + name, text);
  expect(text).toBe(readFileSync(FOLDER + name, 'utf8'));
}

/**
 * Keys are minted when tests run, so what is derived from them differs each time: fingerprints, thumbprints, key identifiers, serials, PEM
 * bodies become stable ones of the same length, numbered in the order the inventory holds the certificates.
 */
export function maskCertificates(text: string, inventory: Inventory): string {
  let masked = text;
  for (const [index, certificate] of certificatesOf(inventory).entries()) {
    const number = (index + 1).toString(16).padStart(2, '0');
    const hexes: [string | undefined, string][] = [
      [certificate.sha256, number.repeat(32)],
      [certificate.sha1, number.repeat(20)],
      [certificate.ski, `e${number}`.repeat(14).slice(0, 40)],
    ];
    for (const [real, stable] of hexes) if (real !== undefined) masked = maskHex(masked, real, stable);
    masked = masked
      .replaceAll(wrapped(certificate), `(certificate ${number})`)
      .replaceAll(certificate.der, `(certificate ${number})`);
  }
  return masked.replace(/"serial": "-?[0-9a-f]+"/g, '"serial": "1"');
}

/** As it is, with colons, and the short forms of both. */
function maskHex(text: string, real: string, stable: string): string {
  const colons = (hex: string) => (hex.toUpperCase().match(/../g) ?? []).join(':');
  return text
    .replaceAll(real, stable)
    .replaceAll(colons(real), colons(stable))
    .replaceAll(`${colons(real.slice(0, 8))}…`, `${colons(stable.slice(0, 8))}…`)
    .replaceAll(`${real.slice(0, 8)}…`, `${stable.slice(0, 8)}…`);
}

/** As a PEM body stands in JSON. */
function wrapped({ der }: Certificate): string {
  return (der.match(/.{1,64}/g) ?? []).join('\\n');
}

function certificatesOf(inventory: Inventory): Certificate[] {
  const all = [
    ...inventory.vcenters.flatMap(({ vmca, presents, trustAnchors }) => [
      vmca?.certificate,
      ...presents.map(({ certificate }) => certificate),
      ...trustAnchors.map(({ certificate }) => certificate),
    ]),
    ...inventory.providers.flatMap(({ endpoints }) => endpoints.flatMap(({ servedChain }) => servedChain)),
  ];
  return [...new Map(all.flatMap((one) => (one === undefined ? [] : [[one.sha256, one] as const]))).values()];
}
