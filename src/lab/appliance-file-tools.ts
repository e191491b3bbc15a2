import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome, type Program, print, tool } from './appliance-program.js';
import { base, flag, operands, option } from './appliance-text-tools.js';

export const fileTools: readonly (readonly [string, Program])[] = [
  ['ls', tool(list)],
  ['stat', tool(stat)],
  ['mv', tool(move)],
  ['cp', tool(copy)],
  ['rm', tool(remove)],
  ['mkdir', tool(makeDirectories)],
  ['rmdir', tool(removeDirectories)],
  ['touch', tool(touch)],
  ['chmod', tool(changeMode)],
  ['chown', tool(changeOwner)],
  ['sync', tool(synchronize)],
  ['ln', tool(link)],
  ['readlink', tool((call) => resolvePaths(call))],
  ['realpath', tool((call) => resolvePaths(call))],
  [
    'basename',
    tool(
      ({ args }) => print(`${base((args[0] ?? '').replace(/\/+$/, '')).replace(args[1] ?? /$^/, '')}\n`),
      () => true,
    ),
  ],
  [
    'dirname',
    tool(
      ({ args }) => print(`${(args[0] ?? '').replace(/\/+[^/]*$/, '') || '.'}\n`),
      () => true,
    ),
  ],
  ['df', tool(diskFree)],
];

const missing = (call: Call, name: string, verb: string): Outcome =>
  complain(`${base(call.name)}: ${verb} '${name}': No such file or directory`);

function list(call: Call): Outcome {
  const names = operands(call.args);
  const out: string[] = [];
  let stderr = '';
  for (const name of names.length > 0 ? names : ['.']) {
    const path = absolutePath(call.cwd, name);
    const file = call.files.read(path);
    const long = flag(call.args, 'l');
    const show = (at: string, shown: string) => (long ? `${longLine(call, at)} ${shown}` : shown);
    if (file && !call.files.isDirectory(path)) out.push(show(path, name));
    else if (flag(call.args, 'd') && call.files.isDirectory(path)) out.push(show(path, name));
    else if (call.files.isDirectory(path)) {
      const hidden = flag(call.args, 'a') || flag(call.args, 'A');
      for (const one of call.files.list(path)) if (hidden || !one.startsWith('.')) out.push(show(`${path}/${one}`, one));
    } else stderr += `ls: cannot access '${name}': No such file or directory\n`;
  }
  return { code: stderr === '' ? 0 : 2, stdout: out.map((line) => `${line}\n`).join(''), stderr };
}

function longLine(call: Call, path: string): string {
  const facts = factsOf(call, path);
  const [user = 'root', group = 'root'] = facts.owner.split(':');
  const at = new Date(facts.mtimeMs).toISOString();
  return `${modeText(facts)} 1 ${user} ${group} ${facts.size} ${at.slice(0, 10)} ${at.slice(11, 16)}`;
}

interface Facts {
  readonly directory: boolean;
  readonly mode: number;
  readonly owner: string;
  readonly size: number;
  readonly mtimeMs: number;
}

function factsOf(call: Call, path: string): Facts {
  const file = call.files.read(path);
  const directory = call.files.isDirectory(path);
  const made = call.vcenter.appliance.files.get(`${path}/`);
  const { mode, owner, mtimeMs } = file ??
    made ?? { mode: 0o755, owner: 'root:root', mtimeMs: call.vcenter.appliance.sps.startedAtMs };
  return { directory, mode, owner, mtimeMs, size: directory ? 4096 : (file?.content.length ?? 0) };
}

function modeText({ directory, mode }: Facts): string {
  const bits = [...'rwxrwxrwx'].map((letter, at) => ((mode >> (8 - at)) & 1 ? letter : '-'));
  return `${directory ? 'd' : '-'}${bits.join('')}`;
}

function stat(call: Call): Outcome {
  const format = option(call.args, 'c') ?? call.args.find((arg) => arg.startsWith('--format='))?.slice(9);
  const out: string[] = [];
  let stderr = '';
  for (const name of operands(call.args, 'c')) {
    const path = absolutePath(call.cwd, name);
    if (!call.files.exists(path)) {
      stderr += `stat: cannot statx '${name}': No such file or directory\n`;
      continue;
    }
    const facts = factsOf(call, path);
    const [user = 'root', group = 'root'] = facts.owner.split(':');
    const values: Readonly<Record<string, string>> = {
      n: name,
      s: String(facts.size),
      a: facts.mode.toString(8),
      A: modeText(facts),
      U: user,
      G: group,
      u: user === 'root' ? '0' : '1000',
      g: group === 'root' ? '0' : '1000',
      Y: String(Math.floor(facts.mtimeMs / 1000)),
      y: new Date(facts.mtimeMs).toISOString().replace('T', ' ').replace('Z', '000000 +0000'),
      i: String(call.files.inode(path)),
      F: facts.directory ? 'directory' : facts.size === 0 ? 'regular empty file' : 'regular file',
      h: '1',
      N: `'${name}'`,
    };
    const shown = format ?? `  File: %n\n  Size: %s\tInode: %i\nAccess: (0%a/%A)  Uid: (%u/%U)   Gid: (%g/%G)\nModify: %y`;
    out.push(`${shown.replace(/%([a-zA-Z%])/g, (_all, letter: string) => (letter === '%' ? '%' : (values[letter] ?? '?')))}\n`);
  }
  return { code: stderr === '' ? 0 : 1, stdout: out.join(''), stderr };
}

function target(call: Call, from: string, to: string): string {
  const path = absolutePath(call.cwd, to);
  return call.files.isDirectory(path) ? `${path}/${base(from)}` : path;
}

function move(call: Call): Outcome {
  const names = operands(call.args);
  const to = names.pop();
  if (to === undefined || names.length === 0) return complain('mv: missing file operand');
  for (const name of names) {
    const from = absolutePath(call.cwd, name);
    if (!call.files.entry(from) && !call.files.isDirectory(from)) return missing(call, name, 'cannot stat');
    const into = target(call, name, to);
    if (!call.files.isDirectory(into.slice(0, into.lastIndexOf('/')) || '/')) {
      return complain(`mv: cannot move '${name}' to '${to}': No such file or directory`);
    }
    call.files.move(from, into);
  }
  return { code: 0 };
}

function copy(call: Call): Outcome {
  const names = operands(call.args);
  const to = names.pop();
  if (to === undefined || names.length === 0) return complain('cp: missing file operand');
  const keep = flag(call.args, 'p') || flag(call.args, 'a') || call.args.some((arg) => arg.startsWith('--preserve'));
  for (const name of names) {
    const file = call.files.read(absolutePath(call.cwd, name));
    if (!file) return missing(call, name, 'cannot stat');
    const path = target(call, name, to);
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (!call.files.isDirectory(parent)) return complain(`cp: cannot create regular file '${to}': No such file or directory`);
    const full = call.files.write(path, file.content, keep ? file.mode : undefined);
    if (full) return complain(`cp: error writing '${to}': No space left on device`);
    if (keep) call.files.change(path, { owner: file.owner, mtimeMs: file.mtimeMs });
  }
  return { code: 0 };
}

function remove(call: Call): Outcome {
  const force = flag(call.args, 'f');
  for (const name of operands(call.args)) {
    const path = absolutePath(call.cwd, name);
    if (call.files.entry(path)) call.files.remove(path);
    else if (call.files.isDirectory(path)) {
      if (!flag(call.args, 'r') && !flag(call.args, 'R')) return complain(`rm: cannot remove '${name}': Is a directory`);
      for (const one of call.files.paths()) if (`${one}/`.startsWith(`${path}/`)) call.files.remove(one);
    } else if (!force) return missing(call, name, 'cannot remove');
  }
  return { code: 0 };
}

function makeDirectories(call: Call): Outcome {
  const usual = 0o777 & ~call.umask;
  const given = option(call.args, 'm');
  const mode = given === undefined ? usual : Number.parseInt(given, 8);
  for (const name of operands(call.args, 'm')) {
    const path = absolutePath(call.cwd, name);
    const parents = flag(call.args, 'p');
    if (call.files.exists(path)) {
      if (!parents) return complain(`mkdir: cannot create directory '${name}': File exists`);
      continue;
    }
    if (!parents && !call.files.isDirectory(path.slice(0, path.lastIndexOf('/')) || '/'))
      return missing(call, name, 'cannot create directory');
    const above = path.split('/').map((_part, at, parts) => parts.slice(0, at).join('/'));
    for (const one of above) if (one !== '' && !call.files.isDirectory(one)) call.files.makeDirectory(one, usual);
    if (call.files.makeDirectory(path, mode)) {
      return complain(`mkdir: cannot create directory '${name}': No space left on device`);
    }
  }
  return { code: 0 };
}

function removeDirectories(call: Call): Outcome {
  for (const name of operands(call.args)) {
    const path = absolutePath(call.cwd, name);
    if (!call.files.isDirectory(path)) return complain(`rmdir: failed to remove '${name}': No such file or directory`);
    if (call.files.list(path).length > 0) return complain(`rmdir: failed to remove '${name}': Directory not empty`);
    call.files.remove(`${path}/`);
  }
  return { code: 0 };
}

function touch(call: Call): Outcome {
  for (const name of operands(call.args)) {
    const path = absolutePath(call.cwd, name);
    if (call.files.read(path)) call.files.change(path, { mtimeMs: call.world.now().getTime() });
    else if (call.files.isDirectory(path.slice(0, path.lastIndexOf('/')) || '/'))
      call.files.open(path, false, 0o666 & ~call.umask);
    else return complain(`touch: cannot touch '${name}': No such file or directory`);
  }
  return { code: 0 };
}

function changeMode(call: Call): Outcome {
  const reference = call.args.find((arg) => arg.startsWith('--reference='))?.slice(12);
  const names = operands(call.args);
  const spec = reference === undefined ? (names.shift() ?? '') : undefined;
  for (const name of names) {
    const path = absolutePath(call.cwd, name);
    if (!call.files.exists(path)) return missing(call, name, 'cannot access');
    const before = factsOf(call, path).mode;
    const mode = spec === undefined ? call.files.read(absolutePath(call.cwd, reference ?? ''))?.mode : newMode(spec, before);
    if (mode === undefined) return complain(`chmod: invalid mode: '${spec}'`);
    call.files.change(path, { mode });
  }
  return { code: 0 };
}

function newMode(spec: string, before: number): number | undefined {
  if (/^[0-7]{3,4}$/.test(spec)) return Number.parseInt(spec, 8);
  const [, who, how, what] = /^([ugoa]*)([-+])([rwx]+)$/.exec(spec) ?? [];
  if (who === undefined || how === undefined || what === undefined) return undefined;
  const shifts = (who === '' || who.includes('a') ? 'ugo' : who).split('').map((letter) => ({ u: 6, g: 3, o: 0 })[letter] ?? 0);
  const bits = [...what].reduce((sum, letter) => sum | ({ r: 4, w: 2, x: 1 }[letter] ?? 0), 0);
  const mask = shifts.reduce((sum, shift) => sum | (bits << shift), 0);
  return how === '+' ? before | mask : before & ~mask;
}

function changeOwner(call: Call): Outcome {
  const reference = call.args.find((arg) => arg.startsWith('--reference='))?.slice(12);
  const names = operands(call.args);
  const spec = reference === undefined ? (names.shift() ?? '') : undefined;
  for (const name of names) {
    const path = absolutePath(call.cwd, name);
    if (!call.files.exists(path)) return missing(call, name, 'cannot access');
    const owner = spec ?? call.files.read(absolutePath(call.cwd, reference ?? ''))?.owner ?? 'root:root';
    call.files.change(path, { owner: owner.includes(':') ? owner : `${owner}:root` });
  }
  return { code: 0 };
}

/** Files named are synced, and directories need no more than their names. */
function synchronize(call: Call): Outcome {
  const paths = operands(call.args).map((name) => absolutePath(call.cwd, name));
  const lost = paths.findIndex((path) => !call.files.exists(path));
  if (lost >= 0) return complain(`sync: error opening '${operands(call.args)[lost] ?? ''}': No such file or directory`);
  call.files.sync(paths);
  return { code: 0 };
}

function link(call: Call): Outcome {
  const [to, name, ...more] = operands(call.args);
  if (to === undefined || name === undefined || more.length > 0 || !flag(call.args, 's')) {
    return complain('ln: the lab knows ln -s TARGET NAME alone');
  }
  const path = absolutePath(call.cwd, name);
  if (call.files.entry(path) && !flag(call.args, 'f'))
    return complain(`ln: failed to create symbolic link '${name}': File exists`);
  call.files.link(path, to);
  return { code: 0 };
}

function resolvePaths(call: Call): Outcome {
  const links = operands(call.args).map((name) => call.files.entry(absolutePath(call.cwd, name))?.link);
  if (base(call.name) === 'readlink' && links.every((one) => one !== undefined)) {
    return print(links.map((one) => `${one}\n`).join(''));
  }
  const paths = operands(call.args).map((name) => absolutePath(call.cwd, name));
  if (base(call.name) === 'readlink' && !call.args.some((arg) => /^-[efm]/.test(arg))) return { code: 1 };
  return print(paths.map((path) => `${path}\n`).join(''));
}

function diskFree(call: Call): Outcome {
  const rows = [
    ['/dev/sda3', '11154520', '4903812', '5664336', '47%', '/'],
    ['/dev/mapper/log_vg-log', '10191100', '1038200', '8615616', '11%', '/storage/log'],
  ];
  const human = flag(call.args, 'h') ? ['Size', 'Avail'] : ['1K-blocks', 'Available'];
  const size = (blocks = '0') => (flag(call.args, 'h') ? `${(Number(blocks) / 1_048_576).toFixed(1)}G` : blocks);
  const wanted = operands(call.args);
  const shown = rows.filter(([, , , , , mount = '']) => wanted.length === 0 || wanted.some((path) => mountOf(path) === mount));
  const lines = shown.map(([device, all, used, free, share, mount]) =>
    [device, size(all), size(used), size(free), share, mount].join(' '),
  );
  return print(
    ['Filesystem', human[0], 'Used', human[1], 'Use%', 'Mounted on']
      .join(' ')
      .concat('\n', lines.map((line) => `${line}\n`).join('')),
  );
}

const mountOf = (path: string): string => (path.startsWith('/storage/log') ? '/storage/log' : '/');
