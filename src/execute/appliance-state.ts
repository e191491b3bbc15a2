import type { SpsProcess } from '../model/appliance-probes.js';
import type { Check, Expectation } from '../model/cleanup-plan.js';
import { ok, type Problem } from '../model/problem.js';
import type { ApplianceFacts } from '../model/run.js';
import { readSps } from '../wire/appliance-probes.js';
import { plainText } from '../wire/redact.js';
import type { CommandOutput } from '../wire/vcenter-shell.js';
import type { Target } from './target.js';
import { type Done, failed } from './trouble.js';

/** What tells one boot of one machine from another. */
export async function readFacts(target: Target, hostKey: string): Promise<Done<ApplianceFacts>> {
  const machine = await firstLine(target, ['/bin/cat', '/etc/machine-id'], /^[0-9a-f]{32}$/);
  if (!machine.ok) return machine;
  const boot = await firstLine(target, ['/bin/cat', '/proc/sys/kernel/random/boot_id'], /^[0-9a-f-]{36}$/);
  if (!boot.ok) return boot;
  const build = await firstLine(target, ['/usr/sbin/vpxd', '-v'], /^\S/);
  if (!build.ok) return build;
  const sps = await readService(target);
  if (!sps.ok && sps.error.kind !== 'failed') return sps;
  return ok({
    hostKey,
    ...(machine.value === undefined ? {} : { machineId: machine.value }),
    ...(boot.value === undefined ? {} : { bootId: boot.value }),
    ...(build.value === undefined ? {} : { build: plainText(build.value, 200) }),
    ...(sps.ok && sps.value.pid !== undefined && sps.value.runState === 'STARTED' ? { spsPid: sps.value.pid } : {}),
  });
}

async function firstLine(target: Target, argv: readonly string[], form: RegExp): Promise<Done<string | undefined>> {
  const output = await target.look(argv);
  if (!output.ok) return output;
  const line = output.value.stdout.split('\n')[0]?.trim() ?? '';
  return ok(output.value.code === 0 && form.test(line) ? line : undefined);
}

/** State, health and process of SPS. */
export async function readService(target: Target): Promise<Done<SpsProcess>> {
  const alive = await target.giveSign();
  if (!alive.ok) return alive;
  const read = target.liftAnswer(await readSps({ label: target.label, run: target.shell }));
  if (!read.ok) return read;
  return read.value.state === 'seen' ? ok(read.value.value) : failed(unreadable(target.label, 'state of SPS', read.value.why));
}

/** Seconds since the appliance booted; its clock may be set at any time. */
export async function readUptime(target: Target): Promise<Done<number | undefined>> {
  const output = await target.look(['/bin/cat', '/proc/uptime']);
  if (!output.ok) return output;
  const seconds = /^(\d+\.\d+) /.exec(output.value.stdout)?.[1];
  return ok(seconds === undefined ? undefined : Number(seconds));
}

/** A file as it stands there: nothing of its content. */
export interface FileFacts {
  readonly sha: string;
  /** Octal. */
  readonly mode: string;
  readonly owner: string;
  readonly size: string;
  /** `2026-11-20 10:00:00.000000000 +0000` */
  readonly mtime: string;
}

/** Undefined: there is no such file. */
export async function readFileFacts(target: Target, path: string): Promise<Done<FileFacts | undefined>> {
  const sum = await target.look(['/usr/bin/sha256sum', path]);
  if (!sum.ok) return sum;
  const sha = /^\\?([0-9a-f]{64})\s/.exec(sum.value.stdout)?.[1];
  if (sum.value.code !== 0 || sha === undefined) {
    if (/No such file/i.test(sum.value.stderr)) return ok(undefined);
    return failed(unreadable(target.label, path, sum.value.stderr));
  }
  const stat = await target.look(['/usr/bin/stat', '-c', '%a|%U:%G|%s|%y', path]);
  if (!stat.ok) return stat;
  const [mode = '', owner = '', size = '', mtime = ''] = stat.value.stdout.trim().split('|');
  if (stat.value.code !== 0) return failed(unreadable(target.label, path, stat.value.stderr));
  return ok({ sha, mode, owner, size, mtime });
}

/** Which of these looks did not show what they have to. */
export async function failingChecks(target: Target, checks: readonly Check[]): Promise<Done<readonly string[]>> {
  const failing: string[] = [];
  for (const check of checks) {
    if (check.by !== 'ssh') continue;
    const output = await target.look(check.argv);
    if (!output.ok) return output;
    if (!shows(output.value, check.expect)) failing.push(`\`${check.argv.join(' ')}\` ${saidOf(output.value)}`);
  }
  return ok(failing);
}

export function shows({ code, stdout, stderr }: CommandOutput, expect: Expectation): boolean {
  switch (expect.is) {
    case 'done':
      return code === 0;
    case 'prints':
      return code === 0 && expect.text.every((text) => stdout.includes(text));
    case 'prints-nothing':
      return code === 0 && stdout.trim() === '';
    case 'fails':
      return code !== 0 && (expect.text === undefined || `${stdout}${stderr}`.includes(expect.text));
  }
}

function saidOf({ code, stdout, stderr }: CommandOutput): string {
  const said = plainText((stdout.trim() || stderr.trim()).slice(0, 2000), 160);
  return said === '' ? `printed nothing, exit code ${code}` : `says "${said}", exit code ${code}`;
}

const unreadable = (target: string, what: string, said: string): Problem => ({
  code: 'command-failed',
  target,
  summary: `${what} on ${target} could not be read${said.trim() === '' ? '' : `: ${plainText(said.trim(), 200)}`}`,
  remedy: 'Run the command on the appliance and see what it says.',
  retry: 'later',
});
