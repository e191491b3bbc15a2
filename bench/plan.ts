// A plan for 200 vCenters, 50 providers and 2,000 hosts, and for twice of each: node bench/run.mjs plan
import { performance } from 'node:perf_hooks';
import { providerUrl, vcenterId } from '../src/model/ids.js';
import type { Inventory, Provider, Vcenter } from '../src/model/inventory.js';
import { planExternalCa } from '../src/plan/plan-external-ca.js';
import { readPlan, writePlan } from '../src/plan/plan-file.js';
import { selectProviders } from '../src/plan/select-providers.js';
import {
  aHost,
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  lost,
  mintProviderLeaf,
  mintVmca,
  onArrays,
  providerId,
  vmcaOf,
} from '../test/support/inventory.js';
import { mintCa } from '../test/support/mint.js';

const ROUNDS = 7;
const root = mintCa({ name: 'CN=Example Root CA', keyType: 'rsa' });
const issuing = mintCa({ name: 'CN=Example Issuing CA', keyType: 'rsa', issuer: root });

/** Two controllers per array, each registered by `perArray` vCenters, of which ten lost it. */
function estate(size: number, perArray = 20): Inventory {
  const vmca = mintVmca('bench');
  const count = 200 * size;
  const vcenters = Array.from(
    { length: count },
    (_, index): Vcenter =>
      aVcenter(`vc${index}`, {
        ...vmcaOf(vmca),
        hosts: Array.from({ length: 10 }, (_one, host) => ({ ...aHost(`esx-${index}-${host}`, [vmca.cert]), version: '7.0.3' })),
      }),
  );
  const providers = Array.from({ length: 50 * size }, (_, index): Provider => {
    const array = index >> 1;
    const url = providerUrl(`https://array${array}-ct${index % 2}.lab.example:8084/version.xml`);
    const leaf = mintProviderLeaf(vmca, { name: `CN=ct${index}` });
    const members = Array.from({ length: Math.min(perArray, count) }, (_one, member) =>
      perArray >= count ? member : (array * 8 + member * 9) % count,
    );
    const registrations = members.map((member, nth) =>
      aRegistration(`vc${member}`, {
        ...(nth < 10 ? lost() : {}),
        ...onArrays(`com.purestorage:array${array}`),
        uid: `${index}-${member}`,
        name: `array${array}-CT${index % 2}`,
        url,
      }),
    );
    return aProvider(registrations, {
      id: providerId(`com.purestorage:${index}`),
      urls: [url],
      endpoints: [anEndpoint([leaf], { url, address: `10.0.${index >> 8}.${index & 255}`, ...heldBy(vmca, vcenterId('vc0')) })],
    });
  });
  return anInventory(vcenters, providers);
}

function measure(inventory: Inventory): { plan: number; write: number; read: number; steps: number; bytes: number } {
  const times: number[][] = [];
  let [steps, bytes] = [0, 0];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const selection = selectProviders(inventory, []);
    if (!selection.ok) throw new Error(selection.error);
    const planned = planExternalCa(inventory, {
      selection: selection.value,
      ca: [issuing.cert.der, root.cert.der],
      accepted: ['outage-for-all', 'last-path', 'holder-outside', 'works-as-it-is'].map((code) => ({ code })),
      madeBy: 'bench',
    });
    if (planned.kind !== 'plan') throw new Error(JSON.stringify(planned).slice(0, 500));
    const made = performance.now();
    const text = writePlan(planned.plan);
    const written = performance.now();
    const read = readPlan(text, 'plan.json');
    if (!read.ok) throw new Error(read.error.summary);
    times.push([made - start, written - made, performance.now() - written]);
    steps = planned.plan.steps.length;
    bytes = text.length;
  }
  const median = (which: number) => times.map((one) => one[which] ?? 0).sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  return { plan: median(0), write: median(1), read: median(2), steps, bytes };
}

const results = [1, 2].map((size) => ({ size, ...measure(estate(size)) }));
for (const { size, plan, write, read, steps, bytes } of results) {
  console.log(
    `${200 * size} vCenters, ${50 * size} providers, ${2000 * size} hosts: plan ${plan.toFixed(0)} ms, written ${write.toFixed(0)} ms, read back ${read.toFixed(0)} ms (${steps} steps, ${(bytes / 1e6).toFixed(1)} MB)`,
  );
}
const [one, two] = results;
if (one && two)
  console.log(`twice the size: ${((two.plan + two.write) / (one.plan + one.write)).toFixed(2)} x (aims: <= 2000 ms, <= 2.2 x)`);
const dense = measure(estate(1, 200));
console.log(`every vCenter at every provider: plan ${dense.plan.toFixed(0)} ms (${dense.steps} steps)`);
