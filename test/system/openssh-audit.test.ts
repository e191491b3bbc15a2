import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { isAllowedCommand } from '../../src/collect/allowed-calls.js';
import { type RunningLab, startLab } from '../../src/lab/start-lab.js';
import { auditLab } from '../support/audit-lab.js';
import { type Minted, mintCa, mintLeaf } from '../support/mint.js';
import { mintKey } from '../support/openssh.js';
import { missingRoot, missingSystemParts } from '../support/system.js';

const VECS = '/usr/lib/vmware-vmafd/bin/vecs-cli';

/**
 * A real OpenSSH server on a root file system of its own: an overlay over this machine's, in a mount namespace that ends with it. Every
 * change anybody makes there shows in the upper layer, and a forced command writes down every command before it runs.
 */
describe.skipIf(missingRoot() || missingSystemParts('sshd', 'ssh-keygen', 'unshare', 'chroot', 'mount'))(
  'an audit over a real OpenSSH server',
  () => {
    let lab: RunningLab;
    let appliance: Awaited<ReturnType<typeof bootAppliance>>;
    const vmca = mintCa({ name: 'C=US,O=vc67.lab.example,CN=CA', keyType: 'rsa' });
    const extension = mintLeaf({ name: 'CN=sps-extension', issuer: vmca, keyType: 'rsa' });

    beforeAll(async () => {
      [lab, appliance] = await Promise.all([startLab('clash'), bootAppliance(vmca, extension)]);
    });
    afterAll(async () => {
      await Promise.all([lab?.close(), appliance?.close()]);
    });

    test('reads what is there, changes nothing, and runs only what is on the list', async () => {
      const before = appliance.changes();
      const { bundle } = await auditLab(lab, { change: (yaml) => withAppliance(yaml, appliance) });
      const seen = bundle.vcenters.find(({ id }) => id === 'vc67')?.appliance;

      expect(seen?.shell).toMatchObject({ state: 'seen', value: 'bash' });
      expect(seen?.vmcaRoot).toMatchObject({ state: 'seen', value: [vmca.cert.der] });
      expect(seen?.smsStore).toMatchObject({
        state: 'seen',
        value: [{ alias: 'sps-extension', certificates: [extension.cert.der] }],
      });
      expect(seen?.trustedRootsStore).toMatchObject({ state: 'seen', value: [{ certificates: [vmca.cert.der] }] });
      expect(seen?.smsConfig).toMatchObject({ state: 'seen', value: { retryAttempt: '99999', retryInterval: '30' } });
      expect(seen?.rejectRoutes.state).toBe('seen');
      expect(seen?.clockAheadMs).toMatchObject({ state: 'seen' });
      expect(Math.abs(seen?.clockAheadMs.state === 'seen' ? seen.clockAheadMs.value : Number.NaN)).toBeLessThan(3000);
      expect(seen?.reach.length).toBeGreaterThan(0);

      const commands = appliance.commands();
      expect(commands.length).toBeGreaterThan(10);
      // The first command proves the shell by what it prints and reads nothing.
      expect(commands.filter((argv) => argv[0] !== 'printf' && !isAllowedCommand(argv))).toEqual([]);
      expect(commands.filter((argv) => argv[0] === 'printf')).toHaveLength(1);
      expect(appliance.changes()).toEqual(before);
    });

    test('the watch would have noticed', async () => {
      const before = appliance.changes();
      appliance.touch('/usr/lib/vmware-vpx/sps/conf/sms-config.xml');
      expect(appliance.changes()).not.toEqual(before);
    });
  },
);

function withAppliance(yaml: string, at: { port: number; hostKey: string; clientKey: string }): string {
  const estate = parse(yaml) as { vcenters: { id: string; ssh?: unknown }[] };
  for (const vcenter of estate.vcenters)
    if (vcenter.id === 'vc67')
      vcenter.ssh = { host: '127.0.0.1', port: at.port, username: 'root', privateKeyFile: at.clientKey, hostKey: at.hostKey };
  return stringify(estate);
}

async function bootAppliance(vmca: Minted, extension: Minted) {
  const folder = mkdtempSync(join(tmpdir(), 'vasatrust-appliance-'));
  chmodSync(folder, 0o755);
  for (const name of ['host', 'client']) mintKey('ed25519', join(folder, name));
  const port = await freePort();
  mkdirSync(join(folder, 'layers'));
  writeFileSync(join(folder, 'boot.sh'), bootScript(folder, port));
  writeFileSync(join(folder, 'vmca.cer'), vmca.pem);
  writeFileSync(join(folder, 'SMS'), store([['sps-extension', 'Private Key', extension.pem]]));
  writeFileSync(join(folder, 'TRUSTED_ROOTS'), store([['a1b2', 'Trusted Cert', vmca.pem]]));
  writeFileSync(join(folder, 'MACHINE_SSL_CERT'), store([]));
  const child = spawn('unshare', ['-m', '--propagation', 'private', '/bin/sh', join(folder, 'boot.sh')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const close = async (): Promise<void> => {
    await ended(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const inside = (path: string): string => join(`/proc/${child.pid}/root`, folder, 'layers', path);
  for (let tries = 0; !said.includes('Server listening'); tries++) {
    if (tries > 200 || child.exitCode !== null) {
      await close();
      throw new Error(`the appliance did not come up: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    clientKey: join(folder, 'client'),
    hostKey: spawnedFingerprint(folder),
    close,
    commands: (): string[][] =>
      readFileSync(inside('upper/var/log/vasatrust-commands'), 'utf8')
        .split('\u0001\n')
        .filter((record) => record !== '')
        .map((record) => record.split('\u0000').slice(0, -1)),
    /** Every path that differs from the lower layer, with times and size; what logins themselves write is left out. */
    changes: (): string[] =>
      listTree(inside('upper')).filter((line) => !/^(var\/(log|run)|run|root\/\.cache|tmp|proc|dev)(\/|\s|$)/.test(line)),
    touch: (path: string): void => writeFileSync(inside(join('merged', path)), 'changed'),
  };
}

/** `unshare` becomes the shell, which stays to hold the namespace; sshd is its child and ends with it. */
function bootScript(folder: string, port: number): string {
  const conf = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    'HostKey /etc/appliance/host',
    'AuthorizedKeysFile /etc/appliance/client.pub',
    'PidFile none',
  ];
  const more = [
    'StrictModes no',
    'UsePAM no',
    'PermitRootLogin prohibit-password',
    'PrintLastLog no',
    'ForceCommand /usr/local/sbin/recorded',
  ];
  return `set -e
cd ${folder}
mount -t tmpfs tmpfs layers
mkdir layers/upper layers/work layers/merged
mount -t overlay overlay -o lowerdir=/,upperdir=layers/upper,workdir=layers/work layers/merged
m=${folder}/layers/merged
mount -t proc proc $m/proc
mount --rbind /dev $m/dev
mkdir -p $m/run/sshd $m/etc/appliance $m/srv/vecs $m/usr/lib/vmware-vmafd/bin $m/var/lib/vmware/vmca $m/usr/lib/vmware-vpx/sps/conf $m/storage/log/vmware/vmware-sps
cp host client.pub $m/etc/appliance/
cp SMS TRUSTED_ROOTS MACHINE_SSL_CERT $m/srv/vecs/
cp vmca.cer $m/var/lib/vmware/vmca/root.cer
# What this machine's root has in its start-up files is no business of the appliance.
rm -f $m/root/.bashrc $m/root/.profile $m/root/.bash_profile
cat >$m${VECS} <<'TOOL'
#!/bin/sh
[ "$1 $2 $3" = "entry list --store" ] && exec cat "/srv/vecs/$4"
exit 1
TOOL
cat >$m/usr/local/sbin/recorded <<'TOOL'
#!/bin/sh
eval "set -- $SSH_ORIGINAL_COMMAND" 2>/dev/null
{ [ $# = 0 ] || printf '%s\\000' "$@"; printf '\\001\\n'; } >>/var/log/vasatrust-commands
exec /bin/bash -c "$SSH_ORIGINAL_COMMAND"
TOOL
chmod 755 $m${VECS} $m/usr/local/sbin/recorded
cat >$m/usr/lib/vmware-vpx/sps/conf/sms-config.xml <<'XML'
<?xml version="1.0" encoding="UTF-8"?>
<config><qsConnection><retryAttempt>99999</retryAttempt><retryInterval>30</retryInterval></qsConnection></config>
XML
: >$m/storage/log/vmware/vmware-sps/sps.log
cat >$m/etc/appliance/sshd_config <<'CONF'
${[...conf, ...more].join('\n')}
CONF
trap 'kill $sshd; wait $sshd; exit 0' TERM
chroot $m /usr/sbin/sshd -D -e -f /etc/appliance/sshd_config &
sshd=$!
wait $sshd
`;
}

const store = (entries: readonly (readonly [alias: string, type: string, pem: string])[]): string =>
  `Number of entries in store :\t${entries.length}\n${entries
    .map(([alias, type, pem]) => `Alias :\t${alias}\nEntry type :\t${type}\nCertificate :\t${pem}\n`)
    .join('')}`;

function listTree(root: string, below = ''): string[] {
  return readdirSync(join(root, below), { withFileTypes: true }).flatMap((entry) => {
    const path = join(below, entry.name);
    if (entry.isDirectory()) return [path, ...listTree(root, path)];
    const facts = entry.isSymbolicLink()
      ? readlinkSync(join(root, path))
      : [lstatSync(join(root, path)).size, lstatSync(join(root, path)).ctimeMs].join(' ');
    return [`${path} ${facts}`];
  });
}

const spawnedFingerprint = (folder: string): string => {
  const blob = readFileSync(join(folder, 'host.pub'), 'utf8').split(' ')[1] ?? '';
  return `SHA256:${createHash('sha256').update(Buffer.from(blob, 'base64')).digest('base64').replace(/=+$/, '')}`;
};

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
