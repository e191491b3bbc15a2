import pLimit from 'p-limit';
import { err, ok, type Result } from '../model/problem.js';
import { shellCommand } from './quote.js';
import { plainText } from './redact.js';
import { ApplianceshSession } from './shell-appliancesh.js';
import { execLine, proveShell, type RemoteCommand } from './shell-bash.js';
import { connectSsh, type SshLink } from './ssh-connect.js';
import { sshProblem } from './ssh-problems.js';
import type { CommandOutput, RootVerdict, RunOptions, SshLimits, SshSecrets, SshTarget, VcenterShell } from './vcenter-shell.js';

const COMMAND_MS = 30_000;
const MAX_BYTES = 8 * 1024 * 1024;
/** sshd's MaxSessions is 10 unless somebody lowered it; a few at a time hide the round trips and leave room for others. */
const AT_ONCE = 4;

/**
 * Connects, checks the host key, logs in, and proves which shell answers. The host key is checked before any key, agent signature or
 * password is offered; there is no way to accept an unknown one.
 *
 * Problems: `host-key-unknown`, `host-key-mismatch`, `host-key-revoked`, `login-refused`, `not-attempted` (password refused earlier),
 * `secret-unavailable`, `secret-unusable`, `file-unreadable`, `file-invalid`, `unreachable`, `timeout`, `name-not-found`,
 * `not-supported` (no common algorithm), `bad-answer`, `shell-unproven`.
 */
export async function openShell(
  target: SshTarget,
  secrets: SshSecrets,
  verdict: RootVerdict,
  limits: SshLimits = {},
): Promise<Result<VcenterShell>> {
  const link = await connectSsh(target, secrets, verdict, limits);
  if (!link.ok) return link;
  const shell = await shellOver(link.value, target, limits);
  if (!shell.ok) await link.value.end();
  return shell;
}

async function shellOver(link: SshLink, target: SshTarget, limits: SshLimits): Promise<Result<VcenterShell>> {
  const kind = await proveShell(link, target);
  if (!kind.ok) return kind;
  const { remoteAddress, hostKeySha256 } = link;
  const common = { remoteAddress, hostKeySha256 };
  if (kind.value === 'bash') {
    const run = runWith(target, limits, AT_ONCE, (command) => execLine(link, target, command));
    return ok({ kind: 'bash', ...common, run, close: () => link.end() });
  }
  const session = new ApplianceshSession(link, target);
  const opened = await session.open();
  if (!opened.ok) return opened;
  const run = runWith(target, limits, 1, (command) => session.run(command));
  const close = async () => {
    session.close();
    await link.end();
  };
  return ok({ kind: 'appliancesh', ...common, run, close });
}

function runWith(
  target: SshTarget,
  limits: SshLimits,
  atOnce: number,
  start: (command: RemoteCommand) => Promise<Result<CommandOutput>>,
): VcenterShell['run'] {
  const queue = pLimit(atOnce);
  return async (argv: readonly string[], options: RunOptions = {}) => {
    const name = plainText(argv[0] ?? 'nothing', 80);
    const line = shellCommand(argv);
    if (!line.ok) {
      return err(
        sshProblem(
          target,
          'config-invalid',
          `${target.label}: ${name} cannot be run: ${line.error}`,
          'Check the names in estate.yaml.',
        ),
      );
    }
    if (options.stdin?.includes('\0')) {
      return err(
        sshProblem(
          target,
          'secret-unusable',
          `${target.label}: the input for ${name} holds a NUL character`,
          'Correct the secret.',
        ),
      );
    }
    return queue(() =>
      start({
        name,
        line: line.value,
        stdin: options.stdin,
        timeoutMs: options.timeoutMs ?? limits.commandMs ?? COMMAND_MS,
        maxBytes: options.maxBytes ?? limits.maxBytes ?? MAX_BYTES,
      }),
    );
  };
}
