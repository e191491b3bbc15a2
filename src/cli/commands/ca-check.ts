import { join, resolve } from 'node:path';
import { chainFiles } from '../../ca/chain-files.js';
import { checkAnswers } from '../../ca/check-answers.js';
import type { AnswerCheck, CaCheck } from '../../model/ca-check.js';
import { renderCaCheck, totalsText } from '../../report/ca-check.js';
import { type NewFile, whatIsThere, writeAll } from '../ca-files.js';
import { type CaInput, type CaOptions, readCaInput, sayNeedless } from '../ca-input.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import type { Surroundings } from '../surroundings.js';

/** Holds what came back from the CA to the plan; writes nothing. */
export async function caCheckCommand(files: readonly string[], options: CaOptions, around: Surroundings): Promise<ExitCode> {
  const input = await readCaInput(files, options, around);
  if (!input.ok) {
    around.out.fail(failureOf(input.error));
    return EXIT.usage;
  }
  const check = judge(input.value);
  around.out.write(renderCaCheck(check, options.output, { width: around.out.width }));
  sayNeedless(check, input.value.accept, around);
  return isRefused(check) ? EXIT.findings : EXIT.clean;
}

/**
 * The same, and puts good answers beside their keys: the leaf, the chain in the vendor's order, the root. Nothing is written when anything is refused. Certificates that wait for their
 * answer are no obstacle: CAs answer one request at a time.
 */
export async function caImportCommand(files: readonly string[], options: CaOptions, around: Surroundings): Promise<ExitCode> {
  const { out } = around;
  const input = await readCaInput(files, options, around);
  if (!input.ok) {
    out.fail(failureOf(input.error));
    return EXIT.usage;
  }
  const check = judge(input.value);
  const render = (written: readonly string[]) => out.write(renderCaCheck(check, options.output, { width: out.width, written }));
  const good = check.answers.filter(({ verdict }) => verdict === 'good');
  if (isRefused(check) || good.length === 0) {
    render([]);
    out.say(`nothing imported: ${totalsText(check)}`);
    return EXIT.refused;
  }
  const wanted = good.flatMap((answer) => filesFor(answer, input.value, around));
  const there = await whatIsThere(wanted);
  const inTheWay = wanted.filter(({ replace }, i) => there[i] === 'other' && !replace);
  if (inTheWay.length > 0) {
    out.fail(fileExists(inTheWay));
    return EXIT.refused;
  }
  const changed = wanted.filter((_, i) => there[i] !== 'same');
  const written = await writeAll(changed);
  if (!written.ok) {
    out.fail(failureOf(written.error));
    return EXIT.usage;
  }
  render(changed.map(({ shown }) => shown));
  if (changed.length < wanted.length)
    out.say(`${wanted.length - changed.length} of ${wanted.length} files were there already, the same`);
  sayNeedless(check, input.value.accept, around);
  return EXIT.clean;
}

const judge = (input: CaInput): CaCheck => checkAnswers({ ...input, planned: input.plan.providerCertificates, now: new Date() });

const isRefused = ({ answers, files, strangers }: CaCheck): boolean =>
  answers.some(({ verdict }) => verdict === 'refused') ||
  files.some(({ objections }) => objections.length > 0) ||
  strangers.length > 0;

/** A key that came with the answer (PKCS#12) is kept where none is there: the array needs it. */
function filesFor({ planned, leaf, issuers, key }: AnswerCheck, input: CaInput, around: Surroundings): NewFile[] {
  if (!leaf) return [];
  const { dir, accept, passphrase } = input;
  const replace = accept.has('file-exists') || accept.has(`file-exists:${planned.name}`);
  const place = (name: string) => ({ shown: join(dir, name), path: resolve(around.cwd, dir, name) });
  const files = chainFiles(planned, leaf, issuers).map(
    ({ name, text }): NewFile => ({ ...place(name), text, mode: 0o644, replace }),
  );
  const withKey =
    input.keys.has(planned.name) || key?.from !== 'key' ? undefined : input.files.find(({ file }) => file === key.file);
  const found = withKey?.keys.find(({ spkiSha256 }) => spkiSha256 === leaf.spkiSha256);
  if (!found) return files;
  const cipher = passphrase ? { cipher: 'aes-256-cbc', passphrase } : {};
  const text = found.open().export({ type: 'pkcs8', format: 'pem', ...cipher }) as string;
  return [...files, { ...place(`${planned.name}.key`), text, mode: 0o600 }];
}

function fileExists(files: readonly NewFile[]) {
  const names = files.map(({ shown }) => shown);
  return {
    code: 'file-exists',
    summary: `${names.slice(0, 3).join(', ')}${names.length > 3 ? ` and ${names.length - 3} more` : ''} ${names.length === 1 ? 'holds' : 'hold'} something else`,
    remedy: 'Nothing was written. Look what it is; --accept file-exists replaces certificates, but never a key.',
  };
}
