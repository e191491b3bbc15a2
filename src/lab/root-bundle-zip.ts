import { derBytes } from '../model/ids.js';
import { certificatePem, mintCrl, subjectHash } from './pki.js';
import type { LabVcenter, LabWorld } from './world.js';
import { writeZip } from './zip-writer.js';

/**
 * `/certs/download.zip`: every trusted root under the hash of its subject, `.0` first and `.1`, `.2` for the next of the same subject, and
 * the revocation list of the VMCA as `.r0`. `certs/lin` is documented; the names in `mac` and `win` are inferred.
 * CRLs are DER here and roots PEM, as scripts that unpack the archive expect.
 */
export function rootBundleZip(world: LabWorld, vcenter: LabVcenter): Buffer {
  const taken = new Map<string, number>();
  const files: { name: string; content: Uint8Array }[] = [];
  for (const root of vcenter.trustedRoots) {
    const hash = subjectHash(root);
    const number = taken.get(hash) ?? 0;
    taken.set(hash, number + 1);
    const content = Buffer.from(certificatePem(root));
    files.push({ name: `certs/lin/${hash}.${number}`, content });
    files.push({ name: `certs/mac/${hash}.${number}`, content });
    files.push({ name: `certs/win/${hash}.${number}.crt`, content: derBytes(root) });
  }
  const hash = subjectHash(vcenter.vmca.certificate);
  const list = mintCrl(vcenter.vmca, world.now());
  files.push({ name: `certs/lin/${hash}.r0`, content: list });
  files.push({ name: `certs/mac/${hash}.r0`, content: list });
  files.push({ name: `certs/win/${hash}.r0.crl`, content: list });
  return writeZip(files);
}
