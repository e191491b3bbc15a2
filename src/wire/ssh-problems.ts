import type { Problem, ProblemCode } from '../model/problem.js';
import { plainText } from './redact.js';
import type { SshTarget } from './vcenter-shell.js';

/** An SSH problem; `remedy` has a default per code. */
export function sshProblem(target: SshTarget, code: ProblemCode, summary: string, remedy?: string): Problem {
  const [usual, retry] = USUAL[code] ?? ['Run again with --debug and look at the SSH server of that host.', 'after-remedy'];
  return { code, target: target.label, summary, remedy: remedy ?? usual, retry };
}

const USUAL: Partial<Record<ProblemCode, readonly [string, Problem['retry']]>> = {
  unreachable: [
    'Switch on SSH access in the appliance management page (port 5480, Access), and check that port 22 is open from this machine.',
    'later',
  ],
  'name-not-found': ['Check ssh.host in estate.yaml and HostName in ~/.ssh/config, or give the address.', 'after-remedy'],
  timeout: ['Check the network path to the SSH port; a busy appliance may need a second try.', 'later'],
  'bad-answer': ['Check that host and port lead to the SSH server of the appliance.', 'after-remedy'],
  'login-refused': [
    'Check the user, key and password for this appliance. Do not guess: three wrong passwords lock root for minutes to a day.',
    'after-remedy',
  ],
};

/** What a failed connection means. `error` is whatever Node or ssh2 threw or emitted. */
export function connectionProblem(target: SshTarget, error: unknown): Problem {
  const where = `${target.host}:${target.port}`;
  const { code, text } = readError(error);
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EAI_NODATA':
      return sshProblem(target, 'name-not-found', `the name ${plainText(target.host)} cannot be resolved (${code})`);
    case 'ECONNREFUSED':
      return sshProblem(target, 'unreachable', `${where} refuses SSH connections`);
    case 'ECONNRESET':
    case 'EPIPE':
      return sshProblem(target, 'unreachable', `${where} broke the SSH connection off`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ETIMEDOUT':
    case 'EACCES':
      return sshProblem(target, 'unreachable', `${where} cannot be reached over SSH (${code})`);
    default:
      break;
  }
  if (/no matching/i.test(text)) {
    return sshProblem(
      target,
      'not-supported',
      `${where} and this machine share no SSH algorithm: ${text}`,
      'Update OpenSSH on that host, or allow one of the algorithms of RFC 9142 there.',
    );
  }
  if (/keepalive timeout/i.test(text)) return sshProblem(target, 'unreachable', `${where} stopped answering`);
  if (/connection lost before handshake/i.test(text)) {
    return sshProblem(target, 'unreachable', `${where} closed the connection without an SSH greeting`);
  }
  return sshProblem(target, 'bad-answer', `${where} does not speak SSH as we understand it: ${text}`);
}

function readError(error: unknown): { code: string; text: string } {
  if (!(error instanceof Error)) return { code: '', text: plainText(String(error)) };
  // With several addresses Node gives one error that holds the others.
  const inner = error instanceof AggregateError ? error.errors[0] : undefined;
  const first: unknown = inner instanceof Error ? inner : error;
  const code = typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : '';
  return { code, text: plainText(first instanceof Error ? first.message : error.message, 200) };
}
