import { derBase64, type IsoTime, type Sha256Hex } from '../../src/model/ids.js';
import type { Plan } from '../../src/model/plan.js';
import type { PlannedCertificate } from '../../src/model/planned-certificate.js';
import { writePlan } from '../../src/plan/plan-file.js';

/** The text of a plan that asks for these certificates, and of the CA's own ones (issuing CA first, root last). */
export function planOf(providerCertificates: readonly PlannedCertificate[], ca: readonly Uint8Array[]): string {
  const [first] = providerCertificates;
  const plan: Plan = {
    formatVersion: 1,
    kind: 'external-ca',
    madeBy: 'test',
    takenAt: '2026-11-22T12:00:00.000Z' as IsoTime,
    estate: 'a'.repeat(64) as Sha256Hex,
    strategy: 'controller-by-controller',
    providers: [],
    vcenters: [],
    ...(first && { externalCa: { certificates: ca.map(derBase64), root: first.root } }),
    providerCertificates,
    outages: [],
    warnings: [],
    acceptances: [],
    facts: [],
    steps: [],
  };
  return writePlan(plan);
}
