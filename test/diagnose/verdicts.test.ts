import { describe, expect, test } from 'vitest';
import { CATALOGUE } from '../../src/diagnose/catalogue.js';
import { providerUrl, vcenterId } from '../../src/model/ids.js';
import { diagnoseLogs, diagnoseText, SEED, SEED_LOG } from '../support/diagnose.js';
import { anInventory, aProvider, aRegistration, aVcenter } from '../support/inventory.js';

const sample = (id: string): string => {
  const found = CATALOGUE.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no ${id} in the catalogue`);
  return `${found.sample}\n`;
};
const C17 = sample('C17');
const external = C17.replace('https://esx01.lab.example:9080/', 'https://array1.lab.example:8084/');

describe('verdicts', () => {
  const rows: { name: string; log: string; verdicts: readonly object[] }[] = [
    {
      name: 'certificate_unknown on a provider of an array',
      log: external + sample('C18') + sample('C19'),
      verdicts: [
        { code: 'TRUST_LOST', severity: 'error', count: 3, provider: { url: 'https://array1.lab.example:8084/version.xml' } },
      ],
    },
    { name: 'another alert about a certificate', log: sample('C17b'), verdicts: [{ code: 'TRUST_LOST', severity: 'error' }] },
    {
      name: 'an alert about something else',
      log: sample('C17b').replace('bad_certificate(42)', 'protocol_version(70)'),
      verdicts: [],
    },
    {
      name: 'certificate_unknown at port 9080',
      log: C17 + sample('C18') + sample('C19'),
      verdicts: [{ code: 'IOFILTER_CERT', severity: 'error', count: 3 }],
    },
    { name: 'a self-signed IO filter certificate', log: sample('C20'), verdicts: [{ code: 'IOFILTER_CERT', severity: 'error' }] },
    {
      name: 'one of each, told apart',
      log: external + C17,
      verdicts: [{ code: 'TRUST_LOST' }, { code: 'IOFILTER_CERT' }],
    },
    {
      name: 'no answer to hosts',
      log: sample('C35'),
      verdicts: [{ code: 'VP_OVERLOAD', severity: 'warning', provider: { name: undefined } }],
    },
    { name: 'rubbish to hosts', log: sample('C36'), verdicts: [{ code: 'VP_OVERLOAD' }] },
    {
      name: 'no answer to hosts, and certificates in question',
      log: sample('C35') + external,
      verdicts: [{ code: 'TRUST_LOST' }],
    },
    {
      name: 'TLS between hosts and a provider',
      log: sample('C37'),
      verdicts: [{ code: 'UNKNOWN', severity: 'warning', why: 'host-tls' }],
    },
    ...['C43', 'C44', 'C45', 'C47'].map((id) => ({
      name: `SPS does not answer (${id})`,
      log: sample(id),
      verdicts: [{ code: 'SPS_DOWN', severity: 'error' }],
    })),
    { name: 'not registered', log: sample('C30'), verdicts: [{ code: 'ALREADY_GONE', severity: 'notice' }] },
    {
      name: 'no session, and nothing says why',
      log: sample('C21') + sample('C22'),
      verdicts: [{ code: 'UNKNOWN', severity: 'warning', why: 'no-session' }],
    },
    { name: 'no session, and the certificate says why', log: external + sample('C21'), verdicts: [{ code: 'TRUST_LOST' }] },
    {
      name: 'a removal that failed with another exception',
      log: SEED_LOG.replace('java.lang.NullPointerException', 'java.lang.IllegalStateException'),
      verdicts: [{ code: 'UNKNOWN', severity: 'error', why: 'other-exception', exception: 'java.lang.IllegalStateException' }],
    },
    {
      name: 'a NullPointerException somewhere else',
      log: SEED_LOG.replace('vasa.VasaProviderImpl.flushEventQueue', 'vasa.VasaProviderImpl.somethingElse'),
      verdicts: [{ code: 'UNKNOWN', severity: 'error', why: 'other-exception' }],
    },
    { name: 'healthy hosts', log: sample('C38') + sample('C39') + sample('C42'), verdicts: [] },
    { name: 'what is not about registrations', log: sample('C40') + sample('C41') + sample('C48') + sample('C6'), verdicts: [] },
  ];
  test.each(rows.map((row) => [row.name, row] as const))('%s', (_name, { log, verdicts }) => {
    const told = diagnoseText(log).verdicts;
    expect(told.map(({ code }) => code)).toEqual(verdicts.map((one) => (one as { code: string }).code));
    for (const [index, verdict] of verdicts.entries()) {
      const { provider, ...facts } = verdict as { provider?: { name?: string } };
      expect(told[index]).toMatchObject(facts);
      if (provider !== undefined && provider.name === undefined && 'url' in provider)
        expect(told[index]).toMatchObject({ provider });
      expect(told[index]?.proof.length).toBeGreaterThan(0);
    }
  });

  test('a removal whose end is not in the log is a gap, no verdict', () => {
    const begun = SEED_LOG.split('\n').slice(0, 7).join('\n');
    const { verdicts, gaps } = diagnoseText(begun);
    expect(verdicts).toEqual([]);
    expect(gaps).toMatchObject([{ summary: expect.stringContaining(`SmsTask-22 of provider ${SEED.uid}`) }]);
  });
});

describe('logs of several vCenters and saved evidence', () => {
  const GUIDS = { vc65: '126f5b2d-ae91-4173-bdb6-1fbefcc7e6e2', vc67: '99999999-ae91-4173-bdb6-1fbefcc7e6e2' };
  const url = 'https://array1.lab.example:8084/version.xml';
  const inventory = anInventory(
    [aVcenter('vc65', { instanceUuid: GUIDS.vc65 }), aVcenter('vc67', { instanceUuid: GUIDS.vc67 })],
    [
      aProvider([
        aRegistration('vc65', { uid: SEED.uid, url: providerUrl(url), lastSync: '2018-07-01T00:00:00Z' }),
        aRegistration('vc67', { uid: 'uid-in-vc67', url: providerUrl(url) }),
      ]),
    ],
  );
  const second = SEED_LOG.replaceAll(SEED.uid, 'uid-in-vc67')
    .replaceAll(GUIDS.vc65, GUIDS.vc67)
    .replaceAll('2018-08-02', '2018-08-01');

  test('are kept apart, and each provider has one time line over all', () => {
    const { verdicts, timelines } = diagnoseLogs(
      [
        { name: 'a/sps.log', set: 'a/sps.log', text: SEED_LOG },
        { name: 'b/sps.log', set: 'b/sps.log', text: second },
      ],
      inventory,
    );
    expect(verdicts.map(({ code, vcenter }) => [code, vcenter])).toEqual([
      ['STALE_VP_NPE', 'vc65'],
      ['STALE_VP_NPE', 'vc67'],
    ]);
    expect(verdicts[0]?.provider).toEqual({ uid: SEED.uid, url, name: 'array1-CT0' });
    const [line] = timelines;
    expect(line?.events.map(({ vcenter }) => vcenter)).toEqual(['vc65', ...Array(6).fill('vc67'), ...Array(6).fill('vc65')]);
    expect(line?.events[0]).toMatchObject({ source: 'evidence', what: 'last sync with this vCenter' });
  });

  test('evidence taken later that does not list the uid proves that it is gone', () => {
    const gone = {
      ...inventory,
      providers: inventory.providers.map((one) => ({ ...one, registrations: one.registrations.slice(1) })),
    };
    const told = diagnoseLogs([{ text: SEED_LOG }], gone).verdicts;
    expect(told).toMatchObject([{ code: 'STALE_VP_NPE', severity: 'notice', provenGone: true, vcenter: vcenterId('vc65') }]);
  });

  test('evidence without the list of registrations proves nothing', () => {
    const problem = { code: 'unreachable', target: 'vc65', summary: 'x', remedy: 'y', retry: 'later' } as const;
    const blind = { ...inventory, providers: [], gaps: [{ target: 'vc65', source: 'sms', problem } as const] };
    expect(diagnoseLogs([{ text: SEED_LOG }], blind).verdicts).toMatchObject([{ severity: 'error' }]);
  });
});
