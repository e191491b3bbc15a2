// A command on an open SSH connection: ours against OpenSSH's client with ControlMaster, both at the same sshd, in
// turns of 25 commands. Run: node bench/run.mjs ssh [turns]
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { openShell } from '../src/wire/ssh.js';
import { addThrowAwayUser, startSshd } from '../test/support/openssh.js';

const BLOCKS = Number(process.argv[2] ?? 20);
const PER_BLOCK = 25;

const sshd = await startSshd({ logLevel: 'INFO' });
// A user without start-up files: root's .bashrc would be measured along with everything else.
const user = addThrowAwayUser();
const control = join(sshd.folder, 'control');
const options = [
  ...[
    '-o',
    `ControlPath=${control}`,
    '-o',
    'StrictHostKeyChecking=no',
    '-o',
    'UserKnownHostsFile=/dev/null',
    '-o',
    'LogLevel=ERROR',
  ],
  ...['-i', sshd.clientKey, '-p', String(sshd.port), `${user.name}@127.0.0.1`],
];
const master = spawn('ssh', ['-M', '-N', '-F', 'none', ...options], { stdio: 'ignore' });
try {
  const shell = await openShell(
    {
      label: 'bench',
      host: '127.0.0.1',
      port: sshd.port,
      username: user.name,
      trust: { kind: 'pin', sha256: sshd.fingerprints.ed25519 },
      auth: [{ kind: 'key', file: sshd.clientKey }],
      jumps: [],
    },
    {},
    {},
  );
  if (!shell.ok) throw new Error(shell.error.summary);
  const runOurs = async () => {
    const done = await shell.value.run(['/bin/true']);
    if (!done.ok || done.value.code !== 0) throw new Error('our command failed');
  };
  await waitForMaster();
  const [ours, theirs]: [number[], number[]] = [[], []];
  for (let block = -1; block < BLOCKS; block++) {
    for (const [times, work] of [
      [ours, runOurs],
      [theirs, runTheirs],
    ] as const) {
      // The first commands after the other's block run on cold caches.
      for (let run = -5; run < PER_BLOCK; run++) {
        const ms = await timed(work);
        if (block >= 0 && run >= 0) times.push(ms);
      }
    }
  }
  await shell.value.close();
  const [p50, q50] = [quantile(ours, 0.5), quantile(theirs, 0.5)];
  console.log(`commands: ${ours.length} each, one after the other, /bin/true`);
  console.log(`vasatrust:             median ${p50.toFixed(2)} ms, p90 ${quantile(ours, 0.9).toFixed(2)} ms`);
  console.log(`OpenSSH ControlMaster: median ${q50.toFixed(2)} ms, p90 ${quantile(theirs, 0.9).toFixed(2)} ms`);
  console.log(`ratio of medians:      ${(p50 / q50).toFixed(2)} (aim: at most 0.35)`);
} finally {
  const gone = new Promise((resolve) => master.once('exit', resolve));
  master.kill('SIGTERM');
  await gone;
  user.remove();
  await sshd.close();
}

function runTheirs(): Promise<void> {
  return endOf(['-F', 'none', ...options, '/bin/true']);
}

async function waitForMaster(): Promise<void> {
  for (let tries = 0; ; tries++) {
    try {
      return await endOf(['-F', 'none', '-O', 'check', ...options]);
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function endOf(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('ssh', args, { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ssh ended with ${code}`))));
  });
}

async function timed(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * q)] ?? Number.NaN;
}
