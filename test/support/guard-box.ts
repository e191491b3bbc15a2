import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ok, type Result } from '../../src/model/problem.js';
import type { CommandOutput } from '../../src/wire/vcenter-shell.js';

export interface BoxRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A root file system of its own (a tmpfs in a private mount namespace, routes in a private network namespace) in which real shells run
 * real programs of this machine by their absolute paths: only what the appliance has and Debian has not is put there by us. `/proc` is
 * two plain files, so that tests say what time it is. Goes with its process; nothing is left behind.
 */
export interface GuardBox {
  /** Replaces everything but the programs. */
  reset(files: Readonly<Record<string, string>>): void;
  run(argv: readonly string[], stdin?: string): BoxRun;
  /** As `ApplianceRun`. A timer fires for the first time when somebody waits for that. */
  readonly shell: (argv: readonly string[], options?: { readonly stdin?: string }) => Promise<Result<CommandOutput>>;
  /** Runs what `systemd-run` was asked to start, oldest first. */
  settle(): number;
  read(path: string): string | undefined;
  write(path: string, text: string): void;
  exists(path: string): boolean;
  /** The n-th program from now on ends the whole process group (`HUP`: as a terminal does that is closed), before or after its work; 0: none. */
  killAt(n: number, when?: 'before' | 'after', signal?: 'KILL' | 'HUP'): void;
  /** Since then. */
  programsStarted(): number;
  /** Takes a program away until the next reset. */
  hide(path: string): void;
  /** Nothing can be written there any more, as after an error of the disk, until the next reset. */
  makeReadOnly(path: string): void;
  /** The machine's own time and processes until the next reset. */
  showProc(): void;
  close(): void;
}

const PROGRAMS = {
  '/bin': [
    'cat',
    'cp',
    'date',
    'grep',
    'ls',
    'mkdir',
    'mv',
    'rm',
    'rmdir',
    'sleep',
    'sync',
    'stat',
    'touch',
    'dd',
    'chmod',
    'ln',
    'bash',
  ],
  '/sbin': ['ip', 'route'],
  '/usr/bin': ['sha256sum', 'tail', 'timeout', 'flock', 'setsid', 'nohup', 'find', 'sort'],
};

/** $1 is what to do; state in /fake. Answers in the words of `domain` formats: service-control and vmon-cli as seen on appliances. */
const SERVICE_CONTROL = `#!/bin/sh
printf '%s\\n' "$*" >> /fake/service-control
read -r state < /fake/state
case "$1 $state" in
  *PENDING) echo 'Operation not allowed in current service state' >&2; exit 1 ;;
  '--stop '*) [ -e /fake/stop-fails ] && exit 1; echo STOPPED > /fake/state ;;
  '--start STOPPED')
    if [ -e /fake/start-fails ]; then echo 'Error executing start on service sps. Details {'; exit 1; fi
    read -r pid < /fake/pid
    echo $((pid + 1)) > /fake/pid
    /bin/cat /usr/lib/vmware-vpx/sps/conf/sms-config.xml > /fake/loaded
    if [ -e /fake/start-hangs ]; then echo START_PENDING > /fake/state; exit 0; fi
    echo STARTED > /fake/state
    echo 'Successfully started service sps'
    ;;
esac
exit 0
`;
const VMON_CLI = `#!/bin/sh
[ -e /fake/vmon-down ] && exit 1
if [ -e /fake/vmon-hangs ]; then exec /bin/sleep 600; fi
read -r state < /fake/state
read -r pid < /fake/pid
health=HEALTHY
[ -e /fake/unhealthy ] && health=UNHEALTHY
printf 'Name: sps\\nStarttype: AUTOMATIC\\nRunState: %s\\nRunAsUser: root\\nCurrentRunStateDuration(ms): 72360341\\nHealthState: %s\\nFailStop: N/A\\nMainProcessId: %s\\n' "$state" "$health" "$pid"
`;
/** Timers and jobs are files; the test says when they run. */
const SYSTEMD_RUN = `#!/bin/sh
[ -e /fake/systemd-run-fails ] && exit 1
printf '%s\\n' "$*" >> /fake/systemd-run
case $* in
  *--on-active=*)
    unit=\${1#--unit=}
    while [ "\${1#/}" = "$1" ]; do shift; done
    printf '%s\\n' "$unit" "$@" > "/fake/units/$unit.timer"
    ;;
  *)
    unit=\${1#--unit=}
    [ -e "/fake/units/$unit.service" ] && exit 1
    shift
    printf '%s\\n' "$unit" "$@" > "/fake/units/$unit.service"
    ;;
esac
`;
const SYSTEMCTL = `#!/bin/sh
printf '%s\\n' "$*" >> /fake/systemctl
if [ -e /fake/meanwhile ]; then /bin/mv /fake/meanwhile /fake/happened; /bin/sh /fake/happened; fi
wants=/etc/systemd/system/multi-user.target.wants
case $1 in
  is-active) [ -e "/fake/units/$2" ] ;;
  is-enabled) [ -h "$wants/$2" ] ;;
  enable) [ -e "/etc/systemd/system/$2" ] || exit 1; /bin/mkdir -p "$wants"; /bin/ln -sf "../$2" "$wants/$2" ;;
  disable) /bin/rm -f "$wants/$2" ;;
  stop) /bin/rm -f "/fake/units/$2" ;;
esac
`;

/** Stands before every program while tests count and kill. */
const SHIM = `#!/host/bin/dash
read -r n at when signal < /count
n=$((n + 1))
echo "$n $at $when $signal" > /count
if [ "$n $when" = "$at before" ]; then kill -"$signal" 0; fi
/real/\${0##*/} "$@"
code=$?
if [ "$n $when" = "$at after" ]; then kill -"$signal" 0; fi
exit $code
`;

/** @param options.shell what /bin/sh is */
export function openGuardBox(options: { readonly shell: 'dash' | 'bash'; readonly sizeKiB?: number }): GuardBox {
  const root = mkdtempSync(join(tmpdir(), 'guard-box-'));
  // Lives as long as somebody holds its standard input open: this process.
  const holder: ChildProcess = spawn('unshare', ['--mount', '--net', 'cat'], { stdio: ['pipe', 'ignore', 'inherit'] });
  const pid = holder.pid;
  if (pid === undefined) throw new Error('unshare was not started');
  waitForNamespaces(pid);
  const inside = (path: string) => `/proc/${pid}/root${root}${path}`;
  const outer = (script: string, ...args: string[]) => {
    const done = spawnSync('nsenter', ['-t', String(pid), '-m', '-n', '/bin/sh', '-euc', script, 'sh', root, ...args], {
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`guard box: ${done.stderr}`);
  };
  outer(
    `mount -t tmpfs -o size=${options.sizeKiB ?? 4096}k,mode=755 box "$1"
cd "$1"
mkdir -p host bin sbin usr/bin usr/lib/vmware-vmon real shims dev proc/sys/kernel/random
ln -s real via; ln -s host/lib lib; ln -s host/lib64 lib64
mount --bind /usr host
: > dev/null; mount --bind /dev/null dev/null
ln -s /host/bin/${options.shell} real/sh
ln -s /host/bin/${options.shell} bin/sh
ip link set lo up`,
  );
  const install = (path: string, text: string) => writeFileSync(inside(path), text, { mode: 0o755 });
  install('/shim', SHIM);
  const links: string[] = [];
  for (const [folder, names] of Object.entries(PROGRAMS)) {
    for (const name of names) {
      links.push(
        `ln -s "/host/${name === 'route' ? 'sbin' : 'bin'}/${name}" "real/${name}"`,
        `ln -s /shim "shims/${name}"`,
        `ln -s "/via/${name}" ".${folder}/${name}"`,
      );
    }
  }
  const fakes = { '/bin/service-control': SERVICE_CONTROL, '/usr/lib/vmware-vmon/vmon-cli': VMON_CLI };
  for (const [path, text] of Object.entries({ ...fakes, '/usr/bin/systemd-run': SYSTEMD_RUN, '/bin/systemctl': SYSTEMCTL })) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    install(`/real/${name}`, text);
    links.push(`ln -s /shim "shims/${name}"`, `ln -s "/via/${name}" ".${path}"`);
  }
  outer(`cd "$1"\n${links.join('\n')}`);

  function run(argv: readonly string[], stdin = ''): BoxRun {
    // A process group of its own: what is killed with it, is killed alone.
    const command = ['setsid', '--wait', 'nsenter', '-t', String(pid), '-m', '-n', 'chroot', root, ...argv];
    const [file = '', ...args] = command;
    const { status, stdout, stderr } = spawnSync(file, args, {
      input: stdin,
      encoding: 'utf8',
      env: { PATH: '/usr/sbin:/usr/bin' },
      timeout: 60_000,
    });
    return { code: status, stdout, stderr };
  }

  function runUnits(kind: '.timer' | '.service'): string[] {
    const units = spawnSync('ls', ['-tr', inside('/fake/units')], { encoding: 'utf8' }).stdout.split('\n');
    const found = units.filter((name) => name.endsWith(kind));
    for (const name of found) {
      const [, ...argv] = readFileSync(inside(`/fake/units/${name}`), 'utf8')
        .trimEnd()
        .split('\n');
      run(argv);
    }
    return found;
  }

  return {
    run,
    shell: async (argv, { stdin } = {}) => {
      if (argv.at(-1) === 'prove') runUnits('.timer');
      const { code, stdout, stderr } = run(argv, stdin);
      return ok({ code: code ?? 137, stdout, stderr });
    },
    reset(files) {
      outer(`cd "$1"
for one in proc root usr/lib/vmware-vpx; do umount -l "$1/$one" 2> /dev/null || :; done
for one in usr/bin/*.hidden bin/*.hidden; do if [ -h "$one" ]; then mv "$one" "\${one%.hidden}"; fi; done
rm -rf root etc run fake tmp usr/lib/vmware-vpx filler
mkdir -p root etc/systemd/system etc/cron.d run fake/units tmp usr/lib/vmware-vpx/sps/conf
echo '0 0 no KILL' > count; ln -sfn real via
ip route flush table main; ip -6 route flush type unreachable || :`);
      for (const [path, text] of Object.entries(files)) writeFileSync(inside(path), text);
    },
    settle() {
      const jobs = runUnits('.service');
      for (const name of jobs) outer('rm -f "$1/fake/units/$2"', name);
      return jobs.length;
    },
    read: (path) => (existsSync(inside(path)) ? readFileSync(inside(path), 'utf8') : undefined),
    write: (path, text) => writeFileSync(inside(path), text),
    exists: (path) => existsSync(inside(path)),
    killAt(n, when = 'before', signal = 'KILL') {
      writeFileSync(inside('/count'), `0 ${n} ${when} ${signal}\n`);
      outer('ln -sfn "$2" "$1/via"', n === 0 ? 'real' : 'shims');
    },
    programsStarted: () => Number(readFileSync(inside('/count'), 'utf8').split(' ')[0]),
    hide: (path) => outer('mv "$1$2" "$1$2.hidden"', path),
    makeReadOnly: (path) => outer('mount --bind "$1$2" "$1$2"; mount -o remount,bind,ro "$1$2"', path),
    showProc: () => outer('mount -t proc proc "$1/proc"'),
    close() {
      for (const one of readdirSync('/proc')) if (/^\d+$/.test(one) && livesIn(root, one)) process.kill(Number(one), 'SIGKILL');
      holder.kill('SIGKILL');
      rmdirSync(root);
    },
  };
}

/** What a failed test left running. */
function livesIn(root: string, pid: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/root`) === root;
  } catch {
    return false;
  }
}

/** `unshare` becomes `cat` once it has its namespaces. */
function waitForNamespaces(pid: number): void {
  for (let tries = 0; tries < 1_000; tries += 1) {
    try {
      if (readFileSync(`/proc/${pid}/comm`, 'utf8') === 'cat\n') return;
    } catch {
      // Not there yet.
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
  }
  throw new Error('unshare gave no namespaces');
}
