import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ServerChannel } from 'ssh2';
import { hostKeyFingerprint } from '../../src/wire/known-hosts.js';

const { Server, utils } = ssh2;

export interface SshPeer {
  readonly port: number;
  readonly hostKeySha256: string;
  /** Each login that was tried: `password:…`, `keyboard-interactive:…`, `none`, `publickey`. */
  readonly logins: string[];
  close(): Promise<void>;
}

export interface PeerBehaviour {
  /** Default: password `right`. */
  readonly onAuth?: (context: AuthContext, connection: Connection) => void;
  /** What exec does; default: a real /bin/sh reads the line. */
  readonly onExec?: (line: string, channel: ServerChannel, connection: Connection) => void;
  readonly onShell?: (channel: ServerChannel) => void;
}

/** A scripted SSH server in this process, with a host key of its own. */
export async function startSshPeer(behaviour: PeerBehaviour = {}): Promise<SshPeer> {
  // Not ed25519: ssh2 1.17 cuts a leading zero byte off such keys, and one in 256 is unreadable.
  const keys = utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const parsed = utils.parseKey(keys.public);
  if (parsed instanceof Error) throw parsed;
  const logins: string[] = [];
  const children = new Set<ChildProcess>();
  const connections = new Set<Connection>();
  const server = new Server({ hostKeys: [keys.private] }, (connection) => {
    connections.add(connection);
    connection.on('error', () => {});
    connection.on('close', () => connections.delete(connection));
    connection.on('authentication', (context) => {
      logins.push(context.method === 'password' ? `password:${context.password}` : context.method);
      (behaviour.onAuth ?? acceptRightPassword)(context, connection);
    });
    connection.on('session', (accept) => {
      const session = accept();
      session.on('pty', (acceptPty) => acceptPty?.());
      session.on('signal', (acceptSignal) => acceptSignal?.());
      session.on('exec', (acceptExec, _reject, info) => {
        const channel = acceptExec();
        if (behaviour.onExec) behaviour.onExec(info.command, channel, connection);
        else runInShell(info.command, channel, children);
      });
      session.on('shell', (acceptShell) => behaviour.onShell?.(acceptShell()));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    hostKeySha256: hostKeyFingerprint(parsed.getPublicSSH()),
    logins,
    close: async () => {
      for (const child of children) child.kill('SIGKILL');
      for (const connection of connections) connection.end();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function acceptRightPassword(context: AuthContext): void {
  if (context.method === 'password' && context.password === 'right') context.accept();
  else context.reject(['password']);
}

function runInShell(line: string, channel: ServerChannel, children: Set<ChildProcess>): void {
  const child = spawn('/bin/sh', ['-c', line]);
  children.add(child);
  channel.on('error', () => {});
  child.stdin.on('error', () => {});
  channel.pipe(child.stdin);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on('close', () => child.kill('SIGKILL'));
  child.on('close', (code, signal) => {
    children.delete(child);
    if (code === null) channel.exit(signal ?? 'KILL');
    else channel.exit(code);
    channel.end();
  });
}

/**
 * appliancesh as far as its dialogue goes, echoing every character by itself; behind `exec /bin/bash` stands a real bash on pipes,
 * which is what a raw terminal without echo amounts to.
 */
export function playAppliancesh(channel: ServerChannel): void {
  let mode: 'menu' | 'root' | 'bash' = 'menu';
  let line = '';
  let child: ChildProcess | undefined;
  channel.on('error', () => {});
  channel.write('Connected to service\r\n\r\n    * List APIs: "help api list"\r\n    * Launch BASH: "shell"\r\n\r\nComm');
  channel.write('and> ');
  const prompt = '\u001b[?2004h\u001b[1mroot@photon-machine [ ~ ]# \u001b[0m';
  const enter = (text: string) => {
    if (mode === 'menu') {
      if (text === 'shell') {
        mode = 'root';
        channel.write(`\r\nShell access is granted to root\r\n${prompt}`);
      } else channel.write(`\r\nUnknown command: \`${text}'\r\nCommand> `);
      return;
    }
    if (!text.includes('exec /bin/bash')) return channel.write(`\r\nbash: ${text}\r\n${prompt}`);
    mode = 'bash';
    child = spawn('/bin/bash', ['--noprofile', '--norc'], { cwd: '/' });
    child.stdout?.on('data', (chunk: Buffer) => channel.write(chunk));
    child.stderr?.resume();
    child.stdin?.on('error', () => {});
    child.stdin?.write('stty() { :; }\n');
    child.on('close', () => channel.end());
    channel.write('\r\nbash-5.1# ');
  };
  channel.on('data', (chunk: Buffer) => {
    if (child) {
      child.stdin?.write(chunk);
      return;
    }
    for (const character of chunk.toString('latin1')) {
      if (character !== '\n') {
        channel.write(character);
        line += character;
        continue;
      }
      const whole = line;
      line = '';
      enter(whole);
    }
  });
  channel.on('close', () => child?.kill('SIGKILL'));
}

export interface RawPeer {
  readonly port: number;
  close(): Promise<void>;
}

/** Whatever speaks no SSH. */
export async function startRawPeer(onConnect: (socket: Socket) => void): Promise<RawPeer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onConnect(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function portOf(server: { address(): ReturnType<NetServer['address']> }): number {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('not listening on a port');
  return address.port;
}
