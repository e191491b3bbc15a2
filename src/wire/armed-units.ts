const UNIT = /(?:^|\s)(vasatrust-[A-Za-z0-9@:._\\-]{1,200}\.(timer|service))(?=\s|$)/g;
const MAX_NAMES = 1000;

/** Timers of ours in `systemctl list-timers --all`; the services they start stand in the same lines and are not counted again. */
export function parseTimers(text: string): string[] {
  return unitsIn(text).filter((unit) => unit.endsWith('.timer'));
}

/** Units of ours in `systemctl list-unit-files`, transient ones included. */
export function parseUnitFiles(text: string): string[] {
  return unitsIn(text);
}

function unitsIn(text: string): string[] {
  return [...new Set([...text.matchAll(UNIT)].map(([, unit = '']) => unit))].slice(0, MAX_NAMES);
}

/** `ls -1` of the folder with the records of runs. */
export function parseRunFolders(text: string, folder: string): string[] {
  const names = text.split(/\r?\n/).filter((name) => /^[A-Za-z0-9._:@-]{1,200}$/.test(name));
  return names.slice(0, MAX_NAMES).map((name) => `${folder}/${name}`);
}

/** Everything once; a service whose timer is listed is the same thing. */
export function joinArmed(units: readonly string[], folders: readonly string[]): string[] {
  const all = new Set(units);
  const apart = [...all].filter((unit) => !all.has(unit.replace(/\.service$/, '.timer')) || unit.endsWith('.timer'));
  return [...apart.sort(), ...folders];
}
