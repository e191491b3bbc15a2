import { randomBytes, randomInt } from 'node:crypto';
import type { ClientChannel } from 'ssh2';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { quoteWord } from './quote.js';
import type { RemoteCommand } from './shell-bash.js';
import { timeoutProblem, tooLargeProblem, unproven } from './shell-bash.js';
import { FrameReader } from './shell-frames.js';
import type { SshLink } from './ssh-connect.js';
import { sshProblem } from './ssh-problems.js';
import type { CommandOutput, SshTarget } from './vcenter-shell.js';

const BASH = '/bin/bash --noprofile --norc --noediting';
const STEP_MS = 30_000;
/** Banner, echo and prompts; appliancesh prints a few hundred bytes. */
const MAX_DIALOGUE = 256 * 1024;

/**
 * What every command runs in. `vasatrust_run TAG INPUT PROGRAM ARGUMENT…` answers with lines that start with the tag (see
 * `shell-frames.ts`): `O` and `E` carry stdout and stderr as base64, `X` the exit code, `.` ends the answer. Where base64 or sed is
 * missing, lines travel as they are (`:` with, `;` without line end). INPUT goes through bash's own printf: no process shows it in
 * its arguments, no file holds it. Nothing is written on the appliance: no history, no temporary file.
 */
const SETUP = [
  'unset HISTFILE TMOUT PROMPT_COMMAND',
  'set +o history +m +H',
  "PS1= PS2= PS4='+ '",
  'vasatrust_tag() { if [ -n "$vasatrust_b64" ]; then base64 -w 1000 | sed "s/^/$1=/"; else local l; while IFS= read -r l; do printf "%s\\n" "$1:$l"; done; [ -z "$l" ] || printf "%s\\n" "$1;$l"; fi; }',
  'vasatrust_run() { local t=$1 i=$2; shift 2; { { { printf %s "$i" | "$@" 3>&- 4>&-; printf "%s\\n" "$t"X"$?" >&4; } 2>&3 | vasatrust_tag "$t"O 3>&- >&4; } 3>&1 | vasatrust_tag "$t"E >&4; } 4>&1; printf "%s\\n" "$t"; }',
  'vasatrust_b64=; command -v base64 >/dev/null && command -v sed >/dev/null && vasatrust_b64=1',
].join('; ');

/**
 * bash behind appliancesh, over one interactive channel, with the contract of an exec channel.
 *
 * The way in: wait for `Command> `, send `shell`, wait for root's prompt, replace that shell by one without start-up files, make the
 * terminal a plain pipe (`stty raw -echo`), and believe nothing before a computed marker came back. HISTFILE goes first: `exec`
 * would write this dialogue to root's history.
 * Source: prompts and `shell` are documented (transcript of a 6.5 appliance); that input is echoed split anywhere is documented, so
 * only the text gathered so far is ever matched; the rest of this dialogue is inferred. The login shell is never changed (`chsh`).
 */
export class ApplianceshSession {
  private readonly link: SshLink;
  private readonly target: SshTarget;
  private channel: ClientChannel | undefined;
  private onData: (chunk: Buffer) => void = () => {};
  private onClose: () => void = () => {};

  constructor(link: SshLink, target: SshTarget) {
    this.link = link;
    this.target = target;
  }

  async run(command: RemoteCommand): Promise<Result<CommandOutput>> {
    if (!this.channel) {
      const opened = await this.open();
      if (!opened.ok) return opened;
    }
    return this.exchange(command);
  }

  /** Opens the channel and proves the shell; `run` does it by itself when a command had to be cut off. */
  async open(): Promise<Result<void>> {
    const channel = await this.openChannel();
    if (!channel.ok) return channel;
    this.attach(channel.value);
    const dialogue = await this.enterBash();
    if (!dialogue.ok) this.drop();
    return dialogue;
  }

  close(): void {
    this.drop();
  }

  private openChannel(): Promise<Result<ClientChannel>> {
    const { link, target } = this;
    return new Promise((resolve) => {
      const refused = (error: Error) =>
        resolve(
          err(
            link.lost() ?? sshProblem(target, 'shell-unproven', `${target.label} opens no interactive shell: ${error.message}`),
          ),
        );
      try {
        // No real width: a terminal that wraps lines would put line ends into them.
        link.client.shell({ term: 'dumb', cols: 4096, rows: 100 }, (error, channel) =>
          error ? refused(error) : resolve(ok(channel)),
        );
      } catch (error) {
        refused(error instanceof Error ? error : new Error('not connected'));
      }
    });
  }

  private attach(channel: ClientChannel): void {
    this.channel = channel;
    // A channel that was dropped closes when it likes; what it says by then is not about the one in use.
    const hear = (chunk: Buffer): void => {
      if (this.channel === channel) this.onData(chunk);
    };
    channel.on('data', hear);
    channel.stderr.on('data', hear);
    channel.on('error', () => {});
    channel.on('close', () => {
      if (this.channel !== channel) return;
      this.channel = undefined;
      this.onClose();
    });
  }

  private drop(): void {
    const { channel } = this;
    this.channel = undefined;
    this.onData = () => {};
    if (channel && !this.link.lost()) channel.close();
  }

  private async enterBash(): Promise<Result<void>> {
    const atMenu = await this.waitFor((text) => /Command> $/.test(text));
    if (!atMenu.ok) return atMenu;
    const rootPrompt = (text: string) => /\n[^\n]*[#$] $/.test(text);
    const asRoot = await this.say('shell\n', rootPrompt, (text) => /\nCommand> $/.test(text));
    if (!asRoot.ok) return asRoot;
    const bare = await this.say(`unset HISTFILE; exec ${BASH}\n`, rootPrompt);
    if (!bare.ok) return bare;
    const [a, b] = [randomInt(1000, 30_000), randomInt(1000, 30_000)];
    const mark = randomBytes(8).toString('hex');
    const proof = `vasatrust-${a * b}-${mark}\n`;
    // In two lines: the second is read when the terminal is raw already, and is too long for one that is not (4096 bytes).
    const raw = await this.say(`stty raw -echo; printf 'vasatrust-%s\\n' "$((${a} + ${b}))"\n`, (text) =>
      text.includes(`vasatrust-${a + b}\n`),
    );
    if (!raw.ok) return raw;
    return this.say(`${SETUP}; printf 'vasatrust-%s-%s\\n' "$((${a} * ${b}))" ${mark}\n`, (text) => text.endsWith(proof));
  }

  private async say(line: string, until: Heard, refused?: Heard): Promise<Result<void>> {
    const answer = this.waitFor(until, refused);
    this.channel?.write(line);
    return answer;
  }

  /** Gathers what comes until it is what was waited for. Terminal escapes are taken out first. */
  private waitFor(until: Heard, refused: Heard = () => false): Promise<Result<void>> {
    return new Promise((resolve) => {
      let heard = '';
      const done = (result: Result<void>) => {
        clearTimeout(timer);
        this.onData = () => {};
        this.onClose = () => {};
        resolve(result);
      };
      const timer = setTimeout(() => done(err(unproven(this.target, withoutEscapes(heard)))), STEP_MS);
      this.onClose = () => done(err(this.link.lost() ?? unproven(this.target, withoutEscapes(heard))));
      this.onData = (chunk) => {
        heard += chunk.toString('latin1');
        const text = withoutEscapes(heard);
        if (heard.length > MAX_DIALOGUE || refused(text)) done(err(unproven(this.target, text)));
        else if (until(text)) done(ok(undefined));
      };
    });
  }

  private exchange(command: RemoteCommand): Promise<Result<CommandOutput>> {
    const { target } = this;
    const tag = `vt${randomBytes(8).toString('hex')}`;
    return new Promise((resolve) => {
      const frames = new FrameReader(tag, command.maxBytes);
      const done = (result: Result<CommandOutput>, keep: boolean) => {
        clearTimeout(timer);
        this.onData = () => {};
        this.onClose = () => {};
        // A raw terminal has no interrupt key: what still runs goes down with its channel, and the next command gets a new one.
        if (!keep) this.drop();
        resolve(result);
      };
      const fail = (problem: Problem) => done(err(problem), false);
      const timer = setTimeout(() => fail(timeoutProblem(target, command)), command.timeoutMs);
      this.onClose = () => fail(this.link.lost() ?? lostShell(target, command));
      this.onData = (chunk) => {
        const state = frames.push(chunk);
        if (state === 'more') return;
        if (state === 'too-large') fail(tooLargeProblem(target, command));
        else if (state === 'broken') fail(lostShell(target, command));
        else done(ok(state), true);
      };
      this.channel?.write(`vasatrust_run ${tag} ${quoteWord(command.stdin ?? '')} ${command.line}\n`);
    });
  }
}

/** Judges all that was heard since the last line was sent. */
type Heard = (text: string) => boolean;

function lostShell(target: SshTarget, command: RemoteCommand): Problem {
  return sshProblem(target, 'shell-unproven', `${target.label}: the shell was lost while ${command.name} ran`, 'Run again.');
}

/** CSI and OSC sequences, single-character escapes, and carriage returns. */
function withoutEscapes(text: string): string {
  return text
    .replace(/\u001b\[[0-?]*[ -/]*[@-~]/g, '')
    .replace(/\u001b\][^\u0007\u001b]*(\u0007|\u001b\\)/g, '')
    .replace(/\u001b[@-_]/g, '')
    .replaceAll('\r', '');
}
