import { describe, expect, test } from 'vitest';
import { providerUrl } from '../../src/model/ids.js';
import type { Inventory } from '../../src/model/inventory.js';
import type { PlanWarning, Step } from '../../src/model/plan.js';
import type { Accepted, Planned, WayName } from '../../src/model/plan-answer.js';
import { describeStep } from '../../src/plan/describe-step.js';
import { planExternalCa } from '../../src/plan/plan-external-ca.js';
import { recommend } from '../../src/plan/recommend.js';
import { selectProviders } from '../../src/plan/select-providers.js';
import {
  anEndpoint,
  anInventory,
  aProvider,
  aRegistration,
  lost,
  mintProviderLeaf,
  NOW,
  onArrays,
  providerId,
} from '../support/inventory.js';
import { mintCa } from '../support/mint.js';
import { CA, CLASH, type EstateSpec, estate, ISSUING, planned, planOf, ROOT } from '../support/plan-estates.js';
import { violations } from '../support/plan-model.js';

const bothLost = { 0: 'lost', 1: 'works' } as const;
const codesOf = (result: Planned): string[] =>
  result.kind === 'refused'
    ? result.refusals.map((one) => ('name' in one ? `${one.code}:${one.name}` : one.code))
    : result.kind === 'thin'
      ? result.missing.map(({ what }) => `thin:${what}`)
      : ['plan'];
const chosen = (inventory: Inventory): (WayName | undefined)[] =>
  recommend(inventory, inventory.providers).map(({ ways }) => ways.find(({ verdict }) => verdict === 'chosen')?.way);

/** The estate with its providers changed. */
const withProviders = (
  inventory: Inventory,
  change: (provider: Inventory['providers'][number]) => Inventory['providers'][number],
): Inventory => ({
  ...inventory,
  providers: inventory.providers.map(change),
});

/** Every controller of the clash serves a certificate of the external CA already, and keeps it. */
function migrated(which: (id: string) => boolean = () => true): Inventory {
  const spec: EstateSpec = { ...CLASH, vcenters: CLASH.vcenters.map((one) => ({ ...one, trusts: true })) };
  return withProviders(estate(spec), (provider) => {
    if (!which(provider.id)) return provider;
    const leaf = mintProviderLeaf(ISSUING, { keyType: 'rsa', san: ['array0-ct0.lab.example', 'array0-ct1.lab.example'] });
    const registrations = provider.registrations.map((one) =>
      aRegistration(one.vcenter, {
        ...onArrays('com.purestorage:array0'),
        uid: one.uid,
        name: one.name,
        url: one.url,
        retained: true,
      }),
    );
    return {
      ...provider,
      retained: true,
      registrations,
      endpoints: [anEndpoint([leaf, ISSUING], { url: provider.urls[0] ?? providerUrl('') })],
    };
  });
}

/** A vCenter nobody listed signed what is served. */
function heldOutside(): Inventory {
  const stranger = mintCa({ name: 'CN=CA,DC=vsphere,DC=local,O=vcx.elsewhere.example' });
  return withProviders(
    estate({
      ...CLASH,
      arrays: [
        {
          controllers: [
            { 0: 'lost', 1: 'lost' },
            { 0: 'lost', 1: 'lost' },
          ],
        },
      ],
    }),
    (provider) => ({
      ...provider,
      endpoints: [
        anEndpoint([mintProviderLeaf(stranger)], {
          url: provider.urls[0] ?? providerUrl(''),
          address: `10.9.9.${provider.id.slice(-1)}`,
        }),
      ],
    }),
  );
}

const linked: EstateSpec = {
  vcenters: [
    { version: '8.0.3', linkedWith: 1 },
    { version: '8.0.3', linkedWith: 0 },
  ],
  arrays: [
    {
      controllers: [
        { 0: 'works', 1: 'works' },
        { 0: 'works', 1: 'works' },
      ],
    },
  ],
};

describe('what is recommended, and what a plan for it comes to', () => {
  const rows: {
    name: string;
    inventory: () => Inventory;
    way: WayName | undefined;
    plan: readonly string[];
    wanted?: readonly string[];
    accept?: readonly string[];
  }[] = [
    { name: 'a clash over two controllers', inventory: () => estate(CLASH), way: 'external-ca', plan: ['plan'] },
    {
      name: 'a clash over one controller: the outage of all has to be accepted by name',
      inventory: () => estate({ ...CLASH, arrays: [{ controllers: [bothLost] }] }),
      way: 'external-ca',
      plan: ['outage-for-all:array0-CT0'],
    },
    {
      name: 'the same, accepted by another name',
      inventory: () => estate({ ...CLASH, arrays: [{ controllers: [bothLost] }] }),
      way: 'external-ca',
      plan: ['outage-for-all:array0-CT0'],
      accept: ['outage-for-all:array9'],
    },
    {
      name: 'the same, accepted by its name',
      inventory: () => estate({ ...CLASH, arrays: [{ controllers: [bothLost] }] }),
      way: 'external-ca',
      plan: ['plan'],
      accept: ['outage-for-all:array0-CT0'],
    },
    {
      name: 'two providers at one floating address are one certificate',
      inventory: () => estate({ ...CLASH, arrays: [{ controllers: [bothLost, bothLost], appliance: true }] }),
      way: 'external-ca',
      plan: ['outage-for-all:array0-CT0-array0-CT1'],
    },
    {
      name: 'each has lost the other controller: one of them has to go without for a while',
      inventory: () =>
        estate({
          ...CLASH,
          arrays: [
            {
              controllers: [
                { 0: 'lost', 1: 'works' },
                { 0: 'works', 1: 'lost' },
              ],
            },
          ],
        }),
      way: 'external-ca',
      plan: ['last-path:vcb'],
    },
    {
      name: 'VASA 5',
      inventory: () =>
        estate({
          ...linked,
          arrays: [{ ...linked.arrays[0], controllers: linked.arrays[0]?.controllers ?? [], vasaVersion: '5.0' }],
        }),
      way: 'leave-alone',
      plan: ['vasa5:array0-CT0', 'vasa5:array0-CT1'],
      wanted: ['com.purestorage:array0'],
    },
    {
      name: 'linked mode that works',
      inventory: () => estate(linked),
      way: 'leave-alone',
      plan: ['works-as-it-is:array0-CT0', 'works-as-it-is:array0-CT1'],
      wanted: ['array0-CT0'],
    },
    { name: 'nothing lost and nothing named', inventory: () => estate(linked), way: 'leave-alone', plan: ['nothing-contested'] },
    {
      name: 'an external CA is in place already',
      inventory: () => migrated(),
      way: 'leave-alone',
      plan: ['already-external:array0-CT0', 'already-external:array0-CT1'],
      wanted: ['com.purestorage:array0'],
    },
    {
      name: 'the holder is outside of the estate',
      inventory: heldOutside,
      way: 'external-ca',
      plan: ['holder-outside:array0-CT0', 'holder-outside:array0-CT1'],
    },
    {
      name: 'the holder is outside, and that is accepted',
      inventory: heldOutside,
      way: 'external-ca',
      plan: ['plan'],
      accept: ['holder-outside'],
    },
    {
      name: 'a single vCenter',
      inventory: () => estate({ vcenters: [{}], arrays: [{ controllers: [{ 0: 'works' }, { 0: 'works' }] }] }),
      way: 'leave-alone',
      plan: ['plan'],
      wanted: ['array0-CT0'],
    },
    {
      name: "new vCenters and hosts, an old provider: VASA 5 is the vendor's to say",
      inventory: () =>
        estate({ ...CLASH, vcenters: CLASH.vcenters.map(() => ({ version: '8.0.3', hosts: [{ version: '8.0.3' }] })) }),
      way: 'external-ca',
      plan: ['plan'],
    },
  ];
  for (const { name, inventory, way, plan, wanted, accept } of rows) {
    test(name, () => {
      const estateNow = inventory();
      const accepted = (accept ?? []).map(
        (word): Accepted =>
          word.includes(':') ? { code: word.split(':')[0] ?? '', name: word.split(':')[1] ?? '' } : { code: word },
      );
      const result = planned(estateNow, accepted, wanted ?? []);
      expect(codesOf(result)).toEqual(plan);
      expect(chosen(estateNow)).toEqual([way]);
      if (result.kind === 'plan') expect(violations(result.plan, result.plan.steps, estateNow)).toEqual([]);
    });
  }

  test("every way but the chosen one says why not, and nothing but the vendor's own knowledge is asked of the vendor", () => {
    const [one] = recommend(estate(CLASH), estate(CLASH).providers);
    expect(one?.ways.map(({ way, verdict }) => [way, verdict])).toEqual([
      ['external-ca', 'chosen'],
      ['leave-alone', 'ruled-out'],
      ['vasa-5', 'ruled-out'],
      ['single-owner', 'possible'],
      ['subordinate-vmca', 'possible'],
      ['leave-vvols', 'possible'],
    ]);
    expect(one?.ways.every(({ reasons }) => reasons.length > 0)).toBe(true);
    const modern = estate({
      ...CLASH,
      vcenters: CLASH.vcenters.map(() => ({ version: '8.0.3', hosts: [{ version: '8.0.3' }] })),
    });
    expect(recommend(modern, modern.providers)[0]?.ways.find(({ way }) => way === 'vasa-5')?.verdict).toBe('ask-vendor');
  });

  test('a host older than 8.0 U1 rules VASA 5 out by name, and warns of its store', () => {
    const inventory = estate({
      ...CLASH,
      vcenters: [{ version: '8.0.3', hosts: [{ version: '6.7.0' }] }, { version: '8.0.3', hosts: [{ version: '8.0.3' }] }, {}],
    });
    const way = recommend(inventory, inventory.providers)[0]?.ways.find((one) => one.way === 'vasa-5');
    expect(way?.reasons).toContainEqual({ code: 'hosts-too-old', vcenter: 'vca', hosts: ['esx00'] });
    const plan = planOf(inventory);
    expect(plan.warnings).toContainEqual({ code: 'host-store-drop', vcenter: 'vca', hosts: ['esx00'] });
    const pushes = plan.steps.flatMap((step) =>
      step.kind === 'push-host-roots' ? [[step.host, step.mayDropSmsCertificate]] : [],
    );
    expect(pushes).toEqual([
      ['esx00', true],
      ['esx10', false],
    ]);
  });
});

describe('what a plan announces', () => {
  const codes = (warnings: readonly PlanWarning[]) => [...new Set(warnings.map(({ code }) => code))];
  const kinds = (steps: readonly Step[]) => [...new Set(steps.map(({ kind }) => kind))];

  test('the clash: the loser is out already, the holder keeps a path, the third gets the roots', () => {
    const plan = planOf(estate(CLASH), []);
    expect(
      plan.outages.map(({ vcenter, windows }) => [vcenter, windows.map(({ why, from, until }) => [why, from, until])]),
    ).toEqual([
      ['vca', [['already-out', 'install-certificate.array0-CT0', 'confirm-online.vca.array0-CT0']]],
      ['vcb', []],
    ]);
    expect(plan.strategy).toBe('controller-by-controller');
    expect(plan.pointOfNoReturn).toBe('install-certificate.array0-CT0');
    expect(plan.acceptances).toEqual([]);
    expect(codes(plan.warnings)).toEqual(
      expect.arrayContaining(['removal-may-fail', 'ask-vendor', 'host-store-drop', 'mixed-versions']),
    );
    expect(plan.steps.find(({ id }) => id === 'publish-roots.vcc')).toMatchObject({ optional: 'no-registration', by: 'rest' });
    expect(plan.steps.find(({ id }) => id === 'publish-roots.vca')).toMatchObject({ by: 'dir-cli' });
    expect(kinds(plan.steps)).toHaveLength(18);
  });

  test('before the first registration at a controller nothing is asked, before each further one whether it hurts anybody', () => {
    const plan = planOf(estate(CLASH));
    const asks = plan.steps.flatMap((step) => {
      if (step.kind !== 'register-provider') return [];
      const text = JSON.stringify(describeStep(step, plan, { planFile: 'plan.json' }));
      return [[step.vcenter, step.certificate, text.includes('vasatrust check-registration')]];
    });
    expect(asks).toEqual([
      ['vca', 'array0-CT0', false],
      ['vcb', 'array0-CT0', true],
      ['vca', 'array0-CT1', false],
      ['vcb', 'array0-CT1', true],
    ]);
  });

  test('a removal counts as long as the procedure where another registration of the array stands beside it', () => {
    const longest = (one: Inventory) =>
      planOf(one).steps.flatMap((step) =>
        step.kind === 'remove-registration' ? [[step.vcenter, step.how, step.seconds.most]] : [],
      );
    expect(longest(estate(CLASH)).slice(0, 2)).toEqual([
      ['vca', 'cleanup', 3600],
      ['vcb', 'plain', 3600],
    ]);
    expect(longest(estate({ ...CLASH, arrays: [{ controllers: [bothLost] }] }))).toEqual([
      ['vca', 'cleanup', 3600],
      ['vcb', 'plain', 120],
    ]);
  });

  test('the loser is registered before the holder, at each controller', () => {
    const order = planOf(estate(CLASH)).steps.flatMap((step) =>
      step.kind === 'remove-registration' ? [`${step.vcenter} ${step.name} ${step.how}`] : [],
    );
    expect(order).toEqual(['vca array0-CT0 cleanup', 'vcb array0-CT0 plain', 'vca array0-CT1 cleanup', 'vcb array0-CT1 plain']);
  });

  test('one controller: the holder is out from the change until it is registered anew, and the plan says for how long', () => {
    const plan = planOf(estate({ ...CLASH, arrays: [{ controllers: [bothLost] }] }));
    const vcb = plan.outages.find(({ vcenter }) => vcenter === 'vcb');
    expect(vcb?.windows).toMatchObject([
      { why: 'last-path', from: 'install-certificate.array0-CT0', until: 'confirm-online.vcb.array0-CT0' },
    ]);
    const index = (id: string) => plan.steps.findIndex((step) => step.id === id);
    const between = plan.steps.slice(index('install-certificate.array0-CT0'), index('confirm-online.vcb.array0-CT0') + 1);
    expect(vcb?.most).toBe(between.reduce((sum, { seconds }) => sum + seconds.most, 0));
    expect(vcb?.least).toBe(between.reduce((sum, { seconds }) => sum + seconds.least, 0));
    expect(plan.strategy).toBe('all-at-once');
    expect(plan.acceptances).toEqual([{ code: 'outage-for-all', name: 'array0-CT0' }]);
    expect(codes(plan.warnings)).toContain('outage-for-all');
  });

  test('a vCenter with one of two controllers is registered at the other one first, so that nobody goes without', () => {
    const plan = planOf(
      estate({ vcenters: [{}, {}], arrays: [{ controllers: [{ 0: 'works', 1: 'works' }, { 1: 'works' }] }] }),
      [{ code: 'works-as-it-is' }],
      ['array0-CT0'],
    );
    expect(plan.warnings).toContainEqual({ code: 'added-registration', vcenter: 'vca', provider: 'com.purestorage:array0-ct1' });
    expect(plan.acceptances.map(({ code }) => code)).toEqual(['works-as-it-is']);
    expect(plan.pointOfNoReturn).toBe('install-certificate.array0-CT1');
  }, 10_000);

  test('naming one controller brings the others of its array in, and says so', () => {
    const plan = planOf(estate(CLASH), [], ['array0-CT1']);
    expect(plan.providers.map(({ name }) => name)).toEqual(['array0-CT0', 'array0-CT1']);
    expect(plan.warnings).toContainEqual({
      code: 'brought-in',
      provider: 'com.purestorage:array0-ct0',
      array: 'com.purestorage:array0',
    });
  });

  test('a half-migrated array goes on where it stopped: the finished controller is left alone and counts as a path', () => {
    const inventory = migrated((id) => id.endsWith('ct0'));
    const plan = planOf(inventory, [], ['com.purestorage:array0']);
    expect(plan.providers.map(({ name }) => name)).toEqual(['array0-CT1']);
    expect(plan.outages.every(({ windows }) => windows.length === 0)).toBe(true);
    expect(plan.steps.some(({ kind }) => kind === 'publish-roots')).toBe(false);
    expect(violations(plan, plan.steps, inventory)).toEqual([]);
  });

  test('linked vCenters get the roots once, and are backed up together', () => {
    const plan = planOf(
      estate({ vcenters: [{ linkedWith: 1 }, { linkedWith: 0 }, {}], arrays: [{ controllers: [bothLost, bothLost] }] }),
    );
    expect(plan.steps.flatMap((step) => (step.kind === 'publish-roots' ? [[step.vcenter, step.reaches]] : []))).toEqual([
      ['vca', ['vcb']],
      ['vcc', []],
    ]);
    expect(plan.steps.find((step) => step.kind === 'confirm-backup')).toMatchObject({ groups: [['vca', 'vcb'], ['vcc']] });
    expect(plan.steps.find(({ id }) => id === 'confirm-roots.vcb')?.needs).toEqual(['publish-roots.vca']);
  });

  test('a host that trusts the CA already is not pushed to', () => {
    const plan = planOf(estate({ ...CLASH, vcenters: [{ hosts: [{ trusts: true }, {}] }, {}, {}] }));
    expect(plan.steps.flatMap((step) => (step.kind === 'push-host-roots' ? [step.host] : []))).toEqual(['esx01']);
  });

  test('two registrations of one provider in one vCenter become one', () => {
    const inventory = withProviders(estate(CLASH), (provider) => ({
      ...provider,
      registrations: [
        ...provider.registrations,
        { ...(provider.registrations[0] as (typeof provider.registrations)[number]), uid: 'twin' },
      ],
    }));
    const plan = planOf(inventory);
    const at = plan.steps
      .filter((step) => 'vcenter' in step && step.vcenter === 'vca' && 'provider' in step && step.provider.endsWith('ct0'))
      .map(({ kind }) => kind);
    expect(at).toEqual(['remove-registration', 'remove-registration', 'register-provider', 'confirm-retained', 'confirm-online']);
  });
});

describe('names in the certificates', () => {
  test('every registered name and address, whatever its spelling, in one certificate per controller', () => {
    const inventory = withProviders(estate(CLASH), (provider) => ({
      ...provider,
      urls: [...provider.urls, providerUrl('https://[FD00:0:0::1]:8084/version.xml')],
      registrations: provider.registrations.map((one) => ({
        ...one,
        reach: { from: 'appliance', answers: true, addresses: ['10.1.2.3', '127.0.0.1'] },
      })),
    }));
    const [certificate] = planOf(inventory).providerCertificates;
    expect(certificate?.name).toBe('array0-CT0');
    expect(certificate?.commonName).toBe('array0-ct0.lab.example');
    expect(certificate?.san.map(({ kind, value }) => `${kind} ${value}`)).toEqual(
      ['dns array0-ct0.lab.example', 'dns array0-ctx.lab.example', 'ip 10.0.0.0', 'ip 10.1.2.3', 'ip fd00::1'].filter(
        (one) => !one.includes('ctx'),
      ),
    );
    expect(certificate?.chain).toEqual([ISSUING.cert.sha256, ROOT.cert.sha256]);
  });

  test('a provider with an evil name gets a file name that is none', () => {
    const inventory = withProviders(estate(CLASH), (provider) => ({
      ...provider,
      names: ['../../etc/pass\u001b[31mwd'],
      registrations: provider.registrations.map((one) => ({ ...one, name: '../../etc/pass\u001b[31mwd' })),
    }));
    const plan = planOf(inventory);
    expect(plan.providerCertificates.map(({ name }) => name)).toEqual(['etc-pass-31mwd', 'etc-pass-31mwd-2']);
    expect(plan.steps.every(({ id }) => /^[\w.-]+$/.test(id))).toBe(true);
  });
});

describe('evidence that is too thin', () => {
  const gap = {
    target: 'vcc',
    source: 'sms',
    problem: { code: 'timeout', target: 'vcc', summary: '', remedy: '', retry: 'later' },
  } as const;
  const rows: { name: string; inventory: Inventory; missing: readonly string[] }[] = [
    {
      name: 'the registrations of another vCenter',
      inventory: { ...estate(CLASH), gaps: [gap] },
      missing: ['thin:registrations'],
    },
    {
      name: 'the hosts of a vCenter',
      inventory: { ...estate(CLASH), vcenters: estate(CLASH).vcenters.map(({ hosts: _, ...vcenter }) => vcenter) },
      missing: ['thin:hosts', 'thin:hosts'],
    },
    {
      name: 'the version of a vCenter',
      inventory: { ...estate(CLASH), vcenters: estate(CLASH).vcenters.map(({ version: _, ...vcenter }) => vcenter) },
      missing: ['thin:version', 'thin:version'],
    },
    {
      name: 'what is served',
      inventory: withProviders(estate(CLASH), (one) => ({ ...one, endpoints: [] })),
      missing: ['thin:leaf', 'thin:leaf'],
    },
    {
      name: 'whether somebody trusts it',
      inventory: withProviders(estate(CLASH), (one) => ({
        ...one,
        registrations: one.registrations.map((reg) =>
          reg.vcenter === 'vcb' ? { ...reg, trusted: { value: 'unknown', why: { code: 'not-seen', what: 'anchors' } } } : reg,
        ),
      })),
      missing: ['thin:trust', 'thin:trust'],
    },
  ];
  for (const { name, inventory, missing } of rows) test(name, () => expect(codesOf(planned(inventory))).toEqual(missing));
});

describe("the external CA's certificates", () => {
  const long = { notBefore: new Date('2020-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
  const rows: { name: string; ca: () => readonly string[]; why: string }[] = [
    { name: 'none', ca: () => [], why: 'empty' },
    { name: 'no root', ca: () => [ISSUING.cert.der], why: 'no-root' },
    { name: 'two roots', ca: () => [...CA, mintCa({ keyType: 'rsa', name: 'CN=Other Root' }).cert.der], why: 'several-roots' },
    { name: 'an ECDSA root', ca: () => [mintCa({ name: 'CN=EC Root' }).cert.der], why: 'not-rsa' },
    {
      name: 'an ECDSA issuing CA under an RSA root',
      ca: () => [mintCa({ name: 'CN=EC Issuing', issuer: ROOT }).cert.der, ROOT.cert.der],
      why: 'not-rsa',
    },
    {
      name: 'SHA-1 below the root',
      ca: () => [mintCa({ keyType: 'rsa', name: 'CN=Old Issuing', issuer: ROOT, hash: 'sha1' }).cert.der, ROOT.cert.der],
      why: 'sha1',
    },
    { name: 'a leaf among them', ca: () => [...CA, mintProviderLeaf(ISSUING, { keyType: 'rsa' }).cert.der], why: 'not-a-ca' },
    {
      name: 'one that may not sign',
      ca: () => [mintCa({ keyType: 'rsa', name: 'CN=I', issuer: ROOT, keyUsage: ['cRLSign'] }).cert.der, ROOT.cert.der],
      why: 'key-usage',
    },
    {
      name: 'a missing intermediate',
      ca: () => [
        mintCa({ keyType: 'rsa', name: 'CN=I2', issuer: mintCa({ keyType: 'rsa', name: 'CN=I1', issuer: ROOT }) }).cert.der,
        ROOT.cert.der,
      ],
      why: 'incomplete',
    },
    {
      name: 'two issuing CAs',
      ca: () => [...CA, mintCa({ keyType: 'rsa', name: 'CN=Another Issuing', issuer: ROOT }).cert.der],
      why: 'several-issuing',
    },
    {
      name: 'an issuing CA below one that may have none',
      ca: () => [...CA, mintCa({ keyType: 'rsa', name: 'CN=Below', issuer: ISSUING }).cert.der],
      why: 'path-length',
    },
    {
      name: 'an expired one',
      ca: () => [
        mintCa({ keyType: 'rsa', name: 'CN=I', issuer: ROOT, ...long, notAfter: new Date(NOW.getTime() - 1000) }).cert.der,
        ROOT.cert.der,
      ],
      why: 'expired',
    },
    {
      name: 'one that is not valid yet',
      ca: () => [
        mintCa({ keyType: 'rsa', name: 'CN=I', issuer: ROOT, ...long, notBefore: new Date(NOW.getTime() + 86_400_000) }).cert.der,
        ROOT.cert.der,
      ],
      why: 'not-yet-valid',
    },
    {
      name: 'no key identifier',
      ca: () => [mintCa({ keyType: 'rsa', name: 'CN=I', issuer: ROOT, ski: false }).cert.der, ROOT.cert.der],
      why: 'no-key-id',
    },
    { name: 'what is no certificate', ca: () => ['AAAA'], why: 'not-readable' },
  ];
  const inventory = estate(CLASH);
  const selection = selectProviders(inventory, []);
  const plan = (ca: readonly string[]) => {
    if (!selection.ok) throw new Error('nothing selected');
    return planExternalCa(inventory, { selection: selection.value, ca: ca as typeof CA, accepted: [], madeBy: 'test' });
  };
  for (const { name, ca, why } of rows) {
    test(`${name} is refused as ${why}`, () => {
      const result = plan(ca());
      expect(
        result.kind === 'refused' && result.refusals.map((one) => (one.code === 'ca-unusable' ? one.why.code : one.code)),
      ).toEqual([why]);
    });
  }

  test('a root that issues itself, twice in the file, and a chain of three in the wrong order are fine', () => {
    expect(plan([ROOT.cert.der, ROOT.cert.der]).kind).toBe('plan');
    const middle = mintCa({ keyType: 'rsa', name: 'CN=Middle', issuer: ROOT });
    const low = mintCa({ keyType: 'rsa', name: 'CN=Low', issuer: middle });
    const result = plan([ROOT.cert.der, low.cert.der, middle.cert.der]);
    expect(result.kind === 'plan' && result.plan.providerCertificates[0]?.chain).toEqual(
      [low, middle, ROOT].map(({ cert }) => cert.sha256),
    );
  });
});

describe('--provider', () => {
  const inventory = anInventory(estate(CLASH).vcenters, [
    ...estate(CLASH).providers,
    aProvider([aRegistration('vcb', { ...lost(), uid: 'other', name: 'other', url: providerUrl('https://10.0.0.9:443') })], {
      id: providerId('x:other'),
      arrays: [],
    }),
  ]);
  const rows: { text: string; finds: number | string }[] = [
    { text: 'com.purestorage:array0', finds: 2 },
    { text: 'array0', finds: 2 },
    { text: 'com.purestorage:array0-ct0', finds: 2 },
    { text: 'array0-CT1', finds: 2 },
    { text: 'vca-0-0', finds: 2 },
    { text: 'https://ARRAY0-ct0.lab.example:8084/other', finds: 2 },
    { text: 'https://10.0.0.9/version.xml', finds: 1 },
    { text: 'array0-ct1', finds: 'array0-ct1' },
    { text: '', finds: '' },
  ];
  for (const { text, finds } of rows) {
    test(`"${text}" ${typeof finds === 'number' ? `finds ${finds}` : 'finds nothing'}`, () => {
      const selection = selectProviders(inventory, [text]);
      expect(selection.ok ? selection.value.providers.length : selection.error).toBe(finds);
    });
  }

  test('none named: every provider somebody lost', () => {
    const selection = selectProviders(inventory, []);
    expect(selection.ok && selection.value.providers.map(({ id }) => id)).toEqual([
      'com.purestorage:array0-ct0',
      'com.purestorage:array0-ct1',
      'x:other',
    ]);
  });
});
