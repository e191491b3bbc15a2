import { createHash } from 'node:crypto';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import ssh2, { type Connection, type PseudoTtyInfo, type ServerChannel, type Session } from 'ssh2';
import { execUnderAppliancesh, runAppliancesh } from './appliance-appliancesh.js';
import { runTerminalShell, withBash } from './appliance-bash.js';
import { programsOf } from './appliance-commands.js';
import { loginHandler } from './appliance-login.js';
import type { Machine } from './appliance-machine.js';
import { ownAddress } from './appliance-network-tools.js';
import { switchOff, switchOn } from './appliance-reboot.js';
import { Shell } from './appliance-shell.js';
import { noteBug } from './appliance-shell-programs.js';
import { type Descriptor, type Output, Pipe } from './appliance-streams.js';
import { Terminal } from './appliance-terminal.js';
import { sleepOn } from './clock.js';
import { enterConnection } from './connections.js';
import { processesOf } from './processes.js';
import type { LabVcenter, LabWorld } from './world.js';

export interface RunningAppliance {
  readonly port: number;
  /** As OpenSSH prints it: `SHA256:…`. */
  readonly hostKeySha256: string;
  /** `ecdsa-sha2-nistp256 AAAA…` */
  readonly hostPublicKey: string;
  close(): Promise<void>;
}

/**
 * The SSH side of one appliance, on 127.0.0.1. Nothing received is ever run on this machine: commands are looked up in a table and work on
 * the world alone. Where SSH is switched off the port refuses connections.
 */
export async function startAppliance(world: LabWorld, vcenter: LabVcenter): Promise<RunningAppliance> {
  const first = hostKey();
  const open = new Set<Socket>();
  const sshd = (key: HostKey) =>
    // OpenSSH 7.4 is what appliances of 2021 answered with.
    new ssh2.Server({ hostKeys: [key.private], ident: 'OpenSSH_7.4' }, (client, info) => {
      serveClient(world, vcenter, client, { address: info.ip, port: info.port });
    });
  let running = { number: vcenter.appliance.hostKeyNumber, ssh: sshd(first) };
  const server = createServer((socket) => {
    const dead = world.faults.some((fault) => fault.kind === 'dead' && fault.where === vcenter.id);
    const { down, sshEnabled, hostKeyNumber } = vcenter.appliance;
    if (dead || down || !sshEnabled) return socket.destroy();
    // Another node answers.
    if (hostKeyNumber !== running.number) running = { number: hostKeyNumber, ssh: sshd(hostKey()) };
    open.add(socket);
    const leave = enterConnection(vcenter, () => socket.destroy());
    const closed = new AbortController();
    const cut = world.faults.find((fault) => fault.kind === 'session-cut' && fault.where === vcenter.id);
    if (cut?.kind === 'session-cut') void sleepOn(world.clock, cut.afterMs, closed.signal).then(() => socket.destroy());
    socket.on('close', () => {
      closed.abort();
      open.delete(socket);
      leave();
    });
    socket.on('error', () => {});
    socket.setNoDelay(true);
    running.ssh.injectSocket(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  if (!vcenter.appliance.sshEnabled) await endServer(server);
  switchOn(world, vcenter);
  return {
    port,
    hostKeySha256: first.sha256,
    hostPublicKey: first.public,
    async close() {
      switchOff(world, vcenter);
      for (const socket of open) socket.destroy();
      await endServer(server);
    },
  };
}

interface HostKey {
  readonly private: string;
  readonly public: string;
  readonly sha256: string;
}

function hostKey(): HostKey {
  const key = ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 });
  const [type = '', body = ''] = key.public.split(' ');
  const digest = createHash('sha256').update(Buffer.from(body, 'base64')).digest('base64').replace(/=+$/, '');
  return { private: key.private, public: `${type} ${body}`, sha256: `SHA256:${digest}` };
}

function endServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

function serveClient(world: LabWorld, vcenter: LabVcenter, client: Connection, from: { address: string; port: number }): void {
  client.on('error', () => {});
  client.on(
    'authentication',
    loginHandler(world, vcenter, () => client.end()),
  );
  client.on('session', (accept) => serveSession(world, vcenter, accept(), from));
  // AllowTcpForwarding no, as hardened appliances have it.
  client.on('tcpip', (_accept, reject) => reject());
}

type Streams = ReturnType<typeof streamsOf>;
type Start = (machine: Machine, channel: ServerChannel, terminal: Terminal | undefined, streams: Streams) => Promise<number>;

function serveSession(world: LabWorld, vcenter: LabVcenter, session: Session, from: { address: string; port: number }): void {
  let pty: PseudoTtyInfo | undefined;
  const ended = new AbortController();
  const variables = new Map([['SSH_CONNECTION', `${from.address} ${from.port} ${ownAddress({ vcenter })} 22`]]);
  const serve = (channel: ServerChannel, start: Start) => {
    const machine: Machine = { world, vcenter, programs: withBash(programsOf(vcenter.appliance)), signal: ended.signal };
    const terminal = pty && terminalOf(channel, pty);
    const streams = streamsOf(channel, terminal);
    channel.on('error', () => {});
    channel.on('close', () => {
      // A terminal hangs up. Without one sshd tells nobody: what runs goes on until it writes.
      if (terminal) ended.abort();
      terminal?.hangUp();
    });
    void later(world, vcenter)
      .then(() => start(machine, channel, terminal, streams))
      .catch((bug: unknown) => {
        noteBug(world, vcenter, bug);
        return 255;
      })
      .then(async (code) => {
        if (!channel.destroyed) channel.exit(code);
        // Whoever else has the channel open, keeps it open.
        if (!terminal) await released(vcenter, [streams.stdout, streams.stderr]);
        if (!channel.destroyed) channel.end();
      });
  };
  session.on('pty', (accept, _reject, info) => {
    pty = info;
    accept?.();
  });
  session.on('window-change', (accept) => accept?.());
  session.on('env', (accept) => accept?.());
  session.on('signal', (accept) => {
    accept?.();
    ended.abort();
  });
  session.on('exec', (accept, _reject, { command }) => {
    serve(accept(), (machine, _channel, _terminal, streams) => runLine(machine, streams, command, variables));
  });
  session.on('shell', (accept) => {
    serve(accept(), (machine, _channel, terminal, streams) => runLogin(machine, terminal, streams, variables));
  });
  session.on('subsystem', (accept, reject, { name }) => {
    // sshd has the login shell run the subsystem's program, and appliancesh does not know it.
    if (vcenter.appliance.shell === 'bash') return reject?.();
    const program = name === 'sftp' ? '/usr/libexec/sftp-server' : name;
    serve(accept(), (machine, _channel, _terminal, streams) => runLine(machine, streams, program, variables));
  });
}

/** Ends when no process of the appliance has one of these open any more. */
export async function released(vcenter: LabVcenter, outputs: readonly Output[]): Promise<void> {
  const table = processesOf(vcenter);
  while (outputs.some((output) => table.holds(output))) await table.nextChange();
}

function terminalOf(channel: ServerChannel, pty: PseudoTtyInfo): Terminal {
  const { cols: columns, rows } = pty;
  const { term = 'dumb' } = pty as { term?: string };
  const terminal = new Terminal((bytes) => channel.write(bytes), { columns, rows, term });
  channel.on('data', (bytes: Buffer) => terminal.receive(bytes));
  // A client's end of input does not reach a pseudo-terminal; only the end of the channel does.
  return terminal;
}

function streamsOf(channel: ServerChannel, terminal: Terminal | undefined) {
  if (terminal) return { stdin: terminal, stdout: terminal, stderr: terminal };
  const stdin = new Pipe();
  channel.on('data', (bytes: Buffer) => stdin.write(bytes));
  channel.on('end', () => stdin.end());
  channel.on('close', () => stdin.end());
  const into = (stream: { write(bytes: Buffer | string): unknown }): Output => ({
    write(bytes) {
      if (channel.destroyed) return 'EPIPE';
      stream.write(bytes);
      return undefined;
    },
  });
  return { stdin, stdout: into(channel), stderr: into(channel.stderr) };
}

async function runLine(
  machine: Machine,
  streams: Streams,
  line: string,
  variables: ReadonlyMap<string, string>,
): Promise<number> {
  if (machine.vcenter.appliance.shell === 'appliancesh') return execUnderAppliancesh(machine, line, streams);
  return bashOver(machine, streams, variables).runScript(line, true);
}

async function runLogin(
  machine: Machine,
  terminal: Terminal | undefined,
  streams: Streams,
  variables: ReadonlyMap<string, string>,
): Promise<number> {
  const { shell } = machine.vcenter.appliance;
  if (terminal)
    return shell === 'bash' ? runTerminalShell(machine, terminal, variables) : runAppliancesh(machine, terminal, variables);
  if (shell === 'bash') return bashOver(machine, streams, variables).runLines();
  return execUnderAppliancesh(machine, 'shell', streams);
}

function bashOver(machine: Machine, streams: Streams, variables: ReadonlyMap<string, string>): Shell {
  const descriptors = new Map<number, Descriptor>([
    [0, { input: streams.stdin }],
    [1, { output: streams.stdout }],
    [2, { output: streams.stderr }],
  ]);
  const shell = new Shell(machine, descriptors);
  for (const [name, value] of variables) {
    shell.variables.set(name, value);
    shell.exported.add(name);
  }
  return shell;
}

/** The lab's latency, and what a scripted fault adds to it. */
async function later(world: LabWorld, vcenter: LabVcenter): Promise<void> {
  const slow = world.faults.reduce((ms, fault) => (fault.kind === 'slow' && fault.where === vcenter.id ? ms + fault.ms : ms), 0);
  const ms = world.timing.latencyMs + slow;
  if (ms > 0) await world.clock.sleep(ms);
}
