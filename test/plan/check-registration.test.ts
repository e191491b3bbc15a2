import { describe, expect, test } from 'vitest';
import { providerUrl } from '../../src/model/ids.js';
import type { Inventory } from '../../src/model/inventory.js';
import { checkRegistration, findVcenter } from '../../src/plan/check-registration.js';
import { renderRegistrationCheck } from '../../src/report/registration-check.js';
import { anEndpoint, aProblem, mintProviderLeaf } from '../support/inventory.js';
import { mintCa } from '../support/mint.js';
import { CLASH, type EstateSpec, estate, ISSUING, vmcaNumber } from '../support/plan-estates.js';

const URL_0 = 'https://array0-ct0.lab.example:8084/version.xml';
const ONE: EstateSpec = { vcenters: [{}, {}, {}], arrays: [{ controllers: [{ 0: 'works' }] }] };
const change = (
  inventory: Inventory,
  provider: (one: Inventory['providers'][number]) => Inventory['providers'][number],
): Inventory => ({ ...inventory, providers: inventory.providers.map(provider) });
const kept = (trusts: boolean): Inventory =>
  change(estate({ ...ONE, vcenters: ONE.vcenters.map(() => ({ trusts })) }), (one) => ({
    ...one,
    retained: true,
    endpoints: [
      anEndpoint([mintProviderLeaf(ISSUING, { keyType: 'rsa', san: ['array0-ct0.lab.example'] }), ISSUING], {
        url: providerUrl(URL_0),
      }),
    ],
  }));

const rows: {
  name: string;
  inventory: () => Inventory;
  vcenter?: string;
  url?: string;
  hurts: boolean | 'unknown';
  hurt?: readonly string[];
  why: readonly string[];
}[] = [
  {
    name: 'a second vCenter throws out the first',
    inventory: () => estate(ONE),
    hurts: true,
    hurt: ['vca'],
    why: ['signed-anew', 'would-lose'],
  },
  {
    name: 'the holder itself registering again hurts nobody',
    inventory: () => estate(ONE),
    vcenter: 'vca',
    hurts: false,
    why: ['nobody-else', 'registered-here'],
  },
  {
    name: 'the loser of a clash would throw out the holder',
    inventory: () => estate(CLASH),
    vcenter: 'vca',
    hurts: true,
    hurt: ['vcb'],
    why: ['signed-anew', 'would-lose', 'registered-here'],
  },
  {
    name: 'the holder of a clash hurts no more than it did',
    inventory: () => estate(CLASH),
    vcenter: 'vcb',
    hurts: false,
    why: ['signed-anew', 'already-lost', 'registered-here'],
  },
  {
    name: 'a provider that keeps its certificate hurts nobody',
    inventory: () => kept(true),
    hurts: false,
    why: ['retained', 'client-cas'],
  },
  {
    name: 'a vCenter without the root hurts nobody, and is told that it would be refused',
    inventory: () => kept(false),
    hurts: false,
    why: ['retained', 'client-cas', 'root-not-imported'],
  },
  {
    name: 'nor does a URL whose name the kept certificate does not carry',
    inventory: () =>
      change(kept(true), (one) => ({ ...one, urls: [...one.urls, providerUrl('https://10.0.0.0:8084/version.xml')] })),
    url: 'https://10.0.0.0:8084/version.xml',
    hurts: false,
    why: ['retained', 'client-cas', 'name-not-in-certificate'],
  },
  {
    name: 'VASA 5 and a new vCenter',
    inventory: () =>
      estate({
        ...ONE,
        vcenters: [{ version: '8.0.3' }, { version: '8.0.3' }, {}],
        arrays: [{ controllers: [{ 0: 'works' }], vasaVersion: '5.0' }],
      }),
    hurts: false,
    why: ['virtual-hosts'],
  },
  {
    name: 'VASA 5 and a vCenter older than virtual hosts',
    inventory: () =>
      estate({
        ...ONE,
        vcenters: [{ version: '8.0.3' }, { version: '7.0.3' }, {}],
        arrays: [{ controllers: [{ 0: 'works' }], vasaVersion: '5.0' }],
      }),
    hurts: 'unknown',
    why: ['vcenter-before-virtual-hosts'],
  },
  {
    name: 'a vCenter whose VMCA the other trusts',
    inventory: () => ({
      ...estate(ONE),
      vcenters: estate(ONE).vcenters.map((one) => ({
        ...one,
        trustAnchors: [0, 1, 2].map((index) => ({ certificate: vmcaNumber(index).cert, seenIn: ['rest' as const] })),
      })),
    }),
    hurts: false,
    why: ['signed-anew', 'trusts-vmca'],
  },
  {
    name: 'no SMS says whether it is kept, and somebody holds it: signed anew it is',
    inventory: () => change(estate(ONE), ({ retained: _, ...one }) => one),
    hurts: true,
    hurt: ['vca'],
    why: ['not-seen', 'would-lose'],
  },
  {
    name: 'no SMS says whether it is kept, and nobody here signed it',
    inventory: () =>
      change(estate(ONE), ({ retained: _, ...one }) => ({ ...one, endpoints: [anEndpoint([mintProviderLeaf(undefined)])] })),
    hurts: 'unknown',
    hurt: ['vca'],
    why: ['not-seen', 'would-lose'],
  },
  {
    name: 'a stranger signed it, and nobody here has it',
    inventory: () =>
      change(estate({ ...ONE, arrays: [{ controllers: [{}] }] }), (one) => ({
        ...one,
        endpoints: [anEndpoint([mintProviderLeaf(mintCa({ name: 'CN=CA,O=elsewhere' }))])],
      })),
    hurts: 'unknown',
    why: ['holder-outside'],
  },
  {
    name: 'its own self-signed certificate, and nobody has it',
    inventory: () =>
      change(estate({ ...ONE, arrays: [{ controllers: [{}] }] }), (one) => ({
        ...one,
        endpoints: [anEndpoint([mintProviderLeaf(undefined)])],
      })),
    hurts: false,
    why: ['nobody-else'],
  },
  {
    name: 'the registrations of a third vCenter were not seen',
    inventory: () => ({
      ...estate({ ...ONE, arrays: [{ controllers: [{}] }] }),
      gaps: [{ target: 'vcc', source: 'sms', problem: aProblem('timeout') }],
    }),
    hurts: 'unknown',
    why: ['nobody-else', 'not-seen'],
  },
  {
    name: 'a third vCenter not seen does not hide a victim that was',
    inventory: () => ({ ...estate(ONE), gaps: [{ target: 'vcc', source: 'sms', problem: aProblem('timeout') }] }),
    hurts: true,
    hurt: ['vca'],
    why: ['signed-anew', 'would-lose', 'not-seen'],
  },
  {
    name: 'its own VMCA was not seen',
    inventory: () => ({ ...estate(ONE), vcenters: estate(ONE).vcenters.map(({ vmca: _, ...one }) => one) }),
    hurts: 'unknown',
    why: ['signed-anew', 'not-seen'],
  },
  {
    name: "the other's anchors were not seen completely",
    inventory: () => ({ ...estate(ONE), vcenters: estate(ONE).vcenters.map((one) => ({ ...one, anchorsComplete: false })) }),
    hurts: 'unknown',
    why: ['signed-anew', 'not-seen'],
  },
  {
    name: 'a provider nobody knows',
    inventory: () => estate(ONE),
    url: 'https://elsewhere.lab.example:8084/version.xml',
    hurts: 'unknown',
    why: ['not-seen'],
  },
];

describe('check-registration', () => {
  for (const { name, inventory, vcenter = 'vcb', url = URL_0, hurts, hurt = [], why } of rows) {
    test(name, () => {
      const seen = inventory();
      const at = findVcenter(seen, vcenter);
      if (at === undefined) throw new Error('no such vCenter');
      const check = checkRegistration(seen, at, url);
      expect({ hurts: check.hurts, hurt: check.hurt.map((one) => one.vcenter), why: check.why.map(({ code }) => code) }).toEqual({
        hurts,
        hurt,
        why,
      });
      for (const format of ['table', 'md', 'json'] as const)
        expect(renderRegistrationCheck(check, format).length).toBeGreaterThan(20);
    });
  }

  test('the verdict says who, in words', () => {
    const seen = estate(ONE);
    const at = findVcenter(seen, 'VCB.lab.example');
    if (at === undefined) throw new Error('not found by address');
    expect(renderRegistrationCheck(checkRegistration(seen, at, 'array0-CT0'), 'table')).toBe(
      [
        'Registering array0-CT0 in vcb would throw out vca.',
        "  It does not keep its certificate: vcb's VMCA would sign it anew.",
        "  vca does not trust vcb's VMCA and would lose the provider.",
        '',
      ].join('\n'),
    );
  });
});
