import { hostTrustMissing } from '../../src/findings/rules/host-trust-missing.js';
import type { Dependents, Host } from '../../src/model/inventory.js';
import {
  aHost,
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  aVcenter,
  internal,
  lost,
  mintProviderLeaf,
  mintVmca,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa } from '../support/mint.js';
import { testRule } from './rule-table.js';

const vmca = mintVmca('vca');
const issuing = mintCa({ name: 'CN=Issuing', issuer: vmca });
const leaf = mintProviderLeaf(vmca);
const stranger = mintCa({ name: 'CN=Stranger' });
const dependents = (...hosts: string[]): { dependents: Dependents } => ({
  dependents: { datastores: [], vms: 1, poweredOnVms: 0, hosts, vmNames: [] },
});
const good = aHost('esx1', [vmca.cert]);
const bad = aHost('esx2', [stranger.cert]);
const dark = aHost('esx3');
const at = (
  hosts: readonly Host[],
  registration: Parameters<typeof aRegistration>[1] = dependents('esx1', 'esx2', 'esx3'),
  served = [leaf],
) =>
  anInventory(
    [aVcenter('vca', { ...vmcaOf(vmca), hosts })],
    [aProvider([aRegistration('vca', registration)], { endpoints: [anEndpoint(served)] })],
  );

testRule(hostTrustMissing, [
  {
    name: 'a dependent host without the issuer',
    inventory: at([good, bad]),
    kind: 'found',
    findings: [{ vcenter: 'vca', hosts: ['esx2'], wantedKeyId: vmca.cert.ski }],
  },
  {
    name: 'a host that was seen is told although another was not',
    inventory: at([bad, dark]),
    kind: 'found',
    findings: [{ hosts: ['esx2'] }],
  },
  { name: 'hosts with the issuer', inventory: at([good]), kind: 'passed' },
  {
    name: 'a served intermediate completes the path of the host, too',
    inventory: at([good], dependents('esx1'), [mintProviderLeaf(issuing), issuing]),
    kind: 'passed',
  },
  { name: 'a host that does not depend on the provider', inventory: at([good, bad], dependents('esx1')), kind: 'passed' },
  { name: 'nothing is said about hosts nobody saw', inventory: at([good, dark]), kind: 'not-judged' },
  { name: 'nothing is said where the dependents were not seen', inventory: at([bad], {}), kind: 'not-judged' },
  {
    name: 'a vCenter that does not trust the provider has a worse problem',
    inventory: at([bad], { ...lost(), ...dependents('esx2') }),
    kind: 'does-not-apply',
  },
  {
    name: 'an entry kept for the provider reaches hosts another way',
    inventory: at([bad], {
      ...dependents('esx2'),
      trusted: { value: true, grade: 'sms-entry', why: { code: 'sms-store-entry', alias: 'x' } },
    }),
    kind: 'does-not-apply',
  },
  {
    name: 'internal providers do not take part',
    inventory: at([bad], { ...dependents('esx2'), ...internal }),
    kind: 'does-not-apply',
  },
]);
