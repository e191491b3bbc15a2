import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { processesOf } from '../../src/lab/processes.js';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabWorld } from '../../src/lab/world.js';
import { runOnAppliance } from '../support/lab-shell.js';
import { missingSystemParts } from '../support/system.js';
import { VirtualClock } from '../support/virtual-clock.js';

/** Jobs, signals, traps and locks: the same script for a real bash and for the lab's. Each has a folder of its own, and leaves none. */
const SCRIPTS: readonly { readonly name: string; readonly script: string }[] = [
  { name: 'a job and its exit code', script: '(exit 3) & wait $!; echo $?; (exit 4) & p=$!; wait; echo $?; wait $p; echo $?' },
  { name: 'wait for somebody else', script: 'wait 1; echo $?' },
  { name: 'the order of a job and its shell', script: '{ sleep 0.1; echo job; } & echo shell; wait; echo end' },
  { name: 'a whole list in the background', script: 'false || { sleep 0.05; echo b; } & echo a; wait; true && echo c & wait' },
  { name: 'a job has no input', script: 'cat & wait; echo done' },
  { name: 'a job changes nothing here', script: 'x=1; { x=2; } & wait; echo $x; { exit 5; } & wait $!; echo $? still here' },
  {
    name: 'kill',
    script: 'sleep 60 & kill $!; wait $!; echo $?; sleep 60 & kill -9 $!; wait $!; echo $?; kill -0 $! || echo gone',
  },
  { name: 'kill -0 of who lives', script: 'sleep 60 & kill -0 $! && echo lives; kill $!; wait $!; kill -0 $$ && echo self' },
  {
    name: 'a killed shell leaves its child',
    script: `sh -c 'sleep 0.2; echo "$1"' sh child & ( sh -c 'sleep 0.3; echo orphan'; echo never ) & p=$!; sleep 0.1; kill $p; wait; sleep 0.5; echo end`,
  },
  { name: 'trap EXIT', script: `trap 'echo bye $?' EXIT; echo hi; exit 3` },
  { name: 'trap EXIT at the end of the script', script: `trap 'echo bye' EXIT; echo hi; false` },
  {
    name: 'a subshell has no traps',
    script: `trap 'echo outer' EXIT; (echo in); (trap 'echo inner' EXIT; echo in2); echo $(echo sub); echo out`,
  },
  { name: 'an exit trap that exits', script: `trap 'exit 9' EXIT; exit 3` },
  { name: 'trap -', script: `trap 'echo bye' EXIT; trap - EXIT; echo hi` },
  { name: 'trap TERM', script: `trap 'echo caught' TERM; kill $$; echo after; kill -TERM $$; echo last` },
  {
    name: 'a trap waits for the command under way',
    script: `trap 'echo caught' TERM; (sleep 0.1; kill $$) & sleep 0.3; echo after`,
  },
  {
    name: 'a trap ends wait',
    script: `trap 'echo caught' USR1; sleep 0.5 & p=$!; (sleep 0.1; kill -USR1 $$) & wait $p; echo $?; wait $p; echo $?`,
  },
  { name: 'an ignored signal', script: `trap '' TERM; kill $$; echo lives; sh -c 'kill $$; echo child lives'` },
  { name: 'killed with an exit trap', script: `sh -c 'exit 0'; bash -c 'trap "echo cleaned" EXIT; kill $$; echo no'; echo $?` },
  { name: 'killed for good', script: `bash -c 'trap "echo cleaned" EXIT; kill -9 $$; echo no'; echo $?` },
  { name: 'nohup', script: `nohup sh -c 'kill -HUP $$; echo lives' 2>/dev/null; sh -c 'kill -HUP $$; echo no'; echo $?` },
  { name: 'setsid of a job', script: `setsid sh -c 'echo in session; exit 4' & wait $!; echo $?` },
  { name: 'setsid keeps the number', script: `setsid sh -c 'echo $$' > pid & p=$!; wait; [ "$(cat pid)" = $p ] && echo same` },
  { name: 'exec keeps the number', script: `sh -c 'echo $$; exec sh -c "echo \\$\\$"' > pids; sort -u pids | wc -l` },
  {
    name: 'a number for everybody',
    script: `a=$(sh -c 'echo $$'); b=$(sh -c 'echo $$'); [ $a != $b ] && [ $a != $$ ] && echo apart; echo "$( (echo $$) )" | grep -c "^$$\\$"`,
  },
  {
    name: 'flock without waiting',
    script: `exec 9>lock; flock -n 9; echo $?; sh -c 'exec 9>lock; flock -n 9; echo $?'; flock -u 9; sh -c 'exec 9>lock; flock -n 9; echo $?'`,
  },
  { name: 'flock waits', script: `(flock 9; sleep 0.2; echo first) 9>lock & sleep 0.1; (flock 9; echo second) 9>lock; wait` },
  {
    name: 'flock waits no longer than told',
    script: `(flock 9; sleep 0.5) 9>lock & sleep 0.1; (flock -w 0.1 9; echo $?) 9>lock; (flock -w 2 9; echo $?) 9>lock; wait`,
  },
  {
    name: 'flock of a command',
    script: `flock lock sh -c 'flock -n lock echo no; echo $?; exit 5'; echo $?; flock -n -E 7 lock -c 'flock -n -E 7 lock true'; echo $?`,
  },
  {
    name: 'a lock is inherited',
    script: `(exec 9>lock; flock 9; sleep 0.3 & ) ; flock -n lock echo free; echo $?; sleep 0.5; flock -n lock echo free`,
  },
  {
    name: 'a lock is not inherited when it is closed',
    script: `(exec 9>lock; flock 9; sleep 0.3 9>&- & ) ; sleep 0.1; flock -n lock echo free; echo $?; wait`,
  },
  {
    name: 'a lock goes with its holder',
    script: `sh -c 'exec 9>lock; flock 9; sleep 5 9>&- >/dev/null' & p=$!; sleep 0.2; flock -n lock true; echo $?; kill -9 $p; wait $p; flock -n lock true; echo $?`,
  },
  { name: 'shared locks', script: `exec 8<>lock; flock -s 8; sh -c 'exec 9>>lock; flock -sn 9; echo $?; flock -n 9; echo $?'` },
  { name: 'flock of what is not open', script: `flock -n 7; echo $?` },
  {
    name: 'mkdir as a lock',
    script: `mkdir l && echo mine; mkdir l 2>/dev/null || echo taken; rmdir l && mkdir l && echo again; rmdir l`,
  },
  {
    name: 'descriptors stay with the file',
    script: `exec 3>a; echo one >&3; mv a b; echo two >&3; cat b; echo x > a; echo three >&3; cat a b; exec 3>&-; rm b; exec 4>>a; echo four >&4; rm a; echo five >&4; echo end`,
  },
  {
    name: 'one open file has one place',
    script: `{ echo a; echo b; } > f; cat f; exec 3>f; echo c >&3; echo d >> f; echo e >&3; cat f`,
  },
  { name: 'umask', script: `umask; umask 077; echo > f; mkdir d; umask 022; echo > g; stat -c '%a %n' f d g; rmdir d` },
  {
    name: 'unbound variables',
    script: `set -u; x=; echo "[$x][\${y:-d}][\${y+no}]"; sh -uc 'echo "[$#]"' ; (echo $nosuch; echo no); echo $?; echo $also; echo never`,
  },
  {
    name: 'proc',
    script: `sleep 60 & [ -d /proc/$! ] && echo there; until grep -q ^sleep /proc/$!/cmdline; do sleep 0.05; done; tr '\\0' ' ' < /proc/$!/cmdline; echo; kill $!; wait $!; [ -d /proc/$! ] || echo gone`,
  },
  {
    name: 'timeout in the foreground kills its child alone',
    script: `timeout --foreground 0.2 sleep 60; echo $?; timeout --foreground -k 0.1 0.1 sh -c 'trap "" TERM; sleep 1; sleep 1; echo no'; echo $?; timeout --foreground 5 sh -c 'exit 3'; echo $?; timeout --foreground 0.2 sh -c 'sleep 0.6 && echo grandchild'; echo $?; sleep 1`,
  },
  {
    name: 'timeout kills its group',
    script: `timeout 0.2 sh -c 'sleep 9; echo no'; echo $?; timeout -s KILL 0.2 sleep 60; echo $?; timeout -k 0.1 0.1 sh -c 'trap "" TERM; sleep 2; sleep 2'; echo $?`,
  },
  {
    name: 'uptime',
    script: `read -r up idle < /proc/uptime; case $up in *[!0-9.]*) echo odd;; *.[0-9][0-9]) echo fine;; esac; a=\${up%.*}\${up#*.}; [ "$a" -gt 0 ] && echo number`,
  },
  {
    name: 'boot id',
    script: `read -r b < /proc/sys/kernel/random/boot_id; echo \${#b}; read -r m < /etc/machine-id; echo \${#m}`,
  },
  {
    name: 'links',
    script: `echo x > f; ln -s f l; cat l; [ -L l ] && echo link; [ -L f ] || echo none; readlink l; rm f; [ -e l ] || echo dangling; [ -L l ] && echo link; rm l`,
  },
];

describe.skipIf(missingSystemParts('bash'))('jobs of the lab and of a real bash', () => {
  const clock = new VirtualClock();
  let world: LabWorld;
  beforeAll(async () => {
    world = await buildScenario('estate-of-2', { clock });
  });
  const real = new Map<string, Promise<{ code: number | null; stdout: string }>>();
  beforeAll(() => {
    // All at once: most of them do nothing but sleep.
    for (const { name, script } of SCRIPTS) real.set(name, inBash(folderOf(name), script));
  });

  for (const { name, script } of SCRIPTS) {
    test(`agree on ${name}`, async () => {
      const [vcenter] = world.vcenters;
      if (!vcenter) throw new Error('no vCenter');
      const ours = await clock.run(runOnAppliance(world, vcenter, inFolder(folderOf(name), script), 'text\n'));
      expect({ code: ours.code, stdout: ours.stdout }).toEqual(await real.get(name));
      expect(world.record.filter(({ what }) => what === 'the lab itself')).toEqual([]);
    });
  }

  test('what outlives its script goes on until it ends', async () => {
    const [vcenter] = world.vcenters;
    if (!vcenter) throw new Error('no vCenter');
    await clock.advance(120_000);
    expect(processesOf(vcenter).list()).toEqual([]);
  });
});

const folderOf = (name: string): string => `/tmp/lab-jobs-${process.pid}-${name.replace(/\W+/g, '-')}`;
const inFolder = (folder: string, script: string): string => `mkdir ${folder} && cd ${folder} || exit 99\n${script}`;

function inBash(folder: string, script: string): Promise<{ code: number | null; stdout: string }> {
  const child = spawn('bash', ['--noprofile', '--norc', '-c', inFolder(folder, script)], {
    env: { PATH: '/usr/bin:/bin:/usr/sbin', LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.stdin.on('error', () => {});
  child.stdin.end('text\n');
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code) => {
      rmSync(folder, { recursive: true, force: true });
      resolve({ code, stdout: Buffer.concat(chunks).toString('latin1') });
    });
  });
}
