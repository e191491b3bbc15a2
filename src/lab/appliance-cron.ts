import { ApplianceFiles } from './appliance-files.js';
import { sleepOn } from './clock.js';
import { processesOf } from './processes.js';
import type { Runner } from './systemd.js';
import type { LabVcenter, LabWorld } from './world.js';

const FOLDER = '/etc/cron.d';
const ENVIRONMENT: ReadonlyMap<string, string> = new Map([
  ['SHELL', '/bin/sh'],
  ['PATH', '/usr/bin:/bin'],
  ['HOME', '/root'],
  ['LOGNAME', 'root'],
]);

/** Seconds of a minute of cron: as long as the lab's seconds are. */
const MINUTE_S = 60;

interface Line {
  readonly when: string;
  readonly command: string;
}

/**
 * Lines of /etc/cron.d. As strict as any cron is: a file with a dot in its name, writable by others or without a line end at its end is
 * not looked at. Its times: `@reboot`, and five fields of which the first is `*`, a step or a number and the others are `*`.
 */
export function cronLines(world: LabWorld, vcenter: LabVcenter): Line[] {
  const files = new ApplianceFiles(world, vcenter);
  return files.list(FOLDER).flatMap((name) => {
    const file = files.read(`${FOLDER}/${name}`);
    const text = file?.content.toString('utf8') ?? '';
    if (!file || name.includes('.') || (file.mode & 0o022) !== 0 || !text.endsWith('\n')) return [];
    return text.split('\n').flatMap((line) => {
      const [, when, command] = /^\s*(@reboot|\S+ +\* +\* +\* +\*)\s+root\s+(\S.*)$/.exec(line) ?? [];
      return when === undefined || command === undefined ? [] : [{ when, command }];
    });
  });
}

export function runCronLine(vcenter: LabVcenter, command: string, run: Runner): void {
  // An unescaped percent sign ends the command; what follows is its input.
  const line = (command.split(/(?<!\\)%/)[0] ?? '').replaceAll('\\%', '%');
  const process = processesOf(vcenter).spawn(['/bin/sh', '-c', line], undefined, { unit: 'cron' });
  void run(process, ['/bin/sh', '-c', line], ENVIRONMENT).then((code) => process.end(code));
}

/** Until `off`: at every full minute of the uptime. */
export async function runCron(world: LabWorld, vcenter: LabVcenter, run: Runner, off: AbortSignal): Promise<void> {
  const minuteMs = MINUTE_S * world.timing.retrySecondMs;
  for (let minute = 0; ; minute += 1) {
    const upMs = world.now().getTime() - vcenter.appliance.bootedAtMs;
    await sleepOn(world.clock, minuteMs - (upMs % minuteMs), off);
    if (off.aborted) return;
    for (const { when, command } of cronLines(world, vcenter)) {
      const [first = '@'] = when.split(' ');
      const step = /^\*\/(\d+)$/.exec(first)?.[1];
      const due = first === '*' || (step !== undefined && minute % Number(step) === 0) || Number(first) === minute % 60;
      if (due) runCronLine(vcenter, command, run);
    }
  }
}
