import { readFile, stat } from 'node:fs/promises';
import ssh2, { type AnyAuthMethod, type ParsedKey, type Prompt } from 'ssh2';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { plainText } from './redact.js';
import { sshProblem } from './ssh-problems.js';
import type { RootVerdict, SshMethod, SshSecrets, SshTarget } from './vcenter-shell.js';

const MAX_KEY_BYTES = 64 * 1024;

/** Secret prompts that do not ask for the login password; sending it there would spend an attempt or change a password. */
const OTHER_PROMPT = /\b(code|otp|token|passcode|current|old|new|retype|again|pin|passphrase)\b/i;

/**
 * One login: keys and agent first, then at most one password, through keyboard-interactive where the server offers it, else through
 * `password`, never both: to the appliance both are the same PAM stack, and three wrong passwords lock root.
 * Source: sps-cleanup facts on `Accepted keyboard-interactive/pam for root` and faillock `deny=3` (8.0U2 and later).
 */
export class SshLogin {
  /** What was tried and why it did not help, for the problem at the end. */
  private readonly notes: string[] = [];
  private readonly tried: string[] = [];
  private readonly queue: SshMethod[];
  private offered: readonly string[] = [];
  private firstFailure: Problem | undefined;
  private passwordSent = false;
  private passwordWithheld = false;
  private release: (() => void) | undefined;

  private readonly target: SshTarget;
  private readonly secrets: SshSecrets;
  private readonly verdict: RootVerdict;
  private accepted = false;
  /** Stops the connection: the server wants something we never answer. */
  private readonly giveUp: () => void;

  constructor(target: SshTarget, secrets: SshSecrets, verdict: RootVerdict, giveUp: () => void) {
    this.target = target;
    this.secrets = secrets;
    this.verdict = verdict;
    this.giveUp = giveUp;
    const rank = (method: SshMethod) => (method.kind === 'password' ? 1 : 0);
    this.queue = [...target.auth].sort((a, b) => rank(a) - rank(b));
  }

  /** The next method, or undefined when there is none left. `offered` is null before the server has said what it takes. */
  async next(offered: readonly string[] | null): Promise<AnyAuthMethod | undefined> {
    const { username } = this.target;
    if (offered === null) return { type: 'none', username };
    this.offered = offered;
    if (this.passwordSent) return undefined;
    for (let method = this.queue.shift(); method; method = this.queue.shift()) {
      const ready = await this.prepare(method);
      if (ready) return ready;
    }
    return undefined;
  }

  private async prepare(method: SshMethod): Promise<AnyAuthMethod | undefined> {
    const { username } = this.target;
    const publickey = this.offered.includes('publickey');
    switch (method.kind) {
      case 'key': {
        if (!publickey) return this.note(`the server takes no keys, so ${plainText(method.file)} was not tried`);
        const key = await loadKey(this.target, method, this.secrets);
        if (!key.ok) return this.note(key.error.summary, key.error);
        if (key.value === undefined) return undefined;
        this.tried.push(`key ${plainText(method.file)}`);
        return { type: 'publickey', username, key: key.value };
      }
      case 'agent': {
        if (!publickey) return this.note('the server takes no keys, so the agent was not asked');
        if (method.socket === '') return this.note('there is no SSH agent (SSH_AUTH_SOCK is not set)', noAgent(this.target));
        this.tried.push('SSH agent');
        return { type: 'agent', username, agent: method.socket };
      }
      case 'password':
        return this.preparePassword();
    }
  }

  private async preparePassword(): Promise<AnyAuthMethod | undefined> {
    const interactive = this.offered.includes('keyboard-interactive');
    if (!interactive && !this.offered.includes('password')) return this.note('the server takes no passwords');
    this.release = await takeTurn(this.verdict);
    if (this.verdict.refused) {
      this.passwordWithheld = true;
      this.settle();
      return undefined;
    }
    const password = await (this.secrets.password?.() ?? noPassword(this.target));
    if (!password.ok) {
      this.settle();
      return this.note(password.error.summary, password.error);
    }
    this.tried.push('password');
    const { username } = this.target;
    if (!interactive) {
      this.passwordSent = true;
      return { type: 'password', username, password: password.value };
    }
    return {
      type: 'keyboard-interactive',
      username,
      prompt: (_name, instructions, _lang, prompts, finish) => {
        if (this.mayAnswer(instructions, prompts)) {
          this.passwordSent = true;
          finish([password.value]);
        } else this.giveUp();
      },
    };
  }

  /** Exactly one hidden prompt, once, and not one that asks for something else. */
  private mayAnswer(instructions: string, prompts: readonly Prompt[]): boolean {
    const [first, ...more] = prompts;
    const fits = first !== undefined && more.length === 0 && first.echo !== true && !OTHER_PROMPT.test(first.prompt);
    if (fits && !this.passwordSent) return true;
    const asked = plainText(`${instructions} ${prompts.map((each) => each.prompt).join(' ')}`.trim(), 160);
    this.note(`the server asked for more than the password: "${asked}"`);
    return false;
  }

  /** The server wants a new password before it lets anybody in. */
  changeDemanded(): void {
    this.note('the server demands a new password first');
    this.giveUp();
  }

  private note(text: string, problem?: Problem): undefined {
    this.notes.push(text);
    this.firstFailure ??= problem;
    return undefined;
  }

  /** A method failed on our side (an agent that does not answer, say); the next one is tried. */
  methodFailed(error: Error): void {
    this.note(plainText(error.message, 160));
  }

  hasSentPassword(): boolean {
    return this.passwordSent;
  }

  /** To be called whatever the end; the first call decides. Lets another login with the same password go ahead. */
  settle(loggedIn = false): void {
    this.accepted ||= loggedIn;
    // The end of a connection that was let in says nothing about the password.
    if (this.passwordSent && !this.accepted) this.verdict.refused ??= this.problem();
    this.release?.();
    this.release = undefined;
  }

  problem(): Problem {
    const where = `${this.target.username}@${this.target.host}:${this.target.port}`;
    const why = this.notes.length > 0 ? ` (${this.notes.join('; ')})` : '';
    if (this.passwordWithheld) {
      return sshProblem(
        this.target,
        'not-attempted',
        `${where}: the password was refused earlier in this run and was not sent again${why}`,
        'Correct the password of this appliance, then run again. Three wrong passwords lock root for minutes to a day.',
      );
    }
    if (this.tried.length === 0 && this.firstFailure) return this.firstFailure;
    const tried = this.tried.length > 0 ? `tried: ${this.tried.join(', ')}` : 'nothing to try';
    const offered = plainText(this.offered.join(', ') || 'nothing', 160);
    return sshProblem(this.target, 'login-refused', `${where} refused the login; ${tried}; the server takes: ${offered}${why}`);
  }
}

/** Logins that would send the same password go one after the other, so that a wrong one is sent once. */
const turns = new WeakMap<RootVerdict, Promise<void>>();

async function takeTurn(verdict: RootVerdict): Promise<() => void> {
  const before = turns.get(verdict) ?? Promise.resolve();
  let release: () => void = () => {};
  turns.set(
    verdict,
    new Promise((resolve) => {
      release = resolve;
    }),
  );
  await before;
  return release;
}

function noAgent(target: SshTarget): Problem {
  return sshProblem(
    target,
    'secret-unavailable',
    'there is no SSH agent: SSH_AUTH_SOCK is not set',
    'Start ssh-agent and add the key (ssh-add).',
  );
}

async function noPassword(target: SshTarget): Promise<Result<string>> {
  return err(
    sshProblem(
      target,
      'secret-unavailable',
      `no password is configured for ${target.username}@${target.host}`,
      'Set ssh.password in estate.yaml.',
    ),
  );
}

/** Undefined: an optional key file that is not there. The passphrase is asked for only when the key needs one. */
async function loadKey(
  target: SshTarget,
  method: Extract<SshMethod, { kind: 'key' }>,
  secrets: SshSecrets,
): Promise<Result<ParsedKey | undefined>> {
  const file = plainText(method.file);
  const content = await readBounded(method.file);
  if (content === undefined) {
    if (method.optional) return ok(undefined);
    return err(
      sshProblem(
        target,
        'file-unreadable',
        `the private key ${file} cannot be read`,
        'Check ssh.privateKeyFile and its permissions.',
      ),
    );
  }
  const plain = ssh2.utils.parseKey(content);
  if (!(plain instanceof Error)) return keyResult(target, file, plain);
  if (!/encrypted|passphrase/i.test(plain.message)) return keyResult(target, file, plain);
  if (method.optional && !secrets.passphrase) return ok(undefined);
  const passphrase = await (secrets.passphrase?.() ??
    err(
      sshProblem(
        target,
        'secret-unavailable',
        `the private key ${file} needs a passphrase`,
        'Set ssh.passphrase, or use the agent.',
      ),
    ));
  if (!passphrase.ok) return passphrase;
  const opened = ssh2.utils.parseKey(content, passphrase.value);
  if (!(opened instanceof Error)) return keyResult(target, file, opened);
  return err(
    sshProblem(target, 'secret-unusable', `the passphrase does not open the private key ${file}`, 'Correct ssh.passphrase.'),
  );
}

function keyResult(target: SshTarget, file: string, parsed: ParsedKey | ParsedKey[] | Error): Result<ParsedKey> {
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key !== undefined && !(key instanceof Error) && key.isPrivateKey()) return ok(key);
  return err(
    sshProblem(
      target,
      'file-invalid',
      `${file} holds no private key we can read`,
      'Give an OpenSSH or PEM private key (ssh-keygen -p -f FILE converts it).',
    ),
  );
}

/** Undefined when it cannot be read, is no regular file, or is larger than any key. */
async function readBounded(path: string): Promise<Buffer | undefined> {
  try {
    const facts = await stat(path);
    return facts.isFile() && facts.size <= MAX_KEY_BYTES ? await readFile(path) : undefined;
  } catch {
    return undefined;
  }
}
