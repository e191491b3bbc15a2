import { describe, expect, test } from 'vitest';
import type { ApplianceProbes } from '../../src/model/appliance-probes.js';
import type { CleanupAnswer, CleanupPlan, CleanupRefusal, CleanupRefusalCode } from '../../src/model/cleanup-plan.js';
import type { Observation } from '../../src/model/evidence.js';
import { isoTime, providerUrl, vcenterId } from '../../src/model/ids.js';
import type { Dependents, Inventory, Provider, Registration, StaleReason, Vcenter } from '../../src/model/inventory.js';
import { graphFault } from '../../src/plan/graph.js';
import { type CleanupRequest, planCleanup } from '../../src/plan/plan-cleanup.js';
import {
  aHost,
  anEndpoint,
  anInventory,
  aProblem,
  aProvider,
  aRegistration,
  aVcenter,
  heldBy,
  internal,
  lost,
  mintProviderLeaf,
  mintVmca,
  NOW,
  onArrays,
  providerId,
  URL_CT0,
} from '../support/inventory.js';

const ARRAY = 'com.example:array1';
const SMS_CONFIG = `<?xml version="1.0" encoding="UTF-8"?>
<!-- made up around the published part, and long enough to be taken for a file -->
<smsConfig>
  <qsConnection>
    <retryAttempt>99999</retryAttempt>
    <retryInterval>30</retryInterval>
  </qsConnection>
  <other><retryAttempt>3</retryAttempt></other>
</smsConfig>
`;

const seen = <T>(value: T): Observation<T> => ({ state: 'seen', at: isoTime(NOW), value });
const unseen: Observation<never> = { state: 'unknown', problem: aProblem('unreachable') };

const nobody: Dependents = { datastores: [], vms: 0, poweredOnVms: 0, hosts: [], vmNames: [] };

function stale(name: string, facts: Partial<Registration> = {}): Registration {
  const at = `10.1.2.${name.endsWith('1') ? 4 : 3}`;
  return aRegistration('vc65', {
    ...lost(),
    uid: `uid-${name}`,
    name,
    url: providerUrl(`https://${name.toLowerCase()}.lab.example:8084/version.xml`),
    ...onArrays(ARRAY),
    reach: { from: 'appliance', answers: true, addresses: [at] },
    dependents: nobody,
    ...facts,
  });
}

const healthy = (name: string, facts: Partial<Registration> = {}): Registration =>
  stale(name, { ...aRegistration('vc65'), uid: `uid-${name}`, name, dependents: nobody, ...facts });

const providerOf = (registration: Registration, facts: Partial<Provider> = {}): Provider =>
  aProvider([registration], { id: providerId(`com.example:${registration.name}`), ...facts });

const probes = (facts: Partial<ApplianceProbes> = {}): ApplianceProbes => ({
  vcenter: vcenterId('vc65'),
  takenAt: isoTime(NOW),
  shell: seen('bash' as const),
  smsConfig: seen({ path: '/usr/lib/vmware-vpx/sps/conf/sms-config.xml', text: SMS_CONFIG, kind: 'regular file' }),
  sps: seen({ runState: 'STARTED', health: 'HEALTHY' }),
  disk: seen([{ mount: '/', freeKib: 4_000_000 }]),
  rootPassword: seen({ expiresInDays: 60 }),
  routes: seen({ gateways: ['10.0.0.254'], hostRoutes: [] }),
  nameservers: seen(['10.0.0.53']),
  operator: seen('10.9.9.9'),
  tools: [],
  resolved: [],
  ...facts,
});

const VMCA67 = mintVmca('vc67.lab.example');
const HELD = mintProviderLeaf(VMCA67);
const SELF_SIGNED = mintProviderLeaf(undefined);
const WISH = { match: { url: URL_CT0 }, name: 'array1-CT0', username: 'pureuser' };

interface Case {
  readonly provider?: Partial<Provider>;
  readonly registrations?: readonly Registration[];
  readonly vcenter?: Partial<Vcenter>;
  readonly probes?: Partial<ApplianceProbes>;
  readonly request?: Partial<CleanupRequest>;
}

function inventoryOf({ registrations = [stale('array1-CT0')], vcenter = {}, provider = {} }: Case): Inventory {
  return anInventory(
    [aVcenter('vc65', vcenter), aVcenter('vc67')],
    registrations.map((one) => providerOf(one, provider)),
  );
}

function answer(one: Case): CleanupAnswer {
  const request: CleanupRequest = { vcenter: vcenterId('vc65'), accepted: [], purpose: 'show', madeBy: 'test', ...one.request };
  return planCleanup(inventoryOf(one), request, probes(one.probes));
}

function planned(one: Case): CleanupPlan {
  const found = answer(one);
  if (found.kind !== 'plan') throw new Error(JSON.stringify(found));
  return found.plan;
}

const refusalsOf = (one: Case): readonly CleanupRefusal[] => {
  const found = answer(one);
  return found.kind === 'refused' ? found.refusals : [];
};

const refusedAs = (one: Case): string[] =>
  refusalsOf(one).map(({ code, name }) => (name === undefined ? code : `${code}:${name}`));

const ONE = { provider: 'array1-CT0' };
const vvol = (facts: Partial<Dependents['datastores'][number]> = {}): Dependents => ({
  ...nobody,
  datastores: [{ name: 'gold', accessible: false, accessibleOn: [], poweredOnVms: 0, ...facts }],
});
const why = (...reasons: StaleReason[]): Partial<Registration> => ({ stale: { value: 'unknown', why: reasons } });

describe('refused, with its code, its name, words and a remedy', () => {
  const cases: (Case & { name: string; refused: string; never?: true })[] = [
    { name: 'nothing answers to that name', request: { provider: 'array9' }, refused: 'not-registered:array9', never: true },
    {
      name: 'a healthy registration',
      registrations: [healthy('array1-CT0')],
      request: ONE,
      refused: 'not-stale:array1-CT0',
      never: true,
    },
    {
      name: 'something about it is not known',
      registrations: [stale('array1-CT0', why({ code: 'not-trusted', met: 'unknown' }))],
      request: ONE,
      refused: 'not-stale:array1-CT0',
      never: true,
    },
    {
      name: 'only the issuer is not known',
      registrations: [stale('array1-CT0', why({ code: 'issuer-unknown' }))],
      request: ONE,
      refused: 'issuer-unknown:array1-CT0',
    },
    {
      name: 'an internal provider',
      registrations: [stale('array1-CT0', internal)],
      request: { provider: 'uid-array1-CT0' },
      refused: 'internal-provider:IOFILTER Provider esx1',
      never: true,
    },
    {
      name: 'a reject route of somebody',
      probes: {
        routes: seen({ gateways: [], hostRoutes: [{ address: '10.1.2.3', line: 'unreachable 10.1.2.3', refuses: true }] }),
      },
      refused: 'leftover-route:10.1.2.3',
    },
    {
      name: 'a route of their own to the provider',
      probes: {
        routes: seen({
          gateways: [],
          hostRoutes: [{ address: '10.1.2.3', line: '10.1.2.3 via 10.0.0.9 dev eth0', refuses: false }],
        }),
      },
      refused: 'static-route:10.1.2.3',
      never: true,
    },
    {
      name: 'powered-on VMs',
      registrations: [stale('array1-CT0', { dependents: { ...vvol({ poweredOnVms: 2 }), poweredOnVms: 2 } })],
      refused: 'dependents-running:gold',
    },
    {
      name: 'a datastore that a host still reaches',
      registrations: [stale('array1-CT0', { dependents: vvol({ accessibleOn: ['esx1'] }) })],
      refused: 'dependents-running:gold',
    },
    {
      name: 'dependents that nobody could count',
      registrations: [(({ dependents: _, ...rest }) => rest)(stale('array1-CT0'))],
      refused: 'dependents-unknown:array1-CT0',
    },
    {
      name: 'an address that serves a healthy registration, too',
      registrations: [stale('array1-CT0'), healthy('array2-CT0')],
      request: ONE,
      refused: 'shared-address:10.1.2.3',
    },
    {
      name: 'the gateway',
      probes: { routes: seen({ gateways: ['10.1.2.3'], hostRoutes: [] }) },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    { name: 'a DNS server', probes: { nameservers: seen(['10.1.2.3']) }, refused: 'protected-address:10.1.2.3', never: true },
    { name: 'the operator', probes: { operator: seen('10.1.2.3') }, refused: 'protected-address:10.1.2.3', never: true },
    {
      name: 'an ESXi host by address',
      vcenter: { hosts: [aHost('10.1.2.3')] },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'an ESXi host by name',
      vcenter: { hosts: [aHost('esx1.lab')] },
      probes: { resolved: [{ name: 'esx1.lab', addresses: seen(['10.1.2.3']) }] },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'the host of an IO-filter provider',
      registrations: [
        stale('array1-CT0'),
        healthy('esx', { ...internal, url: providerUrl('https://10.1.2.3:9080/version.xml') }),
      ],
      request: ONE,
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'a linked vCenter',
      vcenter: { linkedWith: [{ vcenter: vcenterId('vc67'), basis: 'topology' }] },
      probes: { resolved: [{ name: 'vc67.lab.example', addresses: seen(['10.1.2.3']) }] },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'the vCenter itself',
      probes: { resolved: [{ name: 'vc65.lab.example', addresses: seen(['10.1.2.3']) }] },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'the loopback address',
      registrations: [stale('array1-CT0', { reach: { from: 'appliance', answers: true, addresses: ['127.0.0.1'] } })],
      refused: 'protected-address:127.0.0.1',
      never: true,
    },
    {
      name: 'addresses that nobody resolved there',
      registrations: [stale('array1-CT0', { reach: { from: 'operator', answers: true, addresses: ['10.1.2.3'] } })],
      refused: 'addresses-unknown:array1-CT0',
      never: true,
    },
    {
      name: 'an IPv6 address that an appliance without `ip` has to block',
      registrations: [
        stale('array1-CT0', { reach: { from: 'appliance', answers: true, addresses: ['10.1.2.3', '2001:db8::3'] } }),
      ],
      probes: { tools: [{ tool: 'ip', present: seen(false) }] },
      refused: 'cannot-block:2001:db8::3',
      never: true,
    },
    { name: 'a backup that nobody confirmed', request: { purpose: 'carry-out' }, refused: 'backup-unconfirmed' },
    {
      name: 'SPS that is not started',
      probes: { sps: seen({ runState: 'START_PENDING', health: 'UNHEALTHY' }) },
      refused: 'sps-unhealthy',
    },
    {
      name: 'SPS that is started and unhealthy',
      probes: { sps: seen({ runState: 'STARTED', health: 'UNHEALTHY' }) },
      refused: 'sps-unhealthy',
    },
    {
      name: 'a file that is not well-formed',
      probes: { smsConfig: seen({ path: 'x', text: SMS_CONFIG.replace('</smsConfig>', '') }) },
      refused: 'config-unexpected',
      never: true,
    },
    {
      name: 'a file that is a link',
      probes: { smsConfig: seen({ path: 'x', text: SMS_CONFIG, kind: 'symbolic link' }) },
      refused: 'config-unexpected',
      never: true,
    },
    {
      name: 'no file',
      probes: { smsConfig: { state: 'absent', at: isoTime(NOW), why: 'no such file' } },
      refused: 'config-unexpected',
      never: true,
    },
    {
      name: 'a number that nobody ships',
      probes: { smsConfig: seen({ path: 'x', text: SMS_CONFIG.replace('99999', '10') }) },
      refused: 'config-unexpected',
      never: true,
    },
    {
      name: '4 already',
      probes: { smsConfig: seen({ path: 'x', text: SMS_CONFIG.replace('99999', '4') }) },
      refused: 'cleanup-leftover',
      never: true,
    },
    {
      name: '4 already, as the evidence says',
      vcenter: { leftovers: { changedRetryAttempt: '4' } },
      probes: { smsConfig: unseen },
      refused: 'cleanup-leftover',
      never: true,
    },
    {
      name: 'a timer of another run',
      vcenter: { leftovers: { rejectRoutes: [], armed: ['vasatrust-x.timer'] } },
      refused: 'another-run:vasatrust-x.timer',
    },
    {
      name: 'the lock of another run, which nobody else can take',
      vcenter: { leftovers: { rejectRoutes: [], armed: ['/root/.vasatrust/lock'] } },
      refused: 'another-run:/root/.vasatrust/lock',
      never: true,
    },
    {
      name: 'a way by SSH that leads to another appliance',
      vcenter: { otherMachine: { rest: 'aa'.repeat(32), store: 'bb'.repeat(32) } },
      refused: 'another-appliance',
    },
    {
      name: 'a full disk',
      probes: { disk: seen([{ mount: '/storage/log', freeKib: 499 * 1024 }]) },
      refused: 'disk-full:/storage/log',
    },
    {
      name: 'a password that expires tomorrow',
      probes: { rootPassword: seen({ expiresInDays: 1 }) },
      refused: 'password-expiring',
    },
    {
      name: 'vCenter High Availability that may fail over',
      vcenter: { vcha: { state: 'configured', mode: 'enabled', addresses: ['192.168.9.1'] } },
      refused: 'vcha-enabled',
    },
    {
      name: 'vCenter High Availability whose mode was not told',
      vcenter: { vcha: { state: 'configured', addresses: [] } },
      refused: 'vcha-enabled',
    },
    {
      name: 'vCenter High Availability that is being set up',
      vcenter: { vcha: { state: 'prepared', addresses: [] } },
      refused: 'vcha-enabled',
    },
    {
      name: 'a node of vCenter High Availability',
      vcenter: { vcha: { state: 'configured', mode: 'maintenance', addresses: ['192.168.9.1', '10.1.2.3'] } },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'a platform services controller of the same SSO domain',
      vcenter: { ssoNodes: ['psc1.lab.example'] },
      probes: { resolved: [{ name: 'psc1.lab.example', addresses: seen(['10.1.2.3']) }] },
      refused: 'protected-address:10.1.2.3',
      never: true,
    },
    {
      name: 'registering again what another vCenter holds',
      provider: { retained: false, endpoints: [anEndpoint([HELD], heldBy(VMCA67, 'vc67'))] },
      request: { reRegister: [WISH] },
      refused: 'would-take-trust:array1-CT0',
      never: true,
    },
    {
      name: 'registering again what estate.yaml does not tell of',
      provider: { retained: false, endpoints: [anEndpoint([SELF_SIGNED])] },
      request: { reRegister: [{ ...WISH, match: { url: 'https://array9.lab.example:8084/' } }] },
      refused: 'cannot-register:array1-CT0',
      never: true,
    },
    { name: 'a password that has expired', probes: { rootPassword: seen({ expiresInDays: -3 }) }, refused: 'password-expiring' },
  ];
  for (const { name, refused, never, ...one } of cases)
    test(name, () => {
      expect(refusedAs(one)).toEqual([refused]);
      const found = answer(one);
      const [refusal] = found.kind === 'refused' ? found.refusals : [];
      expect(refusal?.acceptable).toBe(never !== true);
      expect(refusal?.summary.length).toBeGreaterThan(15);
      expect(refusal?.remedy.length).toBeGreaterThan(20);
      const [code = '', ...rest] = refused.split(':');
      const accept = (...accepted: NonNullable<CleanupRequest['accepted']>) =>
        answer({ ...one, request: { ...one.request, accepted } }).kind;
      const named = rest.length === 0 ? { code } : { code, name: rest.join(':') };
      expect(accept(named)).toBe(never === true ? 'refused' : 'plan');
      expect(accept({ code, name: 'something else' })).toBe('refused');
      expect(accept({ code: 'shared-adress' })).toBe('refused');
    });

  test.each([
    ['that could not be read', unseen],
    ['that is not there', { state: 'absent', at: isoTime(NOW) } as const],
  ])('a file %s is no hindrance to a runbook by hand, and one to carrying it out', (_what, smsConfig) => {
    const accepted = [{ code: 'backup-unconfirmed' }];
    const by = { by: 'tool', accepted } as const;
    expect(refusedAs({ probes: { smsConfig }, request: { ...by, purpose: 'carry-out' } })).toEqual(['config-unexpected']);
    if (smsConfig === unseen) expect(planned({ probes: { smsConfig }, request: { by: 'hand' } }).config.exact).toBeUndefined();
  });

  test('every code has its row', () => {
    const codes = new Set(cases.map(({ refused }) => refused.split(':')[0]));
    const all: Record<CleanupRefusalCode, true> = {
      'not-registered': true,
      'not-stale': true,
      'issuer-unknown': true,
      'internal-provider': true,
      'leftover-route': true,
      'static-route': true,
      'dependents-running': true,
      'dependents-unknown': true,
      'shared-address': true,
      'protected-address': true,
      'addresses-unknown': true,
      'cannot-block': true,
      'backup-unconfirmed': true,
      'sps-unhealthy': true,
      'config-unexpected': true,
      'cleanup-leftover': true,
      'another-run': true,
      'another-appliance': true,
      'disk-full': true,
      'password-expiring': true,
      'vcha-enabled': true,
      'would-take-trust': true,
      'cannot-register': true,
    };
    expect([...codes].sort()).toEqual(Object.keys(all).sort());
  });

  test('all reasons are told at once', () => {
    expect(
      refusedAs({
        registrations: [stale('array1-CT0', { dependents: { ...vvol({ poweredOnVms: 2 }), poweredOnVms: 2 } })],
        probes: { sps: seen({ runState: 'STOPPED' }), operator: seen('10.1.2.3') },
        request: { purpose: 'carry-out' },
      }),
    ).toEqual(['protected-address:10.1.2.3', 'dependents-running:gold', 'sps-unhealthy', 'backup-unconfirmed']);
  });

  test('vCenter High Availability that cannot fail over, or is not there, keeps nobody from going on', () => {
    const modes = ['maintenance', 'disabled'].map((mode) => ({ state: 'configured', mode, addresses: ['192.168.9.1'] }));
    for (const vcha of [...modes, { state: 'notConfigured', addresses: [] }, 'none' as const])
      expect(refusedAs({ vcenter: { vcha } })).toEqual([]);
    expect(planned({ vcenter: { vcha: 'none' } }).unseen.join()).not.toContain('High Availability');
    expect(planned({}).unseen.join()).toContain('High Availability');
  });

  test('every datastore needs an acceptance of its own, or one for all', () => {
    const datastores = ['gold', 'silver'].map((name) => ({ name, accessible: false, accessibleOn: [], poweredOnVms: 1 }));
    const one: Case = { registrations: [stale('array1-CT0', { dependents: { ...nobody, datastores, poweredOnVms: 2 } })] };
    const accepting = (...accepted: CleanupRequest['accepted']) => refusedAs({ ...one, request: { accepted } });
    expect(accepting()).toEqual(['dependents-running:gold', 'dependents-running:silver']);
    expect(accepting({ code: 'dependents-running', name: 'gold' })).toEqual(['dependents-running:silver']);
    expect(accepting({ code: 'dependents-running' })).toEqual([]);
  });

  test('stale now and not before', () => {
    const firstLook = inventoryOf({ registrations: [healthy('array1-CT0')] });
    expect(refusedAs({ request: { firstLook } })).toEqual(['not-stale:array1-CT0']);
    expect(refusedAs({ request: { firstLook: inventoryOf({}) } })).toEqual([]);
  });

  test('an acceptance that was not needed is mentioned', () => {
    expect(planned({ request: { accepted: [{ code: 'disk-full' }] } }).unneeded).toEqual([{ code: 'disk-full' }]);
  });

  test('a confirmed backup is not called unneeded by what only shows: it is needed as soon as it is carried out', () => {
    const accepted = [{ code: 'backup-unconfirmed' }];
    expect(planned({ request: { accepted, purpose: 'show' } }).unneeded).toEqual([]);
    expect(planned({ request: { accepted, purpose: 'carry-out' } }).accepted).toEqual(accepted);
  });
});

describe('what there is to do', () => {
  const commands = (plan: CleanupPlan, number: number) =>
    plan.steps
      .filter((step) => step.number === number)
      .flatMap((step) =>
        step.do.flatMap((act) => (act.by === 'ssh' ? [act.argv.join(' ')] : act.by === 'sms' ? [`remove ${act.name}`] : [])),
      );
  const both = [
    stale('array1-CT0', { arrays: [{ arrayId: ARRAY, active: true, manageable: true, priority: 1 }] }),
    stale('array1-CT1', { arrays: [{ arrayId: ARRAY, active: false, manageable: true, priority: 1 }] }),
  ];

  test('nothing stale: nothing to do, and what is not decided is named', () => {
    expect(answer({ registrations: [healthy('array1-CT0')] })).toMatchObject({ kind: 'nothing-stale', undecided: [] });
    const unknown = stale('array1-CT1', why({ code: 'not-trusted', met: 'unknown' }));
    expect(answer({ registrations: [healthy('array1-CT0'), unknown] })).toMatchObject({
      kind: 'nothing-stale',
      undecided: [{ uid: 'uid-array1-CT1' }],
    });
  });

  test('the eleven steps of one registration, in their order', () => {
    const plan = planned({});
    expect(plan.steps.map(({ number, kind }) => `${number ?? '-'} ${kind}`)).toEqual([
      '- confirm-backup',
      '- try-plain',
      '1 open-shell',
      '- record-state',
      '2 lower-retry',
      '3 block',
      '4 stop-sps',
      '5 start-sps',
      '6 await-offline',
      '7 unregister',
      '8 unblock',
      '9 restore-retry',
      '10 restart-sps',
      '11 confirm-clean',
    ]);
    expect(plan).toMatchObject({ strategy: 'one-pass', restarts: 2, ifOneSurvives: [] });
    expect(graphFault(plan.steps)).toBeUndefined();
  });

  test('two stale controllers go in one pass: both blocked, the inactive one removed first', () => {
    const plan = planned({ registrations: both });
    expect(commands(plan, 3)).toEqual([
      '/sbin/ip route add unreachable 10.1.2.4/32',
      '/sbin/ip route add unreachable 10.1.2.3/32',
    ]);
    expect(commands(plan, 7)).toEqual(['remove array1-CT1', 'remove array1-CT0']);
    expect(commands(plan, 8)).toEqual([
      '/sbin/ip route del unreachable 10.1.2.4/32',
      '/sbin/ip route del unreachable 10.1.2.3/32',
    ]);
    expect(plan.restarts).toBe(2);
    expect(graphFault(plan.ifOneSurvives)).toBeUndefined();
    expect(plan.warnings).toContainEqual({ code: 'may-need-one-at-a-time', extraRestarts: 2 });
  });

  test("services that do not run and a clock that is off are said, and stand in nobody's way", () => {
    const services = (state: string) =>
      seen([
        { name: 'vmware-vpostgres', state },
        { name: 'vpxd', state: 'STARTED' },
        { name: 'mbcs', state: 'STOPPED' },
      ]);
    const codes = (one: Case) => planned(one).warnings.map(({ code }) => code);
    const plan = planned({ probes: { services: services('STOPPED') }, vcenter: { clockAheadMs: -90_000 } });
    expect(plan.warnings).toContainEqual({ code: 'services-down', services: ['vmware-vpostgres (STOPPED)'] });
    expect(plan.warnings).toContainEqual({ code: 'clock-off', seconds: -90 });
    for (const one of [
      {},
      { probes: { services: services('STARTED') }, vcenter: { clockAheadMs: 60_000 } },
      { probes: { services: unseen } },
    ])
      expect(codes(one).filter((code) => code === 'services-down' || code === 'clock-off')).toEqual([]);
  });

  test('Reconnect first, only where it is disconnected and trusted; else it is said', () => {
    const trusted = {
      value: true,
      grade: 'path',
      why: { code: 'path-to-anchor', anchor: 'aa', anchorSubject: 'CN=CA' },
    } as never;
    const first = { firstReconnect: true };
    const works = planned({ registrations: [stale('array1-CT0', { status: 'disconnected', trusted })], request: first });
    expect(works.steps.map(({ kind }) => kind).slice(0, 3)).toEqual(['confirm-backup', 'try-reconnect', 'try-plain']);
    expect(works.warnings.map(({ code }) => code)).not.toContain('no-reconnect');
    for (const [facts, reason] of [
      [{ status: 'offline', trusted }, 'status'],
      [{ status: 'disconnected' }, 'not-trusted'],
    ] as const) {
      const plan = planned({ registrations: [stale('array1-CT0', facts)], request: first });
      expect(plan.steps.map(({ kind }) => kind)).not.toContain('try-reconnect');
      expect(plan.warnings).toContainEqual({ code: 'no-reconnect', uid: 'uid-array1-CT0', name: 'array1-CT0', why: reason });
    }
    const unasked = planned({ registrations: [stale('array1-CT0', { status: 'disconnected', trusted })] });
    expect(unasked.steps.map(({ kind }) => kind)).not.toContain('try-reconnect');
  });

  test('one at a time: each its own block and restart', () => {
    const plan = planned({ registrations: both, request: { oneAtATime: true } });
    expect(plan).toMatchObject({ strategy: 'one-at-a-time', restarts: 3, ifOneSurvives: [] });
    expect(commands(plan, 3)).toEqual([
      '/sbin/ip route add unreachable 10.1.2.4/32',
      '/sbin/ip route add unreachable 10.1.2.3/32',
    ]);
    expect(plan.steps.filter(({ kind }) => ['block', 'unregister', 'unblock'].includes(kind)).map(({ kind }) => kind)).toEqual([
      'block',
      'unregister',
      'unblock',
      'block',
      'unregister',
      'unblock',
    ]);
    expect(graphFault(plan.steps)).toBeUndefined();
  });

  test('a healthy sibling stays reachable', () => {
    const plan = planned({
      registrations: [
        stale('array1-CT0'),
        healthy('array1-CT1', { reach: { from: 'appliance', answers: true, addresses: ['10.1.2.4'] }, ...onArrays(ARRAY) }),
      ],
    });
    expect(plan.siblings).toEqual([{ uid: 'uid-array1-CT1', name: 'array1-CT1', working: true }]);
    expect(plan.addresses.map(({ address }) => address)).toEqual(['10.1.2.3']);
    expect(plan.warnings.map(({ code }) => code)).not.toContain('no-path-afterwards');
  });

  test('one of two stale ones by name leaves the other alone, and says so', () => {
    const plan = planned({ registrations: both, request: ONE });
    expect(plan.removals.map(({ name }) => name)).toEqual(['array1-CT0']);
    expect(plan.warnings).toContainEqual({ code: 'other-stale', uid: 'uid-array1-CT1', name: 'array1-CT1' });
  });

  for (const wanted of [
    'uid-array1-CT0',
    'array1-CT0',
    'https://array1-ct0.lab.example:8084/version.xml',
    'https://ARRAY1-CT0.lab.example:8084/',
  ])
    test(`found as ${wanted}`, () =>
      expect(planned({ registrations: both, request: { provider: wanted } }).removals).toMatchObject([
        { uid: 'uid-array1-CT0' },
      ]));

  test('every address the appliance resolves is blocked, of both families; the fresh look counts', () => {
    const resolved = [{ name: 'array1-ct0.lab.example', addresses: seen(['10.1.2.7', '2001:db8::7']) }];
    const plan = planned({ probes: { resolved } });
    expect(commands(plan, 3)).toEqual([
      '/sbin/ip route add unreachable 10.1.2.7/32',
      '/sbin/ip -6 route add unreachable 2001:db8::7/128',
    ]);
    expect(plan.steps.find(({ kind }) => kind === 'block')?.undo).toEqual([
      { by: 'ssh', argv: ['/sbin/ip', 'route', 'del', 'unreachable', '10.1.2.7/32'] },
      { by: 'ssh', argv: ['/sbin/ip', '-6', 'route', 'del', 'unreachable', '2001:db8::7/128'] },
    ]);
  });

  test('a provider by address needs no name', () => {
    const byAddress = stale('array1-CT0', {
      url: providerUrl('https://[2001:db8::5]:8084/version.xml'),
      reach: { from: 'nobody' },
    });
    expect(planned({ registrations: [byAddress] }).addresses).toMatchObject([{ address: '2001:db8::5', family: 6 }]);
  });

  test('without ip it is route', () => {
    const plan = planned({ probes: { tools: [{ tool: 'ip', present: seen(false) }] } });
    expect([...commands(plan, 3), ...commands(plan, 8)]).toEqual([
      '/sbin/route add -host 10.1.2.3 reject',
      '/sbin/route del -host 10.1.2.3 reject',
    ]);
  });

  test('a reject route that was accepted is taken over: not made again, and removed', () => {
    const routes = seen({ gateways: [], hostRoutes: [{ address: '10.1.2.3', line: 'unreachable 10.1.2.3', refuses: true }] });
    const plan = planned({ probes: { routes }, request: { accepted: [{ code: 'leftover-route', name: '10.1.2.3' }] } });
    expect(commands(plan, 3)).toEqual([]);
    expect(commands(plan, 8)).toEqual(['/sbin/ip route del unreachable 10.1.2.3/32']);
  });

  test.each([
    ['unreachable 10.1.2.3', '/sbin/ip route del unreachable 10.1.2.3/32', true],
    ['blackhole 10.1.2.3', '/sbin/ip route del blackhole 10.1.2.3/32', false],
    ['prohibit 10.1.2.3', '/sbin/ip route del prohibit 10.1.2.3/32', false],
    ['10.1.2.3        -               255.255.255.255 !H    0      -        0 -', '/sbin/route del -host 10.1.2.3 reject', true],
  ])('a reject route "%s" is deleted by `%s`, and taken over: %s', (line, remove, acceptable) => {
    const routes = seen({ gateways: [], hostRoutes: [{ address: '10.1.2.3', line, refuses: true }] });
    const [refusal] = refusalsOf({ probes: { routes } });
    expect(refusal).toMatchObject({ code: 'leftover-route', acceptable });
    expect(refusal?.remedy).toContain(`\`${remove}\``);
    expect(refusal?.remedy.includes('Accepted, it is taken over')).toBe(acceptable);
  });

  test('SPS that is not well is no condition of step 1 where that was accepted', () => {
    const sps = seen({ runState: 'STARTED', health: 'DEGRADED', pid: 1 });
    const looks = (plan: CleanupPlan) => plan.steps.find(({ kind }) => kind === 'open-shell')?.check.length;
    expect(looks(planned({}))).toBe(2);
    expect(looks(planned({ probes: { sps }, request: { accepted: [{ code: 'sps-unhealthy' }] } }))).toBe(1);
  });

  test.each([
    [99_999, 50, true],
    [10, 50, true],
    [50, 50, false],
    [4, 50, false],
  ])('the file says %i and --original-retry %i: refused is %s', (now, originalRetry, refused) => {
    const smsConfig = seen({ path: 'x', text: SMS_CONFIG.replace('99999', String(now)) });
    const codes = refusalsOf({ probes: { smsConfig }, request: { originalRetry } }).map(({ code }) => code);
    expect(codes.includes('config-unexpected')).toBe(refused);
  });

  test('the file: the exact line, and what it says at the end', () => {
    expect(commands(planned({}), 2)[1]).toBe('/bin/sed -i 5s/99999/4/ /usr/lib/vmware-vpx/sps/conf/sms-config.xml.vasatrust-new');
    const four = { smsConfig: seen({ path: 'x', text: SMS_CONFIG.replace('99999', '4') }) };
    const plan = planned({ probes: four, request: { originalRetry: 99_999 } });
    expect(commands(plan, 2)).toEqual([]);
    expect(commands(plan, 9)[1]).toBe('/bin/sed -i 5s/4/99999/ /usr/lib/vmware-vpx/sps/conf/sms-config.xml.vasatrust-new');
    const ten = { smsConfig: seen({ path: 'x', text: SMS_CONFIG.replace('99999', '10') }) };
    expect(planned({ probes: ten, request: { originalRetry: 10 } }).config).toMatchObject({
      now: '10',
      during: '4',
      after: '10',
    });
  });

  test('without a look at the appliance the published pattern is used, and what was not seen is said', () => {
    const found = planCleanup(inventoryOf({}), { vcenter: vcenterId('vc65'), accepted: [], purpose: 'show', madeBy: 'test' });
    if (found.kind !== 'plan') throw new Error('refused');
    expect(commands(found.plan, 2)[1]).toContain('/<qsConnection>/,/<\\/qsConnection>/s/');
    expect(found.plan.unseen[0]).toMatch(/appliance was not asked again/);
  });

  test('the wait for offline follows the file: attempts by interval, and one poll', () => {
    const text = SMS_CONFIG.replace('<retryInterval>30', '<retryInterval>45');
    const plan = planned({ probes: { smsConfig: seen({ path: 'x', text }) } });
    expect(plan.steps.find(({ kind }) => kind === 'await-offline')?.wait).toEqual({
      until: 'offline',
      least: 190,
      most: 600,
      every: 10,
    });
  });

  test('the same evidence gives the same bytes', () => {
    expect(JSON.stringify(planned({ registrations: both }))).toBe(
      JSON.stringify(planned({ registrations: [...both].reverse() })),
    );
  });
});
