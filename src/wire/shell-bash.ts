import { randomBytes, randomInt } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { plainText } from './redact.js';
import type { SshLink } from './ssh-connect.js';
import { connectionProblem, sshProblem } from './ssh-problems.js';
import type { CommandOutput, SshTarget } from './vcenter-shell.js';

/** One command with every default filled in; `name` is what problems call it: the program, never its arguments or input. */
export interface RemoteCommand {
  readonly name: string;
  readonly line: string;
  readonly stdin: string | undefined;
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

export function timeoutProblem(target: SshTarget, command: RemoteCommand): Problem {
  return sshProblem(
    target,
    'timeout',
    `${target.label}: ${command.name} did not end within ${command.timeoutMs} ms`,
    'Look at the load of the appliance and run again.',
  );
}

export function tooLargeProblem(target: SshTarget, command: RemoteCommand): Problem {
  return sshProblem(
    target,
    'too-large',
    `${target.label}: ${command.name} printed more than ${command.maxBytes} bytes`,
    'Run the command on the appliance and see why it prints that much.',
  );
}

/**
 * Runs one line in an exec channel: the login shell reads it with `-c`. Ends the channel at the deadline or the bound; the program
 * is sent TERM then, which OpenSSH passes on since 7.9.
 */
export function execLine(link: SshLink, target: SshTarget, command: RemoteCommand): Promise<Result<CommandOutput>> {
  return new Promise((resolve) => {
    const lost = () => err(link.lost() ?? sshProblem(target, 'unreachable', `the SSH connection to ${target.host} was lost`));
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let received = 0;
    let channel: ClientChannel | undefined;
    let over = false;
    const finish = (result: Result<CommandOutput>) => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      resolve(result);
    };
    const stop = (problem: Problem) => {
      finish(err(problem));
      if (!channel || link.lost()) return;
      channel.resume();
      channel.stderr.resume();
      channel.signal('TERM');
      channel.close();
    };
    const timer = setTimeout(() => stop(timeoutProblem(target, command)), command.timeoutMs);
    const keep = (chunks: Buffer[]) => (chunk: Buffer) => {
      if (over) return;
      received += chunk.length;
      if (received > command.maxBytes) stop(tooLargeProblem(target, command));
      else chunks.push(chunk);
    };
    const opened = (error: Error | undefined, stream: ClientChannel) => {
      if (error) return finish(link.lost() ? lost() : err(channelProblem(target, command, error)));
      channel = stream;
      let code: number | null | undefined;
      let signal: string | undefined;
      stream.on('data', keep(stdout));
      stream.stderr.on('data', keep(stderr));
      stream.on('error', () => {});
      stream.on('exit', (status: number | null, name?: string) => {
        code = status;
        signal = name;
      });
      stream.on('close', () => {
        if (typeof code === 'number') finish(ok({ code, stdout: text(stdout), stderr: text(stderr) }));
        else if (link.lost()) finish(lost());
        else finish(err(noExitCode(target, command, signal)));
      });
      if (over) stream.close();
      else stream.end(command.stdin ?? '');
    };
    try {
      link.client.exec(command.line, opened);
    } catch (error) {
      finish(link.lost() ? lost() : err(connectionProblem(target, error)));
    }
  });
}

function text(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

function channelProblem(target: SshTarget, command: RemoteCommand, error: Error): Problem {
  return sshProblem(
    target,
    'command-failed',
    `${target.label} did not run ${command.name}: ${plainText(error.message, 160)}`,
    'Check MaxSessions, ForceCommand and the login shell of this user on the appliance.',
  );
}

function noExitCode(target: SshTarget, command: RemoteCommand, signal: string | undefined): Problem {
  const how = signal === undefined ? 'ended without an exit code' : `was ended by ${plainText(signal, 32)}`;
  return sshProblem(
    target,
    'command-failed',
    `${target.label}: ${command.name} ${how}`,
    'Run again; if it stays, look at dmesg on the appliance.',
  );
}

export type ShellKind = 'bash' | 'appliancesh';

const PROOF_MS = 15_000;

/**
 * Which shell answers. Proof is exact output that only a shell can have computed: under appliancesh an unknown command ends with
 * exit code 0, so an exit code proves nothing.
 * Source: exec on 8.x prints "Unknown command: `pwd'" and exits with 0 (documented); the probe itself is ours.
 */
export async function proveShell(link: SshLink, target: SshTarget): Promise<Result<ShellKind>> {
  const [a, b] = [randomInt(1000, 30_000), randomInt(1000, 30_000)];
  const mark = randomBytes(8).toString('hex');
  const line = `printf 'vasatrust-%s-%s\\n' "$((${a} * ${b}))" ${mark}`;
  const probe: RemoteCommand = { name: 'the shell probe', line, stdin: undefined, timeoutMs: PROOF_MS, maxBytes: 64 * 1024 };
  const said = await execLine(link, target, probe);
  if (!said.ok) return said;
  const { stdout, stderr } = said.value;
  if (stdout === `vasatrust-${a * b}-${mark}\n`) return ok('bash');
  if (/Unknown command/i.test(`${stdout}\n${stderr}`)) return ok('appliancesh');
  return err(unproven(target, `${stdout} ${stderr}`));
}

/** Something answered, but not a shell we can rely on. */
export function unproven(target: SshTarget, said: string): Problem {
  const expired = /password (has )?expired|change your password|password change required/i.test(said);
  return sshProblem(
    target,
    'shell-unproven',
    `${target.label}: the login works, but no shell could be proven; the answer was "${plainText(said.trim(), 200)}"`,
    expired
      ? 'The password has expired: log in on the appliance console (or port 5480) and set a new one.'
      : 'Log in by hand with ssh: start-up files of the shell must not print anything, and the shell must be bash or appliancesh.',
  );
}
