/** Unit files as far as the lab knows them. A setting that it does not know makes a unit unusable here, where systemd would only warn. */
export interface UnitFile {
  readonly path: string;
  readonly description: string;
  readonly before: readonly string[];
  readonly wantedBy: readonly string[];
  readonly hasInstall: boolean;
  /** `!` in front: must not exist. */
  readonly conditionPaths: readonly string[];
  readonly service?: ServiceFile;
  readonly timer?: TimerFile;
}

export interface ServiceFile {
  readonly type: 'simple' | 'exec' | 'oneshot';
  /** `-` in front of a command: its failure does not count. */
  readonly start: readonly { readonly argv: readonly string[]; readonly mayFail: boolean }[];
  readonly remain: boolean;
  readonly startMs: number | undefined;
  readonly environment: readonly (readonly [string, string])[];
}

export interface TimerFile {
  readonly onActiveMs?: number;
  readonly onBootMs?: number;
  readonly onUnitActiveMs?: number;
  readonly onUnitInactiveMs?: number;
  readonly accuracyMs: number;
  readonly unit: string;
}

/** systemd's own default: a timer may be a minute late. */
const ACCURACY_MS = 60_000;

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  Unit: [
    'Description',
    'Documentation',
    'Before',
    'After',
    'Wants',
    'Requires',
    'DefaultDependencies',
    'ConditionPathExists',
    'StartLimitIntervalSec',
  ],
  Service: [
    'Type',
    'ExecStart',
    'ExecStartPre',
    'RemainAfterExit',
    'TimeoutStartSec',
    'TimeoutSec',
    'Environment',
    'User',
    'StandardOutput',
    'StandardError',
    'KillMode',
    'Nice',
    'WorkingDirectory',
  ],
  Timer: [
    'OnActiveSec',
    'OnBootSec',
    'OnUnitActiveSec',
    'OnUnitInactiveSec',
    'AccuracySec',
    'Unit',
    'RemainAfterElapse',
    'Persistent',
  ],
  Install: ['WantedBy', 'RequiredBy'],
};

export function parseUnit(name: string, path: string, text: string): UnitFile | string {
  const settings = new Map<string, string[]>();
  const sections = new Set<string>();
  let section = '';
  for (const raw of text.replace(/\\\n/g, ' ').split('\n')) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const [, opened] = /^\[(\w+)\]$/.exec(line) ?? [];
    if (opened !== undefined) {
      if (!KNOWN[opened]) return `unknown section [${opened}]`;
      section = opened;
      sections.add(opened);
      continue;
    }
    const at = line.indexOf('=');
    const key = line.slice(0, Math.max(0, at)).trim();
    if (!KNOWN[section]?.includes(key)) return `unknown setting ${section}.${key}`;
    const full = `${section}.${key}`;
    settings.set(full, [...(settings.get(full) ?? []), line.slice(at + 1).trim()]);
  }
  const last = (key: string) => settings.get(key)?.at(-1);
  const words = (key: string) => (settings.get(key) ?? []).flatMap((value) => value.split(/\s+/)).filter((word) => word !== '');
  const service = name.endsWith('.service') ? serviceIn(settings) : undefined;
  if (typeof service === 'string') return service;
  const timer = name.endsWith('.timer') ? timerIn(name, settings) : undefined;
  if (typeof timer === 'string') return timer;
  return {
    path,
    description: last('Unit.Description') ?? name,
    before: words('Unit.Before'),
    wantedBy: [...words('Install.WantedBy'), ...words('Install.RequiredBy')],
    hasInstall: sections.has('Install'),
    conditionPaths: settings.get('Unit.ConditionPathExists') ?? [],
    ...(service ? { service } : {}),
    ...(timer ? { timer } : {}),
  };
}

function serviceIn(settings: ReadonlyMap<string, readonly string[]>): ServiceFile | string {
  const last = (key: string) => settings.get(`Service.${key}`)?.at(-1);
  const type = last('Type') ?? 'simple';
  if (type !== 'simple' && type !== 'exec' && type !== 'oneshot') return `Type=${type} is not known to the lab`;
  const start: { argv: readonly string[]; mayFail: boolean }[] = [];
  for (const line of [...(settings.get('Service.ExecStartPre') ?? []), ...(settings.get('Service.ExecStart') ?? [])]) {
    const argv = splitCommand(line.replace(/^-/, ''));
    if (typeof argv === 'string') return argv;
    if (!argv[0]?.startsWith('/')) return `Executable path is not absolute: ${line}`;
    start.push({ argv, mayFail: line.startsWith('-') });
  }
  if (start.length === 0) return 'Service has no ExecStart=';
  if (type !== 'oneshot' && (settings.get('Service.ExecStart') ?? []).length > 1) return 'Service has more than one ExecStart=';
  const limit = last('TimeoutStartSec') ?? last('TimeoutSec');
  const startMs = limit === undefined || limit === 'infinity' || limit === '0' ? undefined : timeSpanMs(limit);
  return {
    type,
    start,
    remain: isYes(last('RemainAfterExit')),
    startMs,
    environment: (settings.get('Service.Environment') ?? []).flatMap((line) => {
      const words = splitCommand(line);
      return typeof words === 'string'
        ? []
        : words.map((word) => [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] as const);
    }),
  };
}

function timerIn(name: string, settings: ReadonlyMap<string, readonly string[]>): TimerFile | string {
  const last = (key: string) => settings.get(`Timer.${key}`)?.at(-1);
  const times: { [K in 'onActiveMs' | 'onBootMs' | 'onUnitActiveMs' | 'onUnitInactiveMs']?: number } = {};
  for (const [key, setting] of [
    ['onActiveMs', 'OnActiveSec'],
    ['onBootMs', 'OnBootSec'],
    ['onUnitActiveMs', 'OnUnitActiveSec'],
    ['onUnitInactiveMs', 'OnUnitInactiveSec'],
  ] as const) {
    const text = last(setting);
    if (text === undefined) continue;
    const ms = timeSpanMs(text);
    if (ms === undefined) return `Failed to parse ${setting}=${text}`;
    times[key] = ms;
  }
  if (Object.keys(times).length === 0) return 'Timer has no times';
  const accuracy = last('AccuracySec');
  const accuracyMs = accuracy === undefined ? ACCURACY_MS : timeSpanMs(accuracy);
  if (accuracyMs === undefined) return `Failed to parse AccuracySec=${accuracy}`;
  return { ...times, accuracyMs, unit: last('Unit') ?? name.replace(/\.timer$/, '.service') };
}

const isYes = (text: string | undefined): boolean => text !== undefined && /^(yes|true|on|1)$/i.test(text);

const UNITS_MS: Readonly<Record<string, number>> = {
  '': 1_000,
  us: 0.001,
  ms: 1,
  s: 1_000,
  sec: 1_000,
  second: 1_000,
  seconds: 1_000,
  m: 60_000,
  min: 60_000,
  minute: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
  hour: 3_600_000,
  hours: 3_600_000,
  d: 86_400_000,
  day: 86_400_000,
  days: 86_400_000,
};

/** `30`, `1min 30s`, `0.5h`, as systemd.time has it; undefined: not a time span. */
export function timeSpanMs(text: string): number | undefined {
  const rest = text.trim();
  const pieces = [...rest.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]*)\s*/g)];
  if (pieces.length === 0 || pieces.map(([whole]) => whole).join('') !== rest) return undefined;
  let sum = 0;
  for (const [, amount = '', unit = ''] of pieces) {
    const each = UNITS_MS[unit];
    if (each === undefined) return undefined;
    sum += Number(amount) * each;
  }
  return sum;
}

/** Words of a command line of a unit file: quotes and some backslashes, no shell. Specifiers and variables are not known to the lab. */
function splitCommand(line: string): string[] | string {
  const words: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))(?=\s|$)/gy;
  let at = 0;
  for (let match = pattern.exec(line); match; match = pattern.exec(line)) {
    const word = match[1]?.replace(/\\(.)/g, '$1') ?? match[2] ?? match[3] ?? '';
    if (/%(?!%)/.test(word.replaceAll('%%', ''))) return `the lab knows no specifiers: ${word}`;
    // Only `${NAME}`, and `$NAME` as a word of its own, are variables to systemd.
    if (/\$\{|^\$\w+$/.test(word.replaceAll('$$', ''))) return `the lab expands no variables in units: ${word}`;
    words.push(word.replaceAll('%%', '%').replaceAll('$$', '$'));
    at = pattern.lastIndex;
  }
  return line.slice(at).trim() === '' ? words : `cannot be split: ${line}`;
}
