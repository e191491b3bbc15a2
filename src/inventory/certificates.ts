import type { Certificate } from '../model/certificate.js';
import type { DerBase64 } from '../model/ids.js';
import { parseBase64 } from '../x509/parse.js';

/** Parsed certificates of one bundle: the same bytes seen twice become one object. */
export class CertificatePool {
  readonly #byDer = new Map<DerBase64, Certificate | string>();

  /** The certificate, or why it is none. */
  read(der: DerBase64): Certificate | string {
    const known = this.#byDer.get(der);
    if (known !== undefined) return known;
    const parsed = parseBase64(der);
    const entry = parsed.ok ? parsed.value : parsed.error;
    this.#byDer.set(der, entry);
    return entry;
  }

  /** Only those that can be read; the rest is reported where it matters (served chains). */
  readAll(ders: readonly DerBase64[]): Certificate[] {
    return ders.map((der) => this.read(der)).filter((one): one is Certificate => typeof one !== 'string');
  }

  readOne(der: DerBase64 | undefined): Certificate | undefined {
    if (der === undefined) return undefined;
    const read = this.read(der);
    return typeof read === 'string' ? undefined : read;
  }
}
