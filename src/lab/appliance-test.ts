import { type ApplianceFiles, absolutePath } from './appliance-files.js';
import type { Descriptor } from './appliance-streams.js';

/** `test` and `[`; text instead of an answer says what is wrong with the expression. */
export function test(
  files: ApplianceFiles,
  cwd: string,
  args: readonly string[],
  descriptors: ReadonlyMap<number, Descriptor>,
  isProgram: (path: string) => boolean,
): boolean | string {
  const [first, second, third] = args;
  if (args.length === 0) return false;
  const join = args.findLastIndex((arg, index) => (arg === '-o' || arg === '-a') && index > 0 && index < args.length - 1);
  if (join > 0 && args.length > 3) {
    const left = test(files, cwd, args.slice(0, join), descriptors, isProgram);
    const right = test(files, cwd, args.slice(join + 1), descriptors, isProgram);
    if (typeof left === 'string') return left;
    if (typeof right === 'string') return right;
    return args[join] === '-a' ? left && right : left || right;
  }
  if (first === '!' && args.length > 1) {
    const rest = test(files, cwd, args.slice(1), descriptors, isProgram);
    return typeof rest === 'string' ? rest : !rest;
  }
  if (args.length === 1) return first !== '';
  if (args.length === 2) return unary(files, cwd, first ?? '', second ?? '', descriptors, isProgram);
  if (args.length === 3) return binary(files, cwd, first ?? '', second ?? '', third ?? '');
  return 'too many arguments';
}

function unary(
  files: ApplianceFiles,
  cwd: string,
  operator: string,
  operand: string,
  descriptors: ReadonlyMap<number, Descriptor>,
  isProgram: (path: string) => boolean,
): boolean | string {
  const path = absolutePath(cwd, operand);
  const file = files.read(path);
  switch (operator) {
    case '-n':
      return operand !== '';
    case '-z':
      return operand === '';
    case '-e':
      return files.exists(path) || isProgram(path);
    case '-f':
      return (file !== undefined && !files.isDirectory(path)) || isProgram(path);
    case '-d':
      return files.isDirectory(path);
    case '-s':
      return (file?.content.length ?? 0) > 0;
    case '-r':
    case '-w':
      return files.exists(path) || isProgram(path);
    case '-x':
      return isProgram(path) || files.isDirectory(path) || ((file?.mode ?? 0) & 0o111) !== 0;
    case '-L':
    case '-h':
      return files.entry(path)?.link !== undefined;
    case '-t':
      return (
        descriptors.get(Number(operand))?.input?.terminal !== undefined ||
        descriptors.get(Number(operand))?.output?.terminal !== undefined
      );
    default:
      return `${operator}: unary operator expected`;
  }
}

function binary(files: ApplianceFiles, cwd: string, left: string, operator: string, right: string): boolean | string {
  const age = (text: string) => files.read(absolutePath(cwd, text))?.mtimeMs;
  switch (operator) {
    case '=':
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '-nt':
      return (age(left) ?? -1) > (age(right) ?? -1);
    case '-ot':
      return (age(left) ?? -1) < (age(right) ?? -1);
    case '-eq':
    case '-ne':
    case '-lt':
    case '-le':
    case '-gt':
    case '-ge': {
      const [a, b] = [left, right].map((text) => (/^\s*[-+]?\d+\s*$/.test(text) ? Number(text) : undefined));
      if (a === undefined) return `${left}: integer expression expected`;
      if (b === undefined) return `${right}: integer expression expected`;
      return { '-eq': a === b, '-ne': a !== b, '-lt': a < b, '-le': a <= b, '-gt': a > b, '-ge': a >= b }[operator];
    }
    default:
      return `${operator}: binary operator expected`;
  }
}
