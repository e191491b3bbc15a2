import { chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { VcenterSideFacts } from './vcenter-side.js';

export interface ApplianceOptions {
  readonly shell?: 'bash' | 'appliancesh';
  readonly rootPassword?: string;
  /** How estate.yaml logs in; the key is always accepted where keys are. Default: by password. */
  readonly login?: 'password' | 'key';
  /** SSH methods the appliance offers; default: all. */
  readonly methods?: readonly ('publickey' | 'password' | 'keyboard-interactive')[];
  /** Of sms-config.xml. */
  readonly changeConfig?: (text: string) => string;
  /** Commands that run once, after the network is up. */
  readonly atBoot?: readonly string[];
}

const PROGRAMS: readonly (readonly [file: string, path: string])[] = [
  ['vmon', '/usr/lib/vmware-vmon/vmon'],
  ['vmon-cli', '/usr/lib/vmware-vmon/vmon-cli'],
  ['vmware-sps.launcher', '/usr/java/jre-vmware/bin/vmware-sps.launcher'],
  ['service-control', '/usr/bin/service-control'],
  ['vecs-cli', '/usr/lib/vmware-vmafd/bin/vecs-cli'],
  ['appliancesh', '/usr/bin/appliancesh'],
];

export const SMS_CONFIG = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';
/** Of sms-config.xml: what has to come back. */
const INSTALLED = new Date('2026-02-03T04:05:06.789Z');

/** What makes a Debian an appliance: laid over its root file system before the first boot. */
export function fillAppliance(
  { folder, rootfs }: { readonly folder: string; readonly rootfs: string },
  facts: VcenterSideFacts,
  options: ApplianceOptions,
): void {
  const files = join(folder, 'files');
  const put = (path: string, text: string, mode = 0o644) => {
    const to = join(files, path);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, text);
    chmodSync(to, mode);
  };
  const programs = fileURLToPath(new URL('appliance', import.meta.url));
  for (const [file, path] of PROGRAMS) {
    mkdirSync(join(files, dirname(path)), { recursive: true });
    cpSync(join(programs, file), join(files, path));
    chmodSync(join(files, path), 0o755);
  }
  put(SMS_CONFIG, (options.changeConfig ?? ((text) => text))(facts.smsConfig.text), facts.smsConfig.mode);
  utimesSync(join(files, SMS_CONFIG), INSTALLED, INSTALLED);
  put('/var/lib/vmware/vmca/root.cer', facts.vmcaPem);
  put('/etc/hosts', hostsFile(facts));
  put('/etc/resolv.conf', 'nameserver 10.0.0.53\n');
  put('/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files\n');
  put('/etc/hostname', 'photon-machine\n');
  put('/etc/machine-id', `${facts.machineId.slice(0, 32)}\n`, 0o444);
  put('/etc/shells', '/bin/sh\n/bin/bash\n/bin/appliancesh\n');
  const users = readFileSync(join(rootfs, 'etc/passwd'), 'utf8');
  put('/etc/passwd', users.replace(/^(root:.*):[^:]*$/m, `$1:/bin/${options.shell ?? 'bash'}`));
  put('/root/.bashrc', "PS1='root@photon-machine [ \\w ]# '\n");
  // As hardened appliances have it.
  put('/etc/profile.d/tmout.sh', 'TMOUT=900\nreadonly TMOUT\nexport TMOUT\n');
  putSsh(folder, put, options);
  for (const [unit, text] of Object.entries(units(facts))) put(`/etc/systemd/system/${unit}`, text);
  for (const [unit, target] of Object.entries(WANTED)) {
    const folderOf = join(files, `etc/systemd/system/${target}.wants`);
    mkdirSync(folderOf, { recursive: true });
    symlinkSync(`/etc/systemd/system/${unit}`, join(folderOf, unit));
  }
  chmodSync(join(files, 'root'), 0o700);
  const vecs = join(folder, 'shared/vecs');
  mkdirSync(vecs);
  for (const [store, entries] of facts.vecs) writeFileSync(join(vecs, store), storeText(entries));
  put('/usr/local/sbin/standin-network', networkScript(facts, options.atBoot ?? []), 0o755);
}

const WANTED = { 'vmware-vmon.service': 'multi-user.target', 'rhttpproxy.socket': 'sockets.target' };

type Put = (path: string, text: string, mode?: number) => void;

function putSsh(folder: string, put: Put, { methods }: ApplianceOptions): void {
  const offers = (method: 'publickey' | 'password' | 'keyboard-interactive') =>
    (methods ?? ['publickey', 'password', 'keyboard-interactive']).includes(method) ? 'yes' : 'no';
  put('/etc/ssh/ssh_host_ecdsa_key', readFileSync(join(folder, 'operator/host'), 'utf8'), 0o600);
  put('/etc/ssh/ssh_host_ecdsa_key.pub', readFileSync(join(folder, 'operator/host.pub'), 'utf8'));
  const lines = [
    'HostKey /etc/ssh/ssh_host_ecdsa_key',
    'PermitRootLogin yes',
    `PubkeyAuthentication ${offers('publickey')}`,
    `PasswordAuthentication ${offers('password')}`,
    `KbdInteractiveAuthentication ${offers('keyboard-interactive')}`,
    'UsePAM yes',
    'PrintMotd no',
    'UseDNS no',
    // As hardened appliances have it.
    'ClientAliveInterval 900',
    'ClientAliveCountMax 0',
    'MaxAuthTries 6',
    'LoginGraceTime 30',
    'AllowTcpForwarding no',
    'Compression no',
    'Subsystem sftp internal-sftp',
  ];
  put('/etc/ssh/sshd_config', `${lines.join('\n')}\n`);
  put('/root/.ssh/authorized_keys', readFileSync(join(folder, 'operator/client.pub'), 'utf8'), 0o600);
  chmodSync(join(folder, 'files/root/.ssh'), 0o700);
}

/** vmon is what starts the services at boot; the proxy in front of them passes 443 on to where SMS is played. */
function units(facts: VcenterSideFacts): Record<string, string> {
  const wanted = '\n[Install]\nWantedBy=multi-user.target\n';
  return {
    'standin-network.service': `[Unit]\nDescription=Network of ${facts.ipAddress}\nDefaultDependencies=no\nBefore=network.target ssh.service vmware-vmon.service\n\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/local/sbin/standin-network\n`,
    'vmware-vmon.service': `[Unit]\nDescription=VMware Service Lifecycle Manager\nAfter=network.target standin-network.service\nRequires=standin-network.service\n\n[Service]\nExecStart=/usr/lib/vmware-vmon/vmon\nKillMode=mixed\nTimeoutStopSec=5\n${wanted}`,
    'rhttpproxy.socket': '[Socket]\nListenStream=443\nNoDelay=true\n\n[Install]\nWantedBy=sockets.target\n',
    'rhttpproxy.service':
      '[Unit]\nRequires=rhttpproxy.socket\n\n[Service]\nExecStart=/lib/systemd/systemd-socket-proxyd 10.0.254.1:8443\n',
  };
}

function networkScript({ ipAddress }: VcenterSideFacts, more: readonly string[]): string {
  const number = ipAddress.split('.').at(-1);
  return [
    '#!/bin/sh -e',
    'ip link set lo up',
    'ip link set eth0 up',
    `ip addr add ${ipAddress}/16 dev eth0`,
    'ip route add default via 10.0.255.254',
    `ip -6 addr add fd00:ffff::${number}/64 dev eth0 nodad`,
    'ip -6 route add default via fd00:ffff::fe',
    ...more,
    '',
  ].join('\n');
}

function hostsFile({ address, ipAddress, hosts }: VcenterSideFacts): string {
  const named = hosts
    .filter(([name]) => name !== address)
    .flatMap(([name, addresses]) => addresses.map((one) => `${one} ${name}`));
  return `${['127.0.0.1 localhost', '::1 localhost', `${ipAddress} ${address} photon-machine`, ...named].join('\n')}\n`;
}

function storeText(entries: VcenterSideFacts['vecs'][number][1]): string {
  const pem = (der: string) => `-----BEGIN CERTIFICATE-----\n${der.match(/.{1,64}/g)?.join('\n')}\n-----END CERTIFICATE-----\n`;
  const texts = entries.map(
    ({ alias, type, certificates }) =>
      `Alias :\t${alias}\nEntry type :\t${type}\nCertificate :\t${certificates.map(pem).join('')}\n`,
  );
  return `Number of entries in store :\t${entries.length}\n${texts.join('')}`;
}
