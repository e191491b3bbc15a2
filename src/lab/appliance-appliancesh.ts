import { runTerminalShell } from './appliance-bash.js';
import type { Machine } from './appliance-machine.js';
import { Shell } from './appliance-shell.js';
import { type Descriptor, type Input, type Output, readLine } from './appliance-streams.js';
import type { Terminal } from './appliance-terminal.js';

/**
 * The appliance's own login shell. Prompts, `shell` and the answer to what it does not know: transcripts of 6.5 and 8.x appliances. An
 * unknown command ends with exit code 0.
 */
const VERSION_GET = 'com.vmware.appliance.version1.system.version.get';

/** `ssh root@vcenter COMMAND`: the whole line is one appliancesh command. */
export async function execUnderAppliancesh(
  machine: Machine,
  line: string,
  streams: { readonly stdin: Input; readonly stdout: Output; readonly stderr: Output },
): Promise<number> {
  const [word = '', ...rest] = line.trim().split(/\s+/);
  if (word === 'shell') {
    record(machine, line, 'shell access granted');
    streams.stdout.write('Shell access is granted to root\n');
    const descriptors = new Map<number, Descriptor>([
      [0, { input: streams.stdin }],
      [1, { output: streams.stdout }],
      [2, { output: streams.stderr }],
    ]);
    const shell = new Shell(machine, descriptors);
    const given = line.trim().replace(/^shell\s*/, '');
    return rest.length > 0 && !/^'(\\n)?'$/.test(given) ? shell.runScript(given) : shell.runLines();
  }
  streams.stdout.write(answerTo(machine, line));
  return 0;
}

/** The dialogue on a terminal, down into bash and back. */
export async function runAppliancesh(
  machine: Machine,
  terminal: Terminal,
  variables: ReadonlyMap<string, string>,
): Promise<number> {
  terminal.write(banner(machine));
  for (;;) {
    terminal.write('Command> ');
    const line = await readLine(terminal);
    if (line === undefined || machine.signal?.aborted) return 0;
    const text = line.trim();
    const [word = '', ...rest] = text.split(/\s+/);
    if (word === '') continue;
    if (word === 'exit') return 0;
    if (word !== 'shell') {
      terminal.write(answerTo(machine, text));
      continue;
    }
    record(machine, text, 'shell access granted');
    terminal.write('Shell access is granted to root\n');
    if (rest.length > 0) {
      const both: Descriptor = { input: terminal, output: terminal };
      await new Shell(machine, new Map([0, 1, 2].map((fd) => [fd, both]))).runScript(rest.join(' '));
    } else {
      await runTerminalShell(machine, terminal, variables);
      Object.assign(terminal.modes, { echo: true, cooked: true });
    }
  }
}

function answerTo(machine: Machine, line: string): string {
  const [word = ''] = line.trim().split(/\s+/);
  const { vcenter } = machine;
  if (word === VERSION_GET) {
    record(machine, line, 'answered');
    const rows = [
      'Version:',
      `   Version: ${vcenter.version}.${vcenter.build.slice(-5).replace(/^0+/, '')}`,
      '   Product: VMware vCenter Server Appliance',
      `   Build: ${vcenter.build}`,
      '   Type: vCenter Server with an embedded Platform Services Controller',
    ];
    return `${rows.join('\n')}\n`;
  }
  record(machine, line, 'unknown command');
  return `Unknown command: \`${word}'\n`;
}

function banner(machine: Machine): string {
  const { version, build } = machine.vcenter;
  return [
    '',
    `VMware vCenter Server Appliance ${version}.${build.slice(-5)}`,
    '',
    'Type: vCenter Server with an embedded Platform Services Controller',
    '',
    'Connected to service',
    '',
    '    * List APIs: "help api list"',
    '    * List Plugins: "help pi list"',
    '    * Launch BASH: "shell"',
    '',
    '',
  ].join('\n');
}

function record(machine: Machine, what: string, outcome: string): void {
  const at = machine.world.now().toISOString();
  machine.world.record.push({ at, where: machine.vcenter.id, kind: 'ssh-exec', what: what.trim(), outcome });
}
