import { describe, expect, test } from 'vitest';
import { BOTH, cleanup, expectAsBefore, gone, on, PATIENCE_MS, told } from '../standin/cleanup-test.js';
import { look } from '../standin/look.js';
import { vasatrust } from '../standin/operator.js';
import { missingStandin, type Standin } from '../standin/standin.js';

const uidsOf = async (at: Standin, ...names: string[]): Promise<string[]> =>
  ((await at.state()).vcenters[0]?.registrations ?? []).filter(({ name }) => names.includes(name)).map(({ uid }) => uid);

describe.skipIf(missingStandin()).concurrent('a cleanup of another estate', { timeout: 4 * PATIENCE_MS }, () => {
  test(
    'one stale controller with a healthy sibling, keyboard-interactive alone, and a password that nothing may quote wrongly',
    on(
      {
        scenario: 'controller-split',
        vcenter: 'vca',
        shell: 'appliancesh',
        methods: ['keyboard-interactive'],
        rootPassword: `it's "$HOME" & <b> \`id\` \\ 100% #;|  end`,
      },
      async (at) => {
        const [stale = '', sibling = ''] = [...(await uidsOf(at, 'array1-CT1')), ...(await uidsOf(at, 'array1-CT0'))];
        const before = await look(at, [stale]);
        const ended = await vasatrust(at, ...cleanup('vca')).ended;
        expect(ended.code, told(ended)).toBe(0);
        expect(await gone(at, [stale, sibling])).toEqual([stale]);
        await expectAsBefore(at, before, { removed: [stale] });
        expect(`${ended.stdout}${ended.stderr}`).not.toContain('end`');
      },
    ),
  );

  test(
    'a provider registered by its IPv6 addresses, spelt in another way than the kernel does',
    on({ scenario: 'ipv6', vcenter: 'vca' }, async (at) => {
      const stale = await uidsOf(at, 'array1-CT0', 'array1-CT1');
      const before = await look(at, stale);
      const ended = await vasatrust(at, ...cleanup('vca')).ended;
      expect(ended.code, told(ended)).toBe(0);
      expect(await gone(at, stale)).toEqual(stale);
      await expectAsBefore(at, before, { removed: stale });
    }),
  );

  test(
    'a provider whose name has three addresses of both families there, beside a static route to its network',
    on(
      {
        moreAddresses: { 'array1-CT0': ['10.1.2.13', 'fd00:1::3'] },
        atBoot: ['ip route add 10.1.0.0/16 via 10.0.255.254'],
      },
      async (at) => {
        const before = await look(at, BOTH);
        const running = vasatrust(at, ...cleanup('vc65'));
        let most = 0;
        const watch = setInterval(async () => {
          const { stdout } = await at.inside('ip route show type unreachable; ip -6 route show type unreachable');
          most = Math.max(most, stdout.split('\n').filter((line) => /10\.1\.2\.|fd00:1::3/.test(line)).length);
        }, 300);
        const ended = await running.ended;
        clearInterval(watch);
        expect(ended.code, told(ended)).toBe(0);
        // Three of CT0 and one of CT1.
        expect(most).toBe(4);
        expect(await gone(at)).toEqual(BOTH);
        await expectAsBefore(at, before);
      },
    ),
  );

  test(
    'a host route of the appliance to the provider: refused, nothing is changed',
    on({ atBoot: ['ip route add 10.1.2.4/32 via 10.0.255.254'] }, async (at) => {
      const before = await look(at);
      const ended = await vasatrust(at, ...cleanup('vc65')).ended;
      expect(ended.code, told(ended)).toBe(6);
      expect(`${ended.stdout}${ended.stderr}`).toContain('static-route:10.1.2.4');
      await expectAsBefore(at, before, { removed: [] });
    }),
  );

  test(
    'retryAttempt says 4 already: the file ends at what the operator says it was',
    on({ changeConfig: (text) => text.replace('>99999<', '>4<'), shell: 'appliancesh' }, async (at) => {
      const refused = await vasatrust(at, ...cleanup('vc65')).ended;
      expect(refused.code, told(refused)).toBe(6);
      const before = await look(at, BOTH);
      const ended = await vasatrust(at, ...cleanup('vc65', '--original-retry', '99999')).ended;
      expect(ended.code, told(ended)).toBe(0);
      expect(await gone(at)).toEqual(BOTH);
      // Everything but the one number, and when it was written.
      const blank = (text: string) => text.replace(/sms-config\.xml \d+ (\S+) \d+ \S+\n\S+/, 'sms-config.xml $1');
      const after = await look(at, BOTH);
      expect(blank(after.appliance)).toBe(blank(before.appliance));
      expect(after).toMatchObject({ retryAttempt: 99_999, record: '' });
      expect((await at.inside('grep -c "<retryAttempt>99999<" /usr/lib/vmware-vpx/sps/conf/sms-config.xml')).stdout).toBe('1\n');
    }),
  );

  test(
    'SPS that refuses to start: taken back, with one attempt of the appliance and exit code 5',
    on({}, async (at) => {
      at.setSps('start=fails');
      const before = await look(at);
      const ended = await vasatrust(at, ...cleanup('vc65')).ended;
      expect(ended.code, told(ended)).toBe(5);
      expect(await gone(at)).toEqual([]);
      const { appliance } = await look(at);
      const section = (text: string, name: string) => text.split('# ').find((part) => part.startsWith(name));
      for (const name of ['routes', 'config']) expect(section(appliance, name)).toBe(section(before.appliance, name));
      // Once what kept it from starting is gone, the run can be ended.
      at.setSps('');
      const [run] = JSON.parse((await vasatrust(at, 'runs', 'list', '-o', 'json').ended).stdout) as { id: string }[];
      const reverted = await vasatrust(at, 'runs', 'revert', run?.id ?? '', '--yes').ended;
      expect(reverted.code, told(reverted)).toBe(0);
      await expectAsBefore(at, before, { removed: [] });
    }),
  );
});
