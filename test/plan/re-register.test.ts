import { describe, expect, test } from 'vitest';
import { providerUrl, vcenterId } from '../../src/model/ids.js';
import type { Provider, Registration, Vcenter } from '../../src/model/inventory.js';
import { refusalOf } from '../../src/plan/cleanup-refusal.js';
import { planCleanup } from '../../src/plan/plan-cleanup.js';
import { type PlannedAgain, planAgain, type RegistrationWish } from '../../src/plan/re-register.js';
import {
  anEndpoint,
  anInventory,
  aProblem,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  lost,
  mintProviderLeaf,
  mintVmca,
  onArrays,
  providerId,
  URL_CT0,
  vmcaOf,
} from '../support/inventory.js';
import { mintCa } from '../support/mint.js';

const ARRAY = 'com.example:array1';
const VMCA65 = mintVmca('vc65.lab.example');
const VMCA67 = mintVmca('vc67.lab.example');
const EXTERNAL = mintCa({ name: 'CN=Example Root CA,O=Example' });
const HELD = mintProviderLeaf(VMCA67);
const OWN = mintProviderLeaf(VMCA65);
const SELF_SIGNED = mintProviderLeaf(undefined);
const KEPT = mintProviderLeaf(EXTERNAL);
const WISH: RegistrationWish = { match: { url: URL_CT0 }, name: 'array1-CT0', username: 'pureuser' };

interface Case {
  readonly provider?: Partial<Provider>;
  readonly others?: readonly Registration[];
  readonly vcenter?: Parameters<typeof aVcenter>[1];
  readonly wishes?: readonly RegistrationWish[];
  readonly more?: readonly Provider[];
  readonly blind?: boolean;
}

const own = (facts: Partial<Registration> = {}): Registration =>
  aRegistration('vc65', { ...lost(), ...onArrays(ARRAY), uid: 'uid-ct0', ...facts });

function judged({ provider = {}, others = [], vcenter = {}, wishes = [WISH], more = [], blind = false }: Case): PlannedAgain {
  const vc65: Vcenter = aVcenter('vc65', { ...vmcaOf(VMCA65), ...vcenter });
  const one = aProvider([own(), ...others], { arrays: [ARRAY], ...provider });
  const all = [one, ...more];
  const gaps = blind ? [{ target: 'vc67', source: 'sms' as const, problem: aProblem('unreachable') }] : [];
  const inventory = anInventory([vc65, aVcenter('vc67', vmcaOf(VMCA67))], all, gaps);
  const chosen = all.flatMap((some) =>
    some.registrations
      .filter((registration) => registration.vcenter === 'vc65')
      .map((registration) => ({ provider: some, registration })),
  );
  return planAgain(inventory, vc65, chosen, wishes);
}

const refused = (one: Case) => judged(one).reasons.map(refusalOf);
const winner = (facts: Partial<Registration> = {}) => aRegistration('vc67', { ...onArrays(ARRAY), ...facts });
const VASA5 = { vasaVersion: '5.0', endpoints: [anEndpoint([HELD], heldBy(VMCA67, 'vc67'))] };

describe('refused, because it would take the trust from who holds it', () => {
  const cases: (Case & { name: string; says: RegExp })[] = [
    {
      name: 'the published case: the winner of a clash holds it',
      provider: { endpoints: [anEndpoint([HELD], heldBy(VMCA67, 'vc67'))] },
      others: [winner()],
      says: /make it sign for vc65: vc67 holds it now and would lose it/,
    },
    {
      name: 'the holder is proven and has no registration any more',
      provider: { endpoints: [anEndpoint([HELD], heldBy(VMCA67, 'vc67'))] },
      says: /vc67 holds it now/,
    },
    {
      name: 'no SMS says whether it keeps its certificate',
      provider: { ...({ retained: undefined } as object), endpoints: [anEndpoint([HELD], heldBy(VMCA67, 'vc67'))] },
      others: [winner()],
      says: /vc67 holds it now/,
    },
    {
      name: 'somebody outside the estate signed it',
      provider: { endpoints: [anEndpoint([KEPT])] },
      says: /nobody can say that .* takes it from no other vCenter; a vCenter outside estate.yaml signed what it serves/,
    },
    {
      name: 'a vCenter whose registrations nobody saw',
      provider: { endpoints: [anEndpoint([SELF_SIGNED])] },
      blind: true,
      says: /not seen: registrations \(vc67\)/,
    },
    {
      name: 'VASA 5, and a vCenter that is too old for virtual hosts',
      provider: VASA5,
      others: [winner()],
      vcenter: { version: '7.0.3' },
      says: /vc67 holds it now .*too old for a virtual host/,
    },
    {
      name: 'what it serves was not seen at all',
      provider: { endpoints: [] },
      says: /not seen: leaf/,
    },
  ];
  for (const { name, says, ...one } of cases)
    test(name, () => {
      const [refusal, ...rest] = refused(one);
      expect(rest).toEqual([]);
      expect(refusal).toMatchObject({ code: 'would-take-trust', name: 'array1-CT0', acceptable: false });
      expect(refusal?.summary).toMatch(says);
      expect(refusal?.remedy).toContain('vasatrust plan external-ca --provider com.example:array1');
      expect(judged(one).registrations.size).toBe(0);
    });

  test('no acceptance lifts it: it protects others than the one who accepts', () => {
    const registration = own({ reach: { from: 'appliance', answers: true, addresses: ['10.1.2.3'] }, dependents: nobody });
    const provider = aProvider([registration], { endpoints: [anEndpoint([HELD], heldBy(VMCA67, 'vc67'))] });
    const inventory = anInventory([aVcenter('vc65', vmcaOf(VMCA65)), aVcenter('vc67', vmcaOf(VMCA67))], [provider]);
    const request = { vcenter: vcenterId('vc65'), purpose: 'show' as const, madeBy: 'test', reRegister: [WISH] };
    for (const accepted of [[], [{ code: 'would-take-trust' }], [{ code: 'would-take-trust', name: 'array1-CT0' }]])
      expect(planCleanup(inventory, { ...request, accepted })).toMatchObject({
        kind: 'refused',
        refusals: [{ code: 'would-take-trust' }],
      });
    const { reRegister: _, ...plain } = request;
    expect(planCleanup(inventory, { ...plain, accepted: [] }).kind).toBe('plan');
  });
});

const nobody = { datastores: [], vms: 0, poweredOnVms: 0, hosts: [], vmNames: [] };

describe('registered again, because nobody loses anything', () => {
  test('VASA 5 at a vCenter that is new enough: its own virtual host', () => {
    const { registrations, reasons } = judged({ provider: VASA5, others: [winner()], vcenter: { version: '8.0.3' } });
    expect(reasons).toEqual([]);
    expect(registrations.get('uid-ct0')).toEqual({
      name: 'array1-CT0',
      url: URL_CT0,
      username: 'pureuser',
      seen: [HELD.cert.sha256],
      because: 'virtual-host',
    });
  });

  test('a provider that keeps a certificate this vCenter trusts; that others share it is said', () => {
    const one: Case = {
      provider: { retained: true, endpoints: [anEndpoint([KEPT])] },
      vcenter: { anchors: [VMCA65.cert, EXTERNAL.cert] },
    };
    expect(judged(one).registrations.get('uid-ct0')).toMatchObject({ because: 'retained', seen: [KEPT.cert.sha256] });
    expect(judged(one).warnings).toEqual([]);
    expect(judged({ ...one, others: [winner()] }).warnings).toEqual([{ code: 'client-cas', name: 'array1-CT0' }]);
  });

  test('one that shows its own fresh certificate, and everybody has lost it already', () => {
    const one: Case = { provider: { endpoints: [anEndpoint([SELF_SIGNED])] }, others: [winner(lost())] };
    expect(judged(one).registrations.get('uid-ct0')).toMatchObject({ because: 'hurts-nobody' });
  });

  test('one that this very vCenter holds', () => {
    const one: Case = { provider: { endpoints: [anEndpoint([OWN], heldBy(VMCA65, 'vc65'))] } };
    expect(judged(one).registrations.get('uid-ct0')).toMatchObject({ because: 'hurts-nobody' });
  });

  test("another vCenter's virtual host is nothing that this one could meet", () => {
    const theirs = anEndpoint([KEPT], { vcenter: vcenterId('vc67'), sni: 'vc67.array1' });
    const mine = anEndpoint([OWN], { vcenter: vcenterId('vc65'), sni: 'vc65.array1' });
    const one: Case = { provider: { ...VASA5, endpoints: [...VASA5.endpoints, theirs, mine] }, vcenter: { version: '8.0.3' } };
    expect(judged(one).registrations.get('uid-ct0')?.seen).toEqual([HELD.cert.sha256, OWN.cert.sha256].sort());
  });

  test('two controllers by one entry keep the names they had; by two entries each gets its own', () => {
    const url1 = providerUrl('https://array1-ct1.lab.example:8084/version.xml');
    const leaf = mintProviderLeaf(undefined, { name: 'CN=array1-ct1.lab.example', san: ['array1-ct1.lab.example'] });
    const second = aProvider([own({ uid: 'uid-ct1', name: 'array1-CT1', url: url1 })], {
      id: providerId('com.example:array1-ct1'),
      arrays: [ARRAY],
      endpoints: [anEndpoint([leaf], { url: url1 })],
    });
    const one: Case = { provider: { endpoints: [anEndpoint([SELF_SIGNED])] }, more: [second] };
    const names = (wishes: readonly RegistrationWish[]) =>
      [...judged({ ...one, wishes }).registrations.values()].map(({ name }) => name);
    expect(names([{ ...WISH, match: { arrayId: 'array1' }, name: 'array1' }])).toEqual(['array1-CT0', 'array1-CT1']);
    expect(
      names([
        { ...WISH, name: 'left' },
        { ...WISH, match: { uid: 'uid-ct1' }, name: 'right' },
      ]),
    ).toEqual(['left', 'right']);
  });

  test('registered twice before: once again', () => {
    const { registrations, reasons } = judged({
      provider: { endpoints: [anEndpoint([SELF_SIGNED])] },
      others: [own({ uid: 'uid-twin' })],
    });
    expect([...registrations.keys()]).toEqual(['uid-ct0']);
    expect(reasons).toEqual([]);
  });
});

describe('by a name that the certificate holds', () => {
  const byAddress = providerUrl('https://10.9.9.9:8084/version.xml');
  const elsewhere = mintProviderLeaf(undefined, { san: ['array1-ct0.lab.example'] });
  const registered = (endpoints: Provider['endpoints'], urls: Provider['urls']): Case => ({
    provider: { endpoints, urls, registrations: [own({ url: byAddress })] },
    wishes: [{ ...WISH, match: { uid: 'uid-ct0' } }],
  });

  test('another known URL is taken where the registered one is not in it', () => {
    const one = registered(
      [anEndpoint([elsewhere], { url: byAddress }), anEndpoint([elsewhere])],
      [byAddress, providerUrl(URL_CT0)],
    );
    expect(judged(one).registrations.get('uid-ct0')?.url).toBe(URL_CT0);
  });

  test('no known URL fits: refused, with the way out', () => {
    const [refusal] = refused(registered([anEndpoint([elsewhere], { url: byAddress })], [byAddress]));
    expect(refusal).toMatchObject({ code: 'cannot-register', acceptable: false });
    expect(refusal?.summary).toMatch(/does not hold 10\.9\.9\.9.*InvalidCertificate/);
  });
});

describe('refused, because it would fail anyway', () => {
  test('estate.yaml does not tell how', () => {
    const [refusal] = refused({ provider: { endpoints: [anEndpoint([SELF_SIGNED])] }, wishes: [] });
    expect(refusal).toMatchObject({ code: 'cannot-register', name: 'array1-CT0', acceptable: false });
    expect(refusal?.remedy).toContain(`- url: ${URL_CT0}`);
  });

  test('its root is not in the trust store of this vCenter', () => {
    const [refusal] = refused({ provider: { retained: true, endpoints: [anEndpoint([KEPT])] } });
    expect(refusal?.code).toBe('cannot-register');
    expect(refusal?.summary).toContain('CertificateNotImported');
  });

  test('VASA 5, and nothing was seen to compare with', () => {
    const [refusal] = refused({ provider: { vasaVersion: '5.0', endpoints: [] }, vcenter: { version: '8.0.3' } });
    expect(refusal?.summary).toMatch(/was not seen/);
  });
});
