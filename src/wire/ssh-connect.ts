import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type AuthHandlerMiddleware, Client, type ServerHostKeyAlgorithm } from 'ssh2';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { hostKeyFingerprint, keyTypeOf } from './known-hosts.js';
import { SshLogin } from './ssh-auth.js';
import { describeKey, hostKeyAlgorithms, judgeHostKey, pinMismatch } from './ssh-host-key.js';
import { connectionProblem, sshProblem } from './ssh-problems.js';
import type { RootVerdict, SshLimits, SshSecrets, SshTarget } from './vcenter-shell.js';

/** A logged-in SSH connection whose host key was accepted before anything was offered. */
export interface SshLink {
  readonly client: Client;
  readonly remoteAddress: string;
  readonly hostKeySha256: string;
  /** Set when the connection is lost or ended. */
  readonly lost: () => Problem | undefined;
  end(): Promise<void>;
}

const CONNECT_MS = 20_000;
const KEEPALIVE_MS = 20_000;
/** What a peer may send before its host key was seen; a key exchange takes some 3 KB. */
const MAX_BEFORE_HOST_KEY = 256 * 1024;
const END_MS = 2_000;

/** Connects, through the jump hosts if there are any, and logs in. Nothing stays open when it fails. */
export async function connectSsh(
  target: SshTarget,
  secrets: SshSecrets,
  verdict: RootVerdict,
  limits: SshLimits,
): Promise<Result<SshLink>> {
  const hops: SshLink[] = [];
  const endHops = async () => {
    for (const hop of hops.toReversed()) await hop.end();
  };
  for (const jump of target.jumps) {
    // A jump host gets keys and the agent, never the appliance's password: it has a verdict of its own for form's sake.
    const hop = await connectThrough(jump, hops.at(-1), { passphrase: secrets.passphrase }, {}, limits);
    if (!hop.ok) {
      await endHops();
      const summary = `jump host for ${target.host}: ${hop.error.summary}`;
      return err({ ...hop.error, target: target.label, summary });
    }
    hops.push(hop.value);
  }
  const link = await connectThrough(target, hops.at(-1), secrets, verdict, limits);
  if (!link.ok) {
    await endHops();
    return link;
  }
  const { value } = link;
  return ok({
    ...value,
    end: async () => {
      await value.end();
      await endHops();
    },
  });
}

type LooseSecrets = { readonly [K in keyof SshSecrets]: SshSecrets[K] | undefined };

/**
 * A pin names one key, but a host shows one key of the several it may have: as long as it shows others, it is asked again for the
 * types not shown yet. No credential is involved before the right one came.
 */
async function connectThrough(
  target: SshTarget,
  hop: SshLink | undefined,
  secrets: LooseSecrets,
  verdict: RootVerdict,
  limits: SshLimits,
): Promise<Result<SshLink>> {
  const seen: Uint8Array[] = [];
  for (;;) {
    const algorithms = hostKeyAlgorithms(target.trust, seen.map(keyTypeOf));
    const connectMs = limits.connectMs ?? CONNECT_MS;
    const started = performance.now();
    const transport = await openTransport(target, hop, connectMs);
    if (!transport.ok) return transport;
    const left = Math.max(1, Math.ceil(connectMs - (performance.now() - started)));
    const attempt = new SshAttempt(target, { ...transport.value, algorithms }, secrets as SshSecrets, verdict, {
      ...limits,
      connectMs: left,
    });
    const result = await attempt.run();
    if (result.ok || target.trust.kind !== 'pin') return result;
    const refused = attempt.refusedHostKey();
    const pinned = () => err(pinMismatch(target, seen.map(describeKey)));
    if (refused === undefined) return seen.length > 0 && result.error.code === 'not-supported' ? pinned() : result;
    if (seen.some((key) => keyTypeOf(key) === keyTypeOf(refused))) return pinned();
    seen.push(refused);
    if (hostKeyAlgorithms(target.trust, seen.map(keyTypeOf)).length === 0) return pinned();
  }
}

interface Transport {
  readonly stream: Duplex;
  readonly remoteAddress: string;
}

async function openTransport(target: SshTarget, hop: SshLink | undefined, timeoutMs: number): Promise<Result<Transport>> {
  return hop ? openForward(target, hop, timeoutMs) : openSocket(target, timeoutMs);
}

function openSocket(target: SshTarget, timeoutMs: number): Promise<Result<Transport>> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: target.host, port: target.port });
    const timer = setTimeout(() => {
      socket.destroy();
      resolve(err(sshProblem(target, 'timeout', `${target.host}:${target.port} did not answer within ${timeoutMs} ms`)));
    }, timeoutMs);
    const fail = (error: Error) => {
      clearTimeout(timer);
      resolve(err(connectionProblem(target, error)));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      // Without it a command waits for the delayed acknowledgement of its channel request: 47 ms instead of 4.
      socket.setNoDelay(true);
      resolve(ok({ stream: socket, remoteAddress: addressOf(socket, target) }));
    });
  });
}

function addressOf(socket: Socket, target: SshTarget): string {
  const address = socket.remoteAddress ?? target.host;
  return address.includes(':') ? `[${address}]:${target.port}` : `${address}:${target.port}`;
}

function openForward(target: SshTarget, hop: SshLink, timeoutMs: number): Promise<Result<Transport>> {
  return new Promise((resolve) => {
    const via = `${target.host}:${target.port} through ${hop.remoteAddress}`;
    const timer = setTimeout(
      () => resolve(err(sshProblem(target, 'timeout', `${via} did not answer within ${timeoutMs} ms`))),
      timeoutMs,
    );
    const refused = (why: string) => {
      clearTimeout(timer);
      const remedy = 'Check that the jump host reaches the SSH port of the appliance and allows TCP forwarding.';
      resolve(err(sshProblem(target, 'unreachable', `${via} cannot be reached: ${why}`, remedy)));
    };
    try {
      hop.client.forwardOut('127.0.0.1', 0, target.host, target.port, (error, stream) => {
        clearTimeout(timer);
        if (error) return refused(error.message);
        resolve(ok({ stream, remoteAddress: `${target.host}:${target.port} via ${hop.remoteAddress}` }));
      });
    } catch (error) {
      refused(error instanceof Error ? error.message : 'the connection is gone');
    }
  });
}

/** One try over one transport. */
class SshAttempt {
  private readonly client = new Client();
  private readonly target: SshTarget;
  private readonly at: Transport & { readonly algorithms: readonly ServerHostKeyAlgorithm[] };
  private readonly login: SshLogin;
  private readonly limits: SshLimits;
  private accepted: Uint8Array | undefined;
  private refused: { readonly key: Uint8Array; readonly problem: Problem } | undefined;
  private ended: Problem | undefined;
  private loggedIn = false;
  private timer: NodeJS.Timeout | undefined;
  private finish: (result: Result<SshLink>) => void = () => {};

  constructor(
    target: SshTarget,
    at: Transport & { readonly algorithms: readonly ServerHostKeyAlgorithm[] },
    secrets: SshSecrets,
    verdict: RootVerdict,
    limits: SshLimits,
  ) {
    this.target = target;
    this.at = at;
    this.limits = limits;
    this.login = new SshLogin(target, secrets, verdict, () => this.fail(this.login.problem()));
  }

  refusedHostKey(): Uint8Array | undefined {
    return this.refused?.key;
  }

  run(): Promise<Result<SshLink>> {
    const { client, target, at } = this;
    return new Promise((resolve) => {
      this.finish = resolve;
      this.startTimer();
      this.boundGreeting();
      // These stay for good: an 'error' nobody listens to would end the process.
      client.on('error', (error: Error & { level?: string }) => {
        if (error.level === 'agent') this.login.methodFailed(error);
        else this.fail(this.refused?.problem ?? this.errorProblem(error));
      });
      client.on('close', () => this.fail(this.refused?.problem ?? this.closedProblem()));
      client.on('change password', () => this.login.changeDemanded());
      client.on('ready', () => this.succeed());
      client.connect({
        sock: at.stream,
        username: target.username,
        hostVerifier: (key: Buffer) => this.checkHostKey(key),
        algorithms: { serverHostKey: [...at.algorithms] },
        authHandler: this.authHandler,
        readyTimeout: 0,
        keepaliveInterval: this.limits.keepaliveMs ?? KEEPALIVE_MS,
        keepaliveCountMax: 3,
      });
    });
  }

  /** Called again when keys are renewed: then only the key that was accepted will do. */
  private checkHostKey(key: Buffer): boolean {
    if (this.accepted) return key.equals(this.accepted);
    const problem = judgeHostKey(this.target, key);
    if (problem) this.refused = { key: Buffer.from(key), problem };
    else this.accepted = Buffer.from(key);
    return problem === undefined;
  }

  private readonly authHandler: AuthHandlerMiddleware = (offered, _partial, next) => {
    // Fetching a secret may ask a person; that time is not the host's.
    clearTimeout(this.timer);
    this.login.next(offered).then(
      (method) => {
        if (this.ended) return;
        if (method === undefined) return this.fail(this.login.problem());
        this.startTimer();
        next(method);
      },
      (bug: unknown) => {
        queueMicrotask(() => {
          throw bug;
        });
      },
    );
  };

  private startTimer(): void {
    const ms = this.limits.connectMs ?? CONNECT_MS;
    const where = `${this.target.host}:${this.target.port}`;
    clearTimeout(this.timer);
    this.timer = setTimeout(
      () =>
        this.fail(
          sshProblem(this.target, 'timeout', `${where}: no SSH ${this.accepted ? 'login' : 'handshake'} within ${ms} ms`),
        ),
      ms,
    );
  }

  private boundGreeting(): void {
    let received = 0;
    const count = (chunk: Buffer) => {
      received += chunk.length;
      if (this.accepted) this.at.stream.off('data', count);
      else if (received > MAX_BEFORE_HOST_KEY) {
        const { host, port } = this.target;
        this.fail(sshProblem(this.target, 'bad-answer', `${host}:${port} sent more than 256 KiB without showing a host key`));
      }
    };
    this.at.stream.on('data', count);
  }

  /** A server may end a login with a message ("Too many authentication failures"): that is its answer to the login. */
  private errorProblem(error: Error & { code?: unknown }): Problem {
    // ssh2 puts the reason code of the server's message there; its own errors have none, Node's have names.
    const refusal = this.accepted && !this.loggedIn && typeof error.code === 'number';
    if (!refusal) return connectionProblem(this.target, error);
    this.login.methodFailed(error);
    return this.login.problem();
  }

  private closedProblem(): Problem {
    const { host, port } = this.target;
    if (this.loggedIn) return sshProblem(this.target, 'unreachable', `the SSH connection to ${host}:${port} was lost`);
    if (this.login.hasSentPassword()) return this.login.problem();
    return sshProblem(this.target, 'unreachable', `${host}:${port} closed the SSH connection before the login was through`);
  }

  private succeed(): void {
    clearTimeout(this.timer);
    this.login.settle(true);
    this.loggedIn = true;
    const { client, accepted, at } = this;
    if (!accepted) throw new Error('logged in without a verified host key');
    this.finish(
      ok({
        client,
        remoteAddress: at.remoteAddress,
        hostKeySha256: hostKeyFingerprint(accepted),
        lost: () => this.ended,
        end: () => endClient(client, at.stream),
      }),
    );
  }

  /** Also runs when an established connection is lost; then only `ended` matters. */
  private fail(problem: Problem): void {
    if (this.ended) return;
    this.ended = problem;
    clearTimeout(this.timer);
    this.login.settle();
    this.client.end();
    this.at.stream.destroy();
    this.finish(err(problem));
  }
}

async function endClient(client: Client, stream: Duplex): Promise<void> {
  if (stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      stream.destroy();
      resolve();
    }, END_MS);
    client.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    client.end();
  });
}
