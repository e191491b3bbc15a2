import { type Call, complain, type Outcome, print } from './appliance-program.js';
import { managerOf, systemdVersion, versionText } from './appliance-systemctl.js';
import { timeSpanMs } from './systemd-units.js';

interface Request {
  readonly unit: string;
  readonly service: readonly string[];
  readonly timer: readonly string[];
  readonly quiet: boolean;
  readonly command: readonly string[];
}

/** `--on-active=` and its kin: what they are called in a unit. */
const TIMES: Readonly<Record<string, string>> = {
  '--on-active': 'OnActiveSec',
  '--on-boot': 'OnBootSec',
  '--on-unit-active': 'OnUnitActiveSec',
  '--on-unit-inactive': 'OnUnitInactiveSec',
};

let unnamed = 0;

/** A transient service, now or by a transient timer. Texts and exit codes: systemd 252, and 228 where that knew less. */
export async function systemdRun(call: Call): Promise<Outcome> {
  if (call.args.includes('--version')) return print(versionText(call));
  const request = readRequest(call);
  if (typeof request === 'string') return complain(request);
  const { unit, service, timer, quiet, command } = request;
  const [program = ''] = command;
  const found = call.programs.get(program.replace(/^.*\//, ''));
  const known =
    found &&
    (program.includes('/')
      ? found.folders.some((folder) => `${folder}/${found && program.split('/').at(-1)}` === program)
      : found.onPath !== false);
  if (!known && !call.files.read(program)) return complain(`Failed to find executable ${program}: No such file or directory`);
  const systemd = managerOf(call);
  const path = program.includes('/') ? program : `${found?.folders[0] ?? ''}/${program}`;
  const exec = [path, ...command.slice(1)].map(quoteWord).join(' ');
  // How often a unit may be started is a matter of the unit, whatever kind it is of.
  const ofUnit = service.filter((line) => line.startsWith('StartLimitIntervalSec='));
  const serviceText = [
    '[Unit]',
    `Description=${command.join(' ').replaceAll('\n', ' ')}`,
    ...ofUnit,
    '[Service]',
    `ExecStart=${exec}`,
    ...service.filter((line) => !ofUnit.includes(line)),
  ];
  const say = (text: string): string => (quiet ? '' : text);
  const taken = [`${unit}.service`, ...(timer.length > 0 ? [`${unit}.timer`] : [])].find(
    (name) => systemd.services.has(name) || systemd.timers.has(name) || systemd.load(name) !== undefined,
  );
  if (taken !== undefined) {
    const kind = timer.length > 0 ? 'timer' : 'service';
    const why =
      systemdVersion(call) < 240 ? `Unit ${taken} already exists.` : `Unit ${taken} was already loaded or has a fragment file.`;
    return complain(`Failed to start transient ${kind} unit: ${why}`);
  }
  if (!systemd.addTransient(`${unit}.service`, `${serviceText.join('\n')}\n`)) {
    return complain('Failed to start transient service unit: No space left on device');
  }
  if (timer.length > 0) {
    const text = ['[Unit]', `Description=${unit}`, '[Timer]', ...timer, 'RemainAfterElapse=no', `Unit=${unit}.service`];
    systemd.addTransient(`${unit}.timer`, `${text.join('\n')}\n`);
    const made = systemd.timer(`${unit}.timer`);
    if (!made) return complain(`Failed to start transient timer unit: ${String(systemd.load(`${unit}.timer`))}`);
    systemd.startTimer(made);
    return { code: 0, stderr: say(`Running timer as unit: ${unit}.timer\nWill run service as unit: ${unit}.service\n`) };
  }
  const made = systemd.service(`${unit}.service`);
  if (!made) return complain(`Failed to start transient service unit: ${String(systemd.load(`${unit}.service`))}`);
  systemd.startService(made);
  if (!call.args.includes('--no-block')) await call.process.until(made.job);
  return { code: 0, stderr: say(`Running as unit: ${unit}.service\n`) };
}

function readRequest(call: Call): Request | string {
  const rest = [...call.args];
  const service: string[] = [];
  const timer: string[] = [];
  let [unit, quiet]: [string | undefined, boolean] = [undefined, false];
  while (rest[0]?.startsWith('-')) {
    const taken = rest.shift() ?? '';
    if (taken === '--') break;
    const at = taken.indexOf('=');
    const name = at < 0 ? taken : taken.slice(0, at);
    const value = () => (at < 0 ? (rest.shift() ?? '') : taken.slice(at + 1));
    if (TIMES[name] !== undefined) {
      const span = value();
      if (timeSpanMs(span) === undefined) return `Failed to parse timer value: ${span}`;
      timer.push(`${TIMES[name]}=${span}`);
    } else if (name === '--unit' || name === '-u') unit = value().replace(/\.(service|timer)$/, '');
    else if (name === '--timer-property') timer.push(value());
    else if (name === '--property' || name === '-p') service.push(value());
    else if (name === '--service-type') service.push(`Type=${value()}`);
    else if (name === '--setenv' || name === '-E') service.push(`Environment="${value()}"`);
    else if (name === '--description') value();
    else if (name === '--remain-after-exit' || name === '-r') service.push('RemainAfterExit=yes');
    else if (name === '--quiet' || name === '-q') quiet = true;
    else if (name === '--collect' || name === '-G') {
      if (systemdVersion(call) < 236) return `systemd-run: unrecognized option '${name}'`;
    } else if (name !== '--no-block' && name !== '--system') return `systemd-run: unrecognized option '${name}'`;
  }
  if (rest.length === 0)
    return timer.length > 0 && unit !== undefined ? 'the lab starts no existing unit' : 'Command line to execute required.';
  if (unit !== undefined && !/^[A-Za-z0-9:_.@\\-]+$/.test(unit)) return `Failed to mangle unit name: Invalid argument`;
  unnamed += 1;
  return { unit: unit ?? `run-r${unnamed.toString(16).padStart(8, '0')}`, service, timer, quiet, command: rest };
}

/** As it is read back from the unit: systemd takes arguments of transient units as they are, but for variables. */
function quoteWord(word: string): string {
  return `"${word.replace(/[\\"]/g, '\\$&').replaceAll('%', '%%')}"`;
}
