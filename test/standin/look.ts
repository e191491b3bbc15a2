import { SMS_CONFIG } from './appliance-files.js';
import type { Standin } from './standin.js';

/** Everything of an estate that a cleanup has to leave as it was, but for the registrations in `removed`. */
export interface Look {
  readonly appliance: string;
  /** What is left in the folder of runs: a record that waits to be collected, or nothing. */
  readonly record: string;
  readonly vcenters: readonly { readonly id: string; readonly registrations: readonly string[] }[];
  readonly providers: readonly unknown[];
  readonly retryAttempt: number;
}

const SCRIPT = `
exec 2>&1
echo '# routes'; ip route show; ip -6 route show | grep -v '^fe80'
echo '# config'; stat -c '%n %a %U:%G %s %.Y' ${SMS_CONFIG}; sha256sum ${SMS_CONFIG}; ls -A ${SMS_CONFIG.slice(0, SMS_CONFIG.lastIndexOf('/'))}
echo '# units'; systemctl list-unit-files --no-legend --no-pager 'vasatrust*'; systemctl list-units --all --no-legend --no-pager 'vasatrust*'
systemctl list-timers --all --no-legend --no-pager | grep -o 'vasatrust[^ ]*'; find /etc/systemd /run/systemd/transient /etc/cron.d -name '*vasatrust*' 2>/dev/null
echo '# files'; ls -A /root | grep -vx .vasatrust; ls -A /tmp /var/tmp | grep -i vasatrust; grep ^root: /etc/passwd; crontab -l
echo '# processes'; ps_of() { cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' ' | grep -o 'guard\\.sh' ; }; ps_of
echo '# sps'; /usr/lib/vmware-vmon/vmon-cli --status sps | grep -E '^(RunState|HealthState):'
echo '# record'; find /root/.vasatrust -mindepth 1 -maxdepth 1
`;

export async function look(at: Standin, removed: readonly string[] = []): Promise<Look> {
  const { stdout } = await at.inside(SCRIPT);
  const { vcenters, providers, sps } = await at.state();
  const [appliance = '', record = ''] = stdout.split('# record\n');
  return {
    appliance,
    record: record.replace(/^find: .*\n/, ''),
    vcenters: vcenters.map(({ id, registrations }) => ({
      id,
      registrations: registrations
        .filter(({ uid }) => !removed.includes(uid))
        .map(({ uid, name, url }) => `${uid} ${name} ${url}`),
    })),
    providers,
    retryAttempt: sps.retryAttempt,
  };
}
