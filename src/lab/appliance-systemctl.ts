import { daemonRunner } from './appliance-daemon.js';
import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome, print } from './appliance-program.js';
import { option } from './appliance-text-tools.js';
import { type Service, type Systemd, systemdOf, type Timer, UNIT_FOLDER } from './systemd.js';

/** Units that every appliance has; the lab starts and stops none of them. */
const OWN = ['vmware-vmon.service', 'sshd.service', 'systemd-tmpfiles-clean.timer', 'crond.service'];
const WITH_VALUE = 'pntMsHP';

type Verb = (call: Call, systemd: Systemd, names: readonly string[]) => Outcome | Promise<Outcome>;

const verbs: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['start', start],
  ['restart', restart],
  ['stop', stop],
  ['enable', enable],
  ['disable', disable],
  ['is-active', isActive],
  ['is-failed', isFailed],
  ['is-enabled', isEnabled],
  ['is-system-running', () => print('running\n')],
  ['daemon-reload', reload],
  ['reset-failed', resetFailed],
  ['show', show],
  ['status', status],
  ['cat', cat],
  ['list-timers', listTimers],
  ['list-unit-files', listUnitFiles],
  ['list-units', listUnits],
]);

/** Texts and exit codes: systemd 252, where nothing older differs in what a script sees. */
export async function systemctl(call: Call): Promise<Outcome> {
  if (call.args.includes('--version')) return print(versionText(call));
  const [verb = 'list-units', ...names] = words(call.args);
  const run = verbs.get(verb);
  if (!run) return complain(`Unknown command verb ${verb}.`);
  const full = names.map((name) =>
    /\.(service|timer|target|socket|path|mount)$/.test(name) || /[*?]/.test(name) ? name : `${name}.service`,
  );
  return run(call, managerOf(call), full);
}

export const managerOf = ({ world, vcenter, programs }: Call): Systemd =>
  systemdOf(world, vcenter, daemonRunner(world, vcenter, programs));

/** 228 on Photon 1, 239 on Photon 3, 247 on Photon 4. */
export function systemdVersion({ vcenter }: Pick<Call, 'vcenter'>): number {
  if (vcenter.version.startsWith('6.')) return 228;
  return vcenter.version.startsWith('7.') ? 239 : 247;
}

export const versionText = (call: Call): string => `systemd ${systemdVersion(call)}\n+PAM +AUDIT -SELINUX +IMA\n`;

/** Arguments that are no options, also behind options with a value of their own. */
function words(args: readonly string[]): string[] {
  const found: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? '';
    if (arg === '--') return [...found, ...args.slice(at + 1)];
    if (!arg.startsWith('-')) found.push(arg);
    else if (/^-[a-zA-Z]$/.test(arg) && WITH_VALUE.includes(arg.charAt(1))) at += 1;
    else if (/^--(property|type|state|lines|output|job-mode)$/.test(arg)) at += 1;
  }
  return found;
}

const has = (call: Call, name: string): boolean => call.args.includes(name);

async function start(call: Call, systemd: Systemd, names: readonly string[]): Promise<Outcome> {
  let [stderr, code] = ['', 0];
  for (const name of names) {
    const timer = systemd.timer(name);
    const service = systemd.service(name);
    if (timer) systemd.startTimer(timer);
    else if (service) {
      systemd.startService(service);
      if (!has(call, '--no-block')) await call.process.until(service.job);
      if (service.state === 'failed') {
        const why = service.result === 'timeout' ? 'a timeout was exceeded' : 'the control process exited with error code';
        stderr += `Job for ${name} failed because ${why}.\nSee "systemctl status ${name}" and "journalctl -xe" for details.\n`;
        code = 1;
      }
    } else {
      const file = systemd.load(name);
      const why = OWN.includes(name)
        ? 'the lab does not start it'
        : file === undefined
          ? `Unit ${name} not found.`
          : String(file);
      stderr += `Failed to start ${name}: ${why}\n`;
      code = file === undefined && !OWN.includes(name) ? 5 : 1;
    }
  }
  return { code, stderr };
}

async function restart(call: Call, systemd: Systemd, names: readonly string[]): Promise<Outcome> {
  await stop(call, systemd, names);
  return start(call, systemd, names);
}

async function stop(call: Call, systemd: Systemd, names: readonly string[]): Promise<Outcome> {
  let [stderr, code] = ['', 0];
  for (const name of names) {
    const timer = systemd.timer(name);
    const service = systemd.service(name);
    if (timer?.active) systemd.stopTimer(timer);
    else if (service && (service.state === 'active' || service.state === 'activating')) {
      const stopping = systemd.stopService(service);
      if (!has(call, '--no-block')) await call.process.until(stopping);
    } else if (!timer && !service) {
      stderr += OWN.includes(name)
        ? `Failed to stop ${name}: the lab does not stop it\n`
        : `Failed to stop ${name}: Unit ${name} not loaded.\n`;
      code = OWN.includes(name) ? 1 : 5;
    }
  }
  return { code, stderr };
}

const wantsOf = (target: string, name: string): string => `${UNIT_FOLDER}/${target}.wants/${name}`;

async function enable(call: Call, systemd: Systemd, names: readonly string[]): Promise<Outcome> {
  let [stderr, code] = ['', 0];
  systemd.reload();
  for (const name of names) {
    const unit = systemd.load(name);
    if (unit === undefined) {
      stderr += `Failed to enable unit: Unit file ${name} does not exist.\n`;
      code = 1;
    } else if (typeof unit === 'string') {
      stderr += `Failed to enable unit: ${unit}\n`;
      code = 1;
    } else if (unit.wantedBy.length === 0) {
      stderr +=
        'The unit files have no installation config (WantedBy=, RequiredBy=, Also=, Alias= settings in the [Install] section).\n';
    }
    if (typeof unit !== 'object') continue;
    for (const target of unit.wantedBy) {
      const path = wantsOf(target, name);
      if (systemd.files.entry(path)) continue;
      systemd.files.link(path, unit.path);
      stderr += `Created symlink ${path} → ${unit.path}.\n`;
    }
  }
  if (code === 0 && has(call, '--now')) return start(call, systemd, names);
  return { code, stderr: has(call, '--quiet') || has(call, '-q') ? '' : stderr };
}

async function disable(call: Call, systemd: Systemd, names: readonly string[]): Promise<Outcome> {
  let [stderr, code] = ['', 0];
  for (const name of names) {
    if (!systemd.files.read(`${UNIT_FOLDER}/${name}`)) {
      stderr += `Failed to disable unit: Unit file ${name} does not exist.\n`;
      code = 1;
      continue;
    }
    for (const path of wantsLinks(systemd, name)) {
      systemd.files.remove(path);
      stderr += `Removed ${path}.\n`;
    }
  }
  systemd.reload();
  if (code === 0 && has(call, '--now')) return stop(call, systemd, names);
  return { code, stderr: has(call, '--quiet') || has(call, '-q') ? '' : stderr };
}

export function wantsLinks(systemd: Systemd, name: string): string[] {
  return systemd.files.paths().filter((path) => path.startsWith(`${UNIT_FOLDER}/`) && path.endsWith(`.wants/${name}`));
}

function stateOf(call: Call, systemd: Systemd, name: string): string {
  const timer = systemd.timers.get(name);
  if (timer) return timer.active ? 'active' : 'inactive';
  const service = systemd.services.get(name);
  if (service) return service.state;
  return OWN.includes(name) || call.vcenter.appliance.units.includes(name) ? 'active' : 'inactive';
}

function quietly(call: Call, stdout: string, code: number): Outcome {
  return has(call, '--quiet') || has(call, '-q') ? { code } : { code, stdout };
}

function isActive(call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  const states = names.map((name) => stateOf(call, systemd, name));
  return quietly(call, states.map((state) => `${state}\n`).join(''), states.includes('active') ? 0 : 3);
}

function isFailed(call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  const states = names.map((name) => stateOf(call, systemd, name));
  return quietly(call, states.map((state) => `${state}\n`).join(''), states.includes('failed') ? 0 : 1);
}

function fileState(call: Call, systemd: Systemd, name: string): string | undefined {
  if (OWN.includes(name) || call.vcenter.appliance.units.includes(name)) return 'enabled';
  const unit = systemd.load(name);
  if (unit === undefined) return undefined;
  if (typeof unit === 'string') return 'bad';
  if (unit.path.startsWith('/run/')) return 'transient';
  if (wantsLinks(systemd, name).length > 0) return 'enabled';
  return unit.hasInstall ? 'disabled' : 'static';
}

function isEnabled(call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  const states = names.map((name) => fileState(call, systemd, name));
  const lost = names.filter((_name, at) => states[at] === undefined);
  const shown = states.flatMap((state) => (state === undefined ? [] : [`${state}\n`])).join('');
  const good = states.some((state) => state === 'enabled' || state === 'static' || state === 'transient');
  const stderr = lost.map((name) => `Failed to get unit file state for ${name}: No such file or directory\n`).join('');
  return { ...quietly(call, shown, good && lost.length === 0 ? 0 : 1), stderr };
}

function reload(_call: Call, systemd: Systemd): Outcome {
  systemd.reload();
  return { code: 0 };
}

function resetFailed(_call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  const all = names.length > 0 ? names : [...systemd.services.keys()];
  const lost = all.filter((name) => !systemd.resetFailed(name));
  const stderr = lost.map((name) => `Failed to reset failed state of unit ${name}: Unit ${name} not loaded.\n`).join('');
  return { code: lost.length > 0 ? 1 : 0, stderr };
}

function properties(call: Call, systemd: Systemd, name: string): Readonly<Record<string, string>> {
  const timer = systemd.timer(name);
  const service = systemd.service(name);
  const bad = typeof systemd.load(name) === 'string';
  const micro = (ms: number | undefined) => String(Math.round((ms ?? 0) * 1000));
  return {
    Id: name,
    LoadState: bad ? 'bad-setting' : timer || service || OWN.includes(name) ? 'loaded' : 'not-found',
    ActiveState: stateOf(call, systemd, name),
    SubState: subState(service, timer),
    UnitFileState: fileState(call, systemd, name) ?? '',
    Result: service?.result ?? 'success',
    ...(service
      ? {
          MainPID: String(service.mainPid),
          ExecMainStatus: String(service.exitCode),
          Type: service.file.type,
          InactiveExitTimestampMonotonic: micro(service.startedMs),
        }
      : {}),
    ...(timer
      ? {
          Unit: timer.file.unit,
          NextElapseUSecMonotonic: micro(timer.nextMs),
          LastTriggerUSecMonotonic: micro(timer.lastMs),
          AccuracyUSec: micro(timer.file.accuracyMs),
        }
      : {}),
  };
}

function subState(service: Service | undefined, timer: Timer | undefined): string {
  if (timer) return timer.active ? 'waiting' : 'dead';
  switch (service?.state) {
    case 'active':
      return service.mainPid === 0 ? 'exited' : 'running';
    case 'activating':
      return 'start';
    case 'failed':
      return 'failed';
    default:
      return 'dead';
  }
}

/** `-p NAME[,NAME]`, apart or together, and `--property=`. */
function show(call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  const wanted = call.args
    .flatMap((arg, at) => (arg === '-p' || arg === '--property' ? [call.args[at + 1] ?? ''] : []))
    .concat(call.args.filter((arg) => /^--property=|^-p./.test(arg)).map((arg) => arg.replace(/^(--property=|-p)/, '')))
    .flatMap((list) => list.split(','));
  const bare = has(call, '--value');
  const blocks = names.map((name) => {
    const rows = Object.entries(properties(call, systemd, name)).filter(([key]) => wanted.length === 0 || wanted.includes(key));
    return rows.map(([key, value]) => (bare ? `${value}\n` : `${key}=${value}\n`)).join('');
  });
  return print(blocks.join('\n'));
}

function status(call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  let code = 0;
  const blocks = names.map((name) => {
    const rows = properties(call, systemd, name);
    if (rows.LoadState === 'not-found') {
      code = 4;
      return '';
    }
    if (rows.ActiveState !== 'active') code = 3;
    return `● ${name}\n   Loaded: ${rows.LoadState} (${rows.UnitFileState})\n   Active: ${rows.ActiveState} (${rows.SubState})\n`;
  });
  const lost = code === 4 ? `Unit ${names[0] ?? ''} could not be found.\n` : '';
  return { code, stdout: blocks.join('\n'), stderr: lost };
}

function cat(_call: Call, systemd: Systemd, names: readonly string[]): Outcome {
  const units = names.map((name) => systemd.load(name));
  const lost = names.findIndex((_name, at) => typeof units[at] !== 'object');
  if (lost >= 0) return complain(`No files found for ${names[lost] ?? ''}.`);
  const texts = units.flatMap((unit) =>
    typeof unit === 'object'
      ? [`# ${unit.path}\n${systemd.files.read(absolutePath('/', unit.path))?.content.toString() ?? ''}`]
      : [],
  );
  return print(texts.join('\n'));
}

function table(call: Call, head: string, rows: readonly string[], what: string): Outcome {
  const plain = has(call, '--no-legend') || has(call, '--legend=false');
  const all = plain ? rows : [head, ...rows, '', `${rows.length} ${what} listed.`];
  return print(all.map((row) => `${row}\n`).join(''));
}

const matching = (names: readonly string[], patterns: readonly string[]): string[] =>
  patterns.length === 0 ? [...names] : names.filter((name) => patterns.some((pattern) => globs(pattern).test(name)));

function listTimers(call: Call, systemd: Systemd, patterns: readonly string[]): Outcome {
  const own = ['systemd-tmpfiles-clean.timer', ...call.vcenter.appliance.units.filter((unit) => unit.endsWith('.timer'))];
  const all = has(call, '--all') || has(call, '-a');
  const timers = [...systemd.timers.values()].filter(({ active }) => active || all);
  const bootMs = call.vcenter.appliance.bootedAtMs + call.vcenter.appliance.clockAheadMs;
  const at = (ms: number | undefined) =>
    ms === undefined ? 'n/a' : `${new Date(bootMs + ms).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
  const rows = new Map<string, string>([
    ...own.map((name) => [name, `n/a n/a n/a n/a ${name} ${name.replace(/timer$/, 'service')}`] as const),
    ...timers.map(({ name, nextMs, lastMs, file }) => {
      const left = nextMs === undefined ? 'n/a' : `${Math.max(0, Math.round((nextMs - systemd.uptimeMs()) / 1000))}s left`;
      return [name, `${at(nextMs)} ${left} ${at(lastMs)} n/a ${name} ${file.unit}`] as const;
    }),
  ]);
  const shown = matching([...rows.keys()], patterns).map((name) => rows.get(name) ?? name);
  return table(call, 'NEXT LEFT LAST PASSED UNIT ACTIVATES', shown, 'timers');
}

function listUnitFiles(call: Call, systemd: Systemd, patterns: readonly string[]): Outcome {
  const type = option(call.args, 't') ?? call.args.find((arg) => arg.startsWith('--type='))?.slice(7);
  const files = systemd.files.list(UNIT_FOLDER).filter((name) => /\.(service|timer)$/.test(name));
  const transient = systemd.files.list('/run/systemd/transient');
  const all = [...new Set([...OWN.slice(0, 3), ...call.vcenter.appliance.units, ...files, ...transient])];
  const rows = matching(all, patterns)
    .filter((name) => type === undefined || name.endsWith(`.${type}`))
    .map((name) => `${name} ${fileState(call, systemd, name) ?? 'enabled'}`);
  const answer = table(call, 'UNIT FILE STATE', rows, 'unit files');
  return rows.length === 0 && patterns.length > 0 && systemdVersion(call) >= 246 ? { ...answer, code: 1 } : answer;
}

function listUnits(call: Call, systemd: Systemd, patterns: readonly string[]): Outcome {
  const all = has(call, '--all') || has(call, '-a');
  const names = [...systemd.services.keys(), ...systemd.timers.keys(), ...OWN, ...call.vcenter.appliance.units];
  const rows = matching([...new Set(names)], patterns)
    .filter((name) => all || stateOf(call, systemd, name) !== 'inactive')
    .map(
      (name) =>
        `${name} loaded ${stateOf(call, systemd, name)} ${subState(systemd.services.get(name), systemd.timers.get(name))} ${name}`,
    );
  return table(call, 'UNIT LOAD ACTIVE SUB DESCRIPTION', rows, 'loaded units');
}

function globs(pattern: string): RegExp {
  return new RegExp(
    `^${pattern
      .replace(/[\\^$.+()[\]{}|]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
}
