import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome } from './appliance-program.js';
import type { Descriptor } from './appliance-streams.js';
import { sleepOn } from './clock.js';
import type { LabFile } from './world.js';

/** Locks are on files, and belong to what one `open` gave: they end when nobody has that open any more. */
const holders = new WeakMap<LabFile, Map<Descriptor, 'shared' | 'exclusive'>>();

interface Wish {
  readonly kind: 'shared' | 'exclusive' | 'unlock';
  /** Seconds to wait; 0 not at all; missing: for ever. */
  readonly waitS: number | undefined;
  readonly busyCode: number;
  /** The command does not inherit the lock. */
  readonly close: boolean;
  readonly rest: readonly string[];
}

/** `flock [-sxuno] [-w SECONDS] [-E CODE] FD`, and `flock … FILE COMMAND…` or `FILE -c LINE`. Source: util-linux 2.38. */
export async function lock(call: Call): Promise<Outcome> {
  const wish = readWish(call.args);
  if (typeof wish === 'string') return complain(`flock: ${wish}`, 64);
  const [target = '', ...command] = wish.rest;
  if (command.length === 0) {
    if (!/^\d+$/.test(target)) return complain(`flock: bad file descriptor: '${target}'`, 64);
    const descriptor = call.descriptors.get(Number(target));
    if (!descriptor?.file) return complain(`flock: ${target}: Bad file descriptor`, 65);
    return { code: await acquire(call, descriptor, descriptor.file, wish) };
  }
  const path = absolutePath(call.cwd, target);
  if (!call.files.isDirectory(path.slice(0, path.lastIndexOf('/')) || '/')) {
    return complain(`flock: cannot open lock file ${target}: No such file or directory`, 66);
  }
  const file = call.files.open(path, true, 0o666 & ~call.umask);
  const descriptor: Descriptor = { file };
  call.process.files.add({ descriptors: new Map([[3, descriptor]]) });
  const code = await acquire(call, descriptor, file, wish);
  if (code !== 0) return { code };
  const line = command[0] === '-c' || command[0] === '--command';
  const inherited = wish.close ? call.descriptors : new Map([...call.descriptors, [3, descriptor] as const]);
  return { code: await call.run(line ? ['/bin/sh', '-c', command[1] ?? ''] : command, inherited) };
}

async function acquire(call: Call, descriptor: Descriptor, file: LabFile, wish: Wish): Promise<number> {
  const { table } = call.process;
  const all = holders.get(file) ?? new Map<Descriptor, 'shared' | 'exclusive'>();
  holders.set(file, all);
  if (wish.kind === 'unlock') {
    all.delete(descriptor);
    table.changed();
    return 0;
  }
  const untilMs = wish.waitS === undefined ? undefined : call.world.now().getTime() + wish.waitS * 1000;
  for (;;) {
    for (const one of all.keys()) if (one !== descriptor && !table.isOpen(one)) all.delete(one);
    const others = [...all].filter(([one]) => one !== descriptor);
    if (others.every(([, kind]) => kind === 'shared' && wish.kind === 'shared')) {
      all.set(descriptor, wish.kind);
      return 0;
    }
    const leftMs = untilMs === undefined ? undefined : untilMs - call.world.now().getTime();
    if (leftMs !== undefined && leftMs <= 0) return wish.busyCode;
    const changed = table.nextChange();
    if (leftMs === undefined) await call.process.until(changed);
    else {
      const over = new AbortController();
      await call.process.until(Promise.race([changed, sleepOn(call.world.clock, leftMs, over.signal)]));
      over.abort();
    }
  }
}

function readWish(args: readonly string[]): Wish | string {
  const rest = [...args];
  let wish: Omit<Wish, 'rest'> = { kind: 'exclusive', waitS: undefined, busyCode: 1, close: false };
  while (rest[0] !== undefined && /^-./.test(rest[0])) {
    const taken = rest.shift() ?? '';
    if (taken === '--') break;
    if (/^(-w|--wait|--timeout)$/.test(taken)) wish = { ...wish, waitS: Number(rest.shift()) };
    else if (/^(-E|--conflict-exit-code)$/.test(taken)) wish = { ...wish, busyCode: Number(rest.shift()) };
    else if (/^-w[\d.]+$/.test(taken)) wish = { ...wish, waitS: Number(taken.slice(2)) };
    else if (taken === '--close') wish = { ...wish, close: true };
    else if (taken === '--nonblock' || taken === '--nb') wish = { ...wish, waitS: 0 };
    else if (taken === '--shared') wish = { ...wish, kind: 'shared' };
    else if (taken === '--unlock') wish = { ...wish, kind: 'unlock' };
    else if (taken === '--exclusive') wish = { ...wish, kind: 'exclusive' };
    else if (/^-[nsxeuo]+$/.test(taken)) {
      if (taken.includes('o')) wish = { ...wish, close: true };
      if (taken.includes('n')) wish = { ...wish, waitS: 0 };
      if (taken.includes('s')) wish = { ...wish, kind: 'shared' };
      if (taken.includes('u')) wish = { ...wish, kind: 'unlock' };
    } else return `unrecognized option '${taken}'`;
  }
  if (rest.length === 0) return 'requires at least one argument';
  if (wish.waitS !== undefined && Number.isNaN(wish.waitS)) return 'invalid timeout value';
  return { ...wish, rest };
}
