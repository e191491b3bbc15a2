import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { derBase64 } from '../../src/model/ids.js';
import { ok } from '../../src/model/problem.js';
import {
  type ApplianceReader,
  isAllowedRead,
  parseAhosts,
  parseEpochMs,
  readAddresses,
  readArmed,
  readClock,
  readRejectRoutes,
  readServedChain,
  readSmsConfig,
  readSpsLogTail,
  readVecsStore,
  readVmcaRoot,
} from '../../src/wire/appliance-facts.js';
import { parseRouteTable } from '../../src/wire/routes.js';
import { parseServedChain } from '../../src/wire/tls-from-appliance.js';
import type { CommandOutput } from '../../src/wire/vcenter-shell.js';
import { parseVecsEntries } from '../../src/wire/vecs.js';
import { mintCa, mintLeaf } from '../support/mint.js';

const ca = mintCa();
const leaf = mintLeaf({ issuer: ca });
const der = (minted: { der: Uint8Array }) => derBase64(minted.der);

/** An appliance that answers from a table of command lines; what is not in it is not there. */
function appliance(answers: Readonly<Record<string, string | Partial<CommandOutput>>>): ApplianceReader & { asked: string[][] } {
  const asked: string[][] = [];
  return {
    label: 'vc1',
    asked,
    run: async (argv) => {
      asked.push([...argv]);
      const answer = answers[argv.join(' ')] ?? { code: 127, stderr: `${argv[0]}: No such file or directory` };
      return ok({ code: 0, stdout: '', stderr: '', ...(typeof answer === 'string' ? { stdout: answer } : answer) });
    },
  };
}
const noFile: Partial<CommandOutput> = { code: 1, stderr: '/bin/cat: x: No such file or directory\n' };

describe('VECS stores', () => {
  const LIST = '/usr/lib/vmware-vmafd/bin/vecs-cli entry list --store SMS';
  const listing = [
    'Number of entries in store :\t4',
    'Alias :\thttps://array1.lab:8084/version.xml',
    'Entry type :\tTrusted Cert',
    `Certificate :\t${leaf.pem.trim()}`,
    ca.pem.trim(),
    '',
    'Alias :\tsps-extension',
    'Entry type :\tPrivate Key',
    `Certificate :\t${leaf.pem.trim()}`,
    '',
    'Alias :\tan alias : with colons',
    'Entry type :\tTrusted Cert',
    `Certificate :\t${ca.pem.trim()}`,
    '',
    'Alias :\tpassword',
    'Entry type :\tSecret Key',
    '',
  ];

  test('aliases keep their colons and slashes, entries all their certificates', async () => {
    const expected = [
      { store: 'SMS', alias: 'https://array1.lab:8084/version.xml', type: 'Trusted Cert', certificates: [der(leaf), der(ca)] },
      { store: 'SMS', alias: 'sps-extension', type: 'Private Key', certificates: [der(leaf)] },
      { store: 'SMS', alias: 'an alias : with colons', type: 'Trusted Cert', certificates: [der(ca)] },
      { store: 'SMS', alias: 'password', type: 'Secret Key', certificates: [] },
    ];
    for (const lineEnd of ['\n', '\r\n']) {
      const read = await readVecsStore(appliance({ [LIST]: listing.join(lineEnd) }), 'SMS');
      expect(read).toEqual({ ok: true, value: { state: 'seen', value: expected } });
    }
  });

  test('an empty store is seen empty, a store that is not there is absent, half a list is no answer', async () => {
    expect(await readVecsStore(appliance({ [LIST]: 'Number of entries in store :\t0\n' }), 'SMS')).toMatchObject({
      value: { value: [] },
    });
    const gone = {
      code: 1,
      stdout: 'vecs-cli failed. Error 4312: Possible errors:\nLDAP error: (null)\nWin Error: ERROR_OBJECT_NOT_FOUND\n',
    };
    expect(await readVecsStore(appliance({ [LIST]: gone }), 'SMS')).toMatchObject({ ok: true, value: { state: 'absent' } });
    for (const text of [
      '',
      listing.slice(0, 5).join('\n'),
      'Number of entries in store :\t1\nAlias :\tx\n',
      'command not found',
    ]) {
      expect(await readVecsStore(appliance({ [LIST]: text }), 'SMS')).toMatchObject({
        ok: false,
        error: { code: 'bad-answer', target: 'vc1' },
      });
    }
    const denied = { code: 1, stderr: 'vecs-cli failed. Error 5: access denied \u001b[31m\n' };
    const refused = await readVecsStore(appliance({ [LIST]: denied }), 'SMS');
    expect(refused).toMatchObject({ error: { code: 'command-failed', summary: expect.not.stringContaining('\u001b') } });
    expect(await readVecsStore(appliance({}), 'SMS')).toMatchObject({ error: { code: 'not-supported' } });
  });

  test('no text makes the parser throw', () => {
    const piece = fc.constantFrom(
      'Number of entries in store :\t',
      'Alias :\t',
      'Entry type :\t',
      'Certificate :\t',
      '-----BEGIN CERTIFICATE-----',
      '-----END CERTIFICATE-----',
      '1',
      '\n',
      'x',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 60 }), (pieces) => {
        const parsed = parseVecsEntries(pieces.join(''), 'SMS');
        if (parsed.ok) for (const entry of parsed.value) expect(entry.alias).not.toBe('');
      }),
      { seed: 20261122, numRuns: 2_000 },
    );
  });
});

describe('the VMCA root', () => {
  const CAT = '/bin/cat /var/lib/vmware/vmca/root.cer';
  test('is read in the order of the file', async () => {
    expect(await readVmcaRoot(appliance({ [CAT]: `${ca.pem}\r\n${leaf.pem}` }))).toEqual({
      ok: true,
      value: { state: 'seen', value: [der(ca), der(leaf)] },
    });
    expect(await readVmcaRoot(appliance({ [CAT]: noFile }))).toMatchObject({ ok: true, value: { state: 'absent' } });
    expect(await readVmcaRoot(appliance({ [CAT]: 'not a certificate' }))).toMatchObject({ error: { code: 'bad-answer' } });
  });
});

describe('sms-config.xml', () => {
  const CAT = '/bin/cat /usr/lib/vmware-vpx/sps/conf/sms-config.xml';
  const config = (inner: string) =>
    `<?xml version="1.0" encoding="UTF-8"?>\n<!-- ü <retryAttempt>7</retryAttempt> -->\n<smsConfig><other><retryAttempt>3</retryAttempt></other>${inner}</smsConfig>\n`;
  const usual =
    '<qsConnection>\n<!-- Retry attempt for QS connection. -->\n<retryAttempt> 99999 </retryAttempt><!-- <retryAttempt>1</retryAttempt> --><retryInterval>30</retryInterval></qsConnection>';

  test('size and digest are the file’s, the numbers those of qsConnection', async () => {
    const text = config(usual);
    expect(await readSmsConfig(appliance({ [CAT]: text }))).toEqual({
      ok: true,
      value: {
        state: 'seen',
        value: {
          path: '/usr/lib/vmware-vpx/sps/conf/sms-config.xml',
          size: Buffer.byteLength(text),
          sha256: createHash('sha256').update(text).digest('hex'),
          retryAttempt: '99999',
          retryInterval: '30',
        },
      },
    });
  });
  for (const { name, inner } of [
    { name: 'two qsConnections', inner: usual + usual },
    { name: 'none', inner: '' },
    {
      name: 'two retryAttempts in it',
      inner: '<qsConnection><retryAttempt>4</retryAttempt><retryAttempt>5</retryAttempt></qsConnection>',
    },
  ]) {
    test(`${name}: no number is reported`, async () => {
      const read = await readSmsConfig(appliance({ [CAT]: config(inner) }));
      expect(read.ok && read.value.state === 'seen' && read.value.value.retryAttempt).toBeUndefined();
      expect(read.ok).toBe(true);
    });
  }
  for (const { name, text } of [
    {
      name: 'the arrow somebody copied from the article',
      text: config('<qsConnection><retryAttempt>4</retryAttempt> <--Here</qsConnection>'),
    },
    { name: 'a DOCTYPE', text: '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>' },
    { name: 'an empty file', text: '' },
    { name: 'bytes that are no UTF-8', text: config('\ufffd') },
  ]) {
    test(`${name} is a problem`, async () =>
      expect(await readSmsConfig(appliance({ [CAT]: text }))).toMatchObject({ error: { code: 'bad-answer' } }));
  }
});

describe('reject routes', () => {
  const four = [
    'default via 10.9.0.254 dev eth0 proto static',
    '10.9.0.0/24 dev eth0 scope link',
    'unreachable 10.9.0.5 ',
    'unreachable 10.9.0.6 scope host ',
    'blackhole 10.8.0.0/16',
    'prohibit 10.9.0.7/32 metric 1',
    'unreachable default metric 4278198272',
    'unreachable 999.1.1.1',
  ].join('\n');
  const six = [
    'fe80::/64 dev eth0 proto kernel',
    'unreachable fd00::5 dev lo metric 1024 pref medium',
    'unreachable FD00:0::6/128 dev lo',
    'unreachable default dev lo metric 4294967295',
    'unreachable fd01::/64 dev lo',
  ].join('\r\n');

  test('host routes of both families, whatever made them', async () => {
    const read = await readRejectRoutes(appliance({ '/sbin/ip route show': four, '/sbin/ip -6 route show': six }));
    expect(read).toEqual({
      ok: true,
      value: {
        state: 'seen',
        value: [
          { address: '10.9.0.5', line: 'unreachable 10.9.0.5' },
          { address: '10.9.0.6', line: 'unreachable 10.9.0.6 scope host' },
          { address: '10.9.0.7', line: 'prohibit 10.9.0.7/32 metric 1' },
          { address: 'fd00::5', line: 'unreachable fd00::5 dev lo metric 1024 pref medium' },
          { address: 'fd00::6', line: 'unreachable FD00:0::6/128 dev lo' },
        ],
      },
    });
  });
  test('without iproute2 the table of net-tools is read', async () => {
    const table =
      'Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n10.8.0.0        0.0.0.0         255.255.0.0     U     0      0        0 *\n10.9.0.5        -               255.255.255.255 !H    0      -        0 -\n10.9.1.0        -               255.255.255.0   !     0      -        0 -\n';
    expect(parseRouteTable(table).map((route) => route.address)).toEqual(['10.9.0.5']);
    expect(await readRejectRoutes(appliance({ '/sbin/route -n': table }))).toMatchObject({
      value: { value: [{ address: '10.9.0.5' }] },
    });
    expect(await readRejectRoutes(appliance({}))).toMatchObject({ error: { code: 'not-supported' } });
  });
  test('half an answer is none', async () => {
    const failing = { code: 1, stderr: 'Cannot open netlink socket' };
    expect(await readRejectRoutes(appliance({ '/sbin/ip route show': four, '/sbin/ip -6 route show': failing }))).toMatchObject({
      error: { code: 'command-failed' },
    });
  });
});

describe('armed leftovers', () => {
  const TIMERS = '/bin/systemctl list-timers --all --no-pager';
  const UNITS = '/bin/systemctl list-unit-files --no-pager';
  const LS = '/bin/ls -1 /root/.vasatrust';
  const timers = [
    'NEXT                        LEFT     LAST PASSED UNIT                           ACTIVATES',
    'Sun 2026-11-22 12:00:30 UTC 20s left n/a  n/a    vasatrust-revert-7.timer       vasatrust-revert-7.service',
    'n/a                         n/a      n/a  n/a    systemd-tmpfiles-clean.timer   systemd-tmpfiles-clean.service',
    '',
    '2 timers listed.',
  ].join('\n');
  const units =
    'UNIT FILE STATE PRESET\nvasatrust-revert-7.service transient -\nvasatrust-revert-7.timer transient -\nvasatrust-boot-guard.service enabled enabled\nnot-vasatrust-x.service enabled\n';

  test('timers, boot guards and record folders, each once', async () => {
    const read = await readArmed(appliance({ [TIMERS]: timers, [UNITS]: units, [LS]: 'run-7\nrun-8\n' }));
    expect(read).toEqual({
      ok: true,
      value: {
        state: 'seen',
        value: ['vasatrust-boot-guard.service', 'vasatrust-revert-7.timer', '/root/.vasatrust/run-7', '/root/.vasatrust/run-8'],
      },
    });
  });
  test('nothing left is seen as nothing; a folder that cannot be read is a problem', async () => {
    const gone = { code: 2, stderr: "ls: cannot access '/root/.vasatrust': No such file or directory\n" };
    expect(await readArmed(appliance({ [TIMERS]: '0 timers listed.', [UNITS]: '', [LS]: gone }))).toEqual({
      ok: true,
      value: { state: 'seen', value: [] },
    });
    const denied = { code: 2, stderr: "ls: cannot open directory '/root/.vasatrust': Permission denied\n" };
    expect(await readArmed(appliance({ [TIMERS]: '', [UNITS]: '', [LS]: denied }))).toMatchObject({
      error: { code: 'command-failed' },
    });
  });
});

describe('the clock', () => {
  test('the middle of the round trip is compared', async () => {
    const times = [1_000_000_000_000, 1_000_000_000_400];
    const at = appliance({ '/bin/date -u +%s.%N': '1000000005.250000000\n' });
    expect(await readClock(at, () => times.shift() ?? 0)).toEqual({ ok: true, value: { state: 'seen', value: 5_050 } });
  });
  for (const [text, ms] of [
    ['1790000000.123456789\n', 1_790_000_000_123],
    ['1790000000.N\n', 1_790_000_000_000],
    ['1790000000.%N', 1_790_000_000_000],
    ['1790000000', 1_790_000_000_000],
    ['Sun Nov 22', undefined],
    ['', undefined],
    ['1790000000.123456789 and more', undefined],
  ] as const) {
    test(`${JSON.stringify(text)} is ${ms}`, () => expect(parseEpochMs(text)).toBe(ms));
  }
});

describe('addresses', () => {
  test('each once, canonical, in order', async () => {
    const text = 'fd00:0:0::5   STREAM array1.lab\nfd00::5   DGRAM  \n10.9.0.5        STREAM \n10.9.0.5 RAW\njunk line\n';
    expect(parseAhosts(text)).toEqual(['fd00::5', '10.9.0.5']);
    expect(await readAddresses(appliance({ '/usr/bin/getent ahosts array1.lab': text }), 'array1.lab')).toMatchObject({
      value: { value: ['fd00::5', '10.9.0.5'] },
    });
    expect(await readAddresses(appliance({ '/usr/bin/getent ahosts array1.lab': { code: 2 } }), 'array1.lab')).toMatchObject({
      value: { state: 'absent' },
    });
  });
  test('what is no name is never sent', async () => {
    for (const name of ['', '-x', 'a b', '$(id)', 'a;b', 'x'.repeat(300), 'ü.lab', 'a..b', '../etc']) {
      const at = appliance({});
      expect(await readAddresses(at, name)).toMatchObject({ error: { code: 'config-invalid' } });
      expect(await readServedChain(at, { host: name, port: 443 })).toMatchObject({ error: { code: 'config-invalid' } });
      expect(at.asked).toEqual([]);
    }
  });
});

describe('TLS as the appliance sees it', () => {
  const shown = (...pems: string[]) =>
    `CONNECTED(00000003)\n---\nCertificate chain\n${pems.map((pem, index) => ` ${index} s:CN = x\n   i:CN = y\n${pem}`).join('')}---\nServer certificate\nsubject=CN = x\n${pems[0] ?? ''}---\n`;
  const S_CLIENT = '/usr/bin/timeout 10 /usr/bin/openssl s_client -connect';

  test('the chain is taken as served, the leaf not twice', async () => {
    const at = appliance({ [`${S_CLIENT} [fd00::5]:8084 -showcerts`]: shown(leaf.pem, ca.pem) });
    expect(await readServedChain(at, { host: 'fd00::5', port: 8084 })).toEqual({
      ok: true,
      value: { state: 'seen', value: [der(leaf), der(ca)] },
    });
  });
  test('certificates count even when the handshake failed after them', () => {
    const output = {
      code: 1,
      stdout: shown(leaf.pem),
      stderr: 'SSL routines:ssl3_read_bytes:tlsv13 alert certificate required:SSL alert number 116',
    };
    expect(parseServedChain(output)).toEqual({ ok: true, value: [der(leaf)] });
  });
  test('a server name is sent where one is given, none where none is, also by an OpenSSL that has no option for that', async () => {
    const named = appliance({ [`${S_CLIENT} array1.lab:443 -showcerts -servername vc1.array1`]: shown(leaf.pem) });
    expect(await readServedChain(named, { host: 'array1.lab', port: 443, sni: 'vc1.array1' })).toMatchObject({
      value: { state: 'seen' },
    });
    const old = appliance({
      [`${S_CLIENT} array1.lab:443 -showcerts -noservername`]: {
        code: 1,
        stderr: 'unknown option -noservername\nusage: s_client args\n',
      },
      [`${S_CLIENT} array1.lab:443 -showcerts`]: shown(leaf.pem),
    });
    expect(await readServedChain(old, { host: 'array1.lab', port: 443 })).toMatchObject({ value: { state: 'seen' } });
    expect(await readServedChain(appliance({}), { host: '10.0.0.5', port: 443, sni: '-x' })).toMatchObject({
      error: { code: 'config-invalid' },
    });
  });
  for (const { name, code, stderr, exit } of [
    {
      name: 'refused, OpenSSL 3',
      code: 'unreachable',
      stderr:
        '40A7:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:117:calling connect()\nconnect:errno=111\n',
    },
    { name: 'refused, OpenSSL 1.0.2', code: 'unreachable', stderr: 'connect: Connection refused\nconnect:errno=111\n' },
    {
      name: 'a reject route',
      code: 'unreachable',
      stderr: '4097:error:80000071:system library:BIO_connect:No route to host:x\nconnect:errno=113\n',
    },
    {
      name: 'a prohibit route',
      code: 'unreachable',
      stderr: '40B7:error:8000000D:system library:BIO_connect:Permission denied:x\nconnect:errno=13\n',
    },
    { name: 'ended by timeout(1)', code: 'timeout', stderr: '', exit: 124 },
    { name: 'the kernel gave up', code: 'timeout', stderr: 'connect: Connection timed out\nconnect:errno=110\n' },
    {
      name: 'no such name',
      code: 'name-not-found',
      stderr: '40C7:error:10080002:BIO routines:BIO_lookup_ex:system lib:x:746:Name or service not known\nconnect:errno=0\n',
    },
    { name: 'no such name, OpenSSL 1.0.2', code: 'name-not-found', stderr: 'gethostbyname failure\nconnect:errno=0\n' },
    {
      name: 'an alert',
      code: 'tls-failed',
      stderr: '139:error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:s3_pkt.c:1493:SSL alert number 40\n',
    },
    {
      name: 'no TLS',
      code: 'bad-answer',
      stderr: '139:error:1408F10B:SSL routines:ssl3_get_record:wrong version number:ssl/record/ssl3_record.c:332:\n',
    },
    { name: 'an end without words', code: 'tls-failed', stderr: '' },
  ]) {
    test(`${name}: ${code}`, async () => {
      const at = appliance({
        [`${S_CLIENT} 10.0.0.5:443 -showcerts`]: {
          code: exit ?? 1,
          stdout: 'CONNECTED(00000003)\n---\nno peer certificate available\n---\n',
          stderr,
        },
      });
      expect(await readServedChain(at, { host: '10.0.0.5', port: 443 })).toMatchObject({
        ok: false,
        error: { code, target: 'vc1', summary: expect.stringContaining('10.0.0.5:443') },
      });
    });
  }
});

describe('sps.log', () => {
  const TAIL = '/usr/bin/tail -c 262144';
  const log = [
    'f of a line [pool-1] WARN opId= x - Received fatal alert: unknown_ca',
    '2026-11-03T08:15:00.100Z [pool-14-thread-2] DEBUG opId= com.vmware.vim.sms.StorageManagerImpl - fine',
    '2026-11-03T08:15:01.100Z [pool-14-thread-2] WARN  opId= com.vmware.vim.sms.provider.vasa.VersionHandler - [isLegacyProvider] Failed to retrieve version information from provider - https://array1.lab:8084/version.xml: certificate_unknown(46)',
    '2026-11-03T08:15:02.100Z [pool-14-thread-3] ERROR opId=sps-Main-1-2 com.vmware.vim.sms.provider.vasa.VasaProviderImpl - SetContext failed! https://array1.lab:8084/version.xml',
    'com.vmware.vim.sms.fault.VasaServiceException: org.apache.axis2.AxisFault',
    '\tat com.vmware.A.a(A.java:1)',
    '\tat com.vmware.A.b(A.java:2)',
    '\tat com.vmware.A.c(A.java:3)',
    '\tat com.vmware.A.d(A.java:4)',
    '\tat com.vmware.A.e(A.java:5)',
    'Caused by: javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate',
    '\t... 20 more',
    '2026-11-03T08:15:03.100Z [pool-14-thread-2] ERROR opId= com.vmware.vim.sms.ProviderCache - java.lang.NullPointerException',
  ].join('\n');

  test('records of TLS trouble, with their cause, and nothing else', async () => {
    const read = await readSpsLogTail(appliance({ [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: log }));
    if (!read.ok || read.value.state !== 'seen') throw new Error('not read');
    const { lines, bytesRead } = read.value.value;
    expect(bytesRead).toBe(Buffer.byteLength(log));
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('certificate_unknown(46)');
    expect(lines[1]?.split('\n').slice(0, 3)).toEqual([
      expect.stringContaining('SetContext failed! https://array1.lab:8084/version.xml'),
      'com.vmware.vim.sms.fault.VasaServiceException: org.apache.axis2.AxisFault',
      'Caused by: javax.net.ssl.SSLHandshakeException: Received fatal alert: bad_certificate',
    ]);
  });
  test('the other path is tried, then it is absent', async () => {
    const elsewhere = appliance({
      [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: noFile,
      [`${TAIL} /var/log/vmware/vmware-sps/sps.log`]: log,
    });
    expect(await readSpsLogTail(elsewhere)).toMatchObject({ value: { state: 'seen' } });
    const gone = appliance({
      [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: noFile,
      [`${TAIL} /var/log/vmware/vmware-sps/sps.log`]: noFile,
    });
    expect(await readSpsLogTail(gone)).toMatchObject({ value: { state: 'absent' } });
  });
  describe('removals', () => {
    const seed = readFileSync(join(import.meta.dirname, '../fixtures/seed/sps-log.txt'), 'utf8');
    const other =
      '2018-08-02T13:50:40.000Z [pool-9-thread-1] DEBUG opId= com.vmware.vim.sms.task.TaskManagerImpl - [markTaskCompleted] Marked SmsTask-7 as complete';
    const linesOf = async (answers: Parameters<typeof appliance>[0]) => {
      const read = await readSpsLogTail(appliance(answers));
      if (!read.ok || read.value.state !== 'seen') throw new Error('not read');
      return read.value.value.lines;
    };
    test('the records of a removal are kept, with the first lines of the stack, and no other task', async () => {
      const lines = await linesOf({ [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: `${other}\n${seed}${other}\n` });
      expect(lines.map((line) => / - (\S+ \S+)/.exec(line)?.[1])).toEqual([
        'Created a',
        'unregisterProvider() called',
        'Updated progress',
        '[removeProvider] Removing',
        '[removeEntry] Remove',
        '[removeProvider] Removing',
        '[FAILOVER] Provider',
        '[getBackupProvider] Looking',
        'Check backup',
        '[getBackupProvider] Found',
        '[updateActiveProvider] Flush',
        'Error while',
        '[markTaskCompleted] Marked',
      ]);
      expect(lines.at(-2)).toContain('VasaProviderImpl.flushEventQueue(');
      expect(lines.join('\n')).not.toContain('SmsTask-7');
    });
    test('a log that was just rotated is read together with the one before it', async () => {
      const cut = seed.indexOf('2018-08-02T13:50:47.969Z [pool-14-thread-2] ERROR');
      const lines = await linesOf({
        [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: seed.slice(cut),
        [`${TAIL} /storage/log/vmware/vmware-sps/sps.log.1`]: seed.slice(0, cut),
      });
      expect(lines).toHaveLength(13);
    });
    test('a flood of failed removals is bounded, the newest kept', async () => {
      const lines = await linesOf({
        [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: Array.from({ length: 100 }, (_, n) =>
          seed.replaceAll('SmsTask-22', `SmsTask-${n}`),
        ).join(''),
      });
      expect(lines).toHaveLength(400);
      expect(lines.at(-1)).toContain('SmsTask-99');
    });
  });
  test('many long records are bounded, the newest kept', async () => {
    const many = Array.from(
      { length: 1_000 },
      (_, n) => `2026-11-03T08:15:00.000Z [t] WARN  opId= x - ${n} certificate_unknown ${'y'.repeat(5_000)}`,
    ).join('\n');
    const read = await readSpsLogTail(appliance({ [`${TAIL} /storage/log/vmware/vmware-sps/sps.log`]: many }));
    if (!read.ok || read.value.state !== 'seen') throw new Error('not read');
    const { lines } = read.value.value;
    expect(lines).toHaveLength(200);
    expect(lines.at(-1)).toContain(' 999 certificate_unknown');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(1_000);
  });
});

describe('the list of allowed commands', () => {
  test('holds everything that is asked here', async () => {
    const at = appliance({});
    const saying =
      (stderr: string): ApplianceReader['run'] =>
      async (argv) => {
        at.asked.push([...argv]);
        return ok({ code: 1, stdout: '', stderr });
      };
    for (const run of [at.run, saying('No such file or directory'), saying('unknown option')]) {
      const reader = { label: 'vc1', run };
      for (const store of ['SMS', 'TRUSTED_ROOTS', 'MACHINE_SSL_CERT'] as const) await readVecsStore(reader, store);
      await Promise.all([
        readVmcaRoot(reader),
        readSmsConfig(reader),
        readRejectRoutes(reader),
        readArmed(reader),
        readClock(reader, () => 0),
        readSpsLogTail(reader),
      ]);
      for (const host of ['array1.lab', '10.0.0.5', 'fd00::5', 'array_1']) {
        await readAddresses(reader, host);
        await readServedChain(reader, { host, port: 8084 });
        await readServedChain(reader, { host, port: 8084, sni: 'vc1.array1' });
      }
    }
    expect(at.asked.length).toBeGreaterThan(60);
    expect(at.asked.filter((argv) => !isAllowedRead(argv))).toEqual([]);
  });

  for (const argv of [
    [],
    ['/bin/cat', '/etc/shadow'],
    ['/bin/cat', '/var/lib/vmware/vmca/privatekey.pem'],
    ['/bin/cat', '/var/lib/vmware/vmca/root.cer', '/etc/shadow'],
    ['/usr/lib/vmware-vmafd/bin/vecs-cli', 'entry', 'getkey', '--store', 'SMS', '--alias', 'x'],
    ['/usr/lib/vmware-vmafd/bin/vecs-cli', 'entry', 'delete', '--store', 'SMS'],
    ['/usr/lib/vmware-vmafd/bin/vecs-cli', 'entry', 'list', '--store', 'KMS_ENCRYPTION'],
    ['/sbin/ip', 'route', 'add', 'unreachable', '10.0.0.5'],
    ['/sbin/ip', 'route'],
    ['/usr/bin/getent', 'ahosts', '-s'],
    ['/usr/bin/getent', 'ahosts', 'a b'],
    ['/usr/bin/getent', 'shadow', 'root'],
    ['/usr/bin/timeout', '10', '/usr/bin/openssl', 's_client', '-connect', '10.0.0.5:0', '-showcerts'],
    ['/usr/bin/timeout', '10', '/usr/bin/openssl', 's_client', '-connect', '-proxy:1', '-showcerts'],
    ['/usr/bin/timeout', '10', '/bin/sh', 's_client', '-connect', '10.0.0.5:1', '-showcerts'],
    [
      '/usr/bin/timeout',
      '10',
      '/usr/bin/openssl',
      's_client',
      '-connect',
      '10.0.0.5:1',
      '-showcerts',
      '-servername',
      '-keylogfile',
    ],
    ['/bin/date', '-s', '2020-01-01'],
    ['/bin/systemctl', 'stop', 'vmware-vmon'],
    ['/bin/sh', '-c', 'id'],
    ['ip', 'route', 'show'],
  ]) {
    test(`refuses ${argv.join(' ') || 'nothing'}`, () => expect(isAllowedRead(argv)).toBe(false));
  }
});
