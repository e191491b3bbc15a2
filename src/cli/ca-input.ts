import { dirname, join, resolve } from 'node:path';
import { ACCEPTABLE } from '../ca/check-answers.js';
import type { ExpectedKey } from '../ca/match-answers.js';
import { type AnswerFile, readAnswer } from '../ca/read-answer.js';
import { openSecrets } from '../config/secrets.js';
import type { CaCheck } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import type { Plan } from '../model/plan.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { err, ok, type Problem, type Result } from '../model/problem.js';
import { parseBase64 } from '../x509/parse.js';
import { loadPlan, readBytes, readBytesIfThere } from './ca-files.js';
import type { GlobalOptions, Surroundings } from './surroundings.js';

/** What `ca check` and `ca import` are given. */
export interface CaOptions extends GlobalOptions {
  readonly plan: string;
  /** Folder with what `ca csr` wrote; the plan's own where not given. */
  readonly dir?: string;
  readonly key?: readonly string[];
  readonly ca?: readonly string[];
  readonly accept?: readonly string[];
  readonly passphraseEnv?: string;
  readonly passphraseFile?: string;
}

/** Everything read; nothing judged. */
export interface CaInput {
  readonly plan: Plan;
  readonly dir: string;
  readonly files: readonly AnswerFile[];
  readonly known: readonly Certificate[];
  readonly keys: ReadonlyMap<string, ExpectedKey>;
  readonly looseKeys: readonly ExpectedKey[];
  readonly accept: ReadonlySet<string>;
  readonly passphrase: string | undefined;
}

export async function readCaInput(paths: readonly string[], options: CaOptions, around: Surroundings): Promise<Result<CaInput>> {
  const accept = checkAccept(options.accept ?? []);
  if (!accept.ok) return accept;
  const plan = loadPlan(resolve(around.cwd, options.plan), options.plan);
  if (!plan.ok) return plan;
  const passphrase = await readPassphrase(options, around);
  if (!passphrase.ok) return passphrase;
  const read = async (names: readonly string[]) => readAnswers(names, passphrase.value, around);
  const files = await read(paths);
  if (!files.ok) return files;
  const cas = await read(options.ca ?? []);
  if (!cas.ok) return cas;
  const named = await read(options.key ?? []);
  if (!named.ok) return named;
  const looseKeys = expectedIn(named.value);
  if (!looseKeys.ok) return looseKeys;
  const dir = options.dir ?? dirname(options.plan);
  const keys = await keysInFolder(plan.value.providerCertificates, dir, passphrase.value, around);
  if (!keys.ok) return keys;
  const ofPlan = (plan.value.externalCa?.certificates ?? []).flatMap((der) => {
    const certificate = parseBase64(der);
    return certificate.ok ? [certificate.value] : [];
  });
  return ok({
    plan: plan.value,
    dir,
    files: files.value,
    known: [...ofPlan, ...cas.value.flatMap(({ certificates }) => certificates)],
    keys: keys.value,
    looseKeys: looseKeys.value,
    accept: accept.value,
    passphrase: passphrase.value,
  });
}

/** Undefined: none was named. */
export async function readPassphrase(
  { passphraseEnv, passphraseFile }: Pick<CaOptions, 'passphraseEnv' | 'passphraseFile'>,
  around: Surroundings,
): Promise<Result<string | undefined>> {
  if (passphraseEnv !== undefined && passphraseFile !== undefined)
    return err(usage('--passphrase-env and --passphrase-file exclude each other', 'Give one of the two.'));
  const source =
    passphraseEnv !== undefined
      ? { env: passphraseEnv }
      : passphraseFile !== undefined
        ? { file: resolve(around.cwd, passphraseFile) }
        : undefined;
  if (!source) return ok(undefined);
  const secrets = openSecrets(around.env);
  around.out.keepSecret(secrets.known);
  return secrets.resolve(source, 'passphrase');
}

export async function readAnswers(
  names: readonly string[],
  passphrase: string | undefined,
  around: Surroundings,
): Promise<Result<AnswerFile[]>> {
  const answers: AnswerFile[] = [];
  for (const name of names) {
    const bytes = readBytes(resolve(around.cwd, name));
    if (!bytes.ok) return bytes;
    answers.push(await readAnswer(name, bytes.value, passphrase));
  }
  return ok(answers);
}

/** `NAME.key` is what will be used, so it counts for more than `NAME.csr`; where it is encrypted and its passphrase not given, the request says which key it is. */
async function keysInFolder(
  planned: readonly PlannedCertificate[],
  dir: string,
  passphrase: string | undefined,
  around: Surroundings,
): Promise<Result<Map<string, ExpectedKey>>> {
  const keys = new Map<string, ExpectedKey>();
  for (const { name } of planned) {
    for (const shown of [join(dir, `${name}.key`), join(dir, `${name}.csr`)]) {
      if (keys.has(name)) continue;
      const bytes = readBytesIfThere(resolve(around.cwd, shown));
      if (!bytes.ok) return bytes;
      if (!bytes.value) continue;
      const answer = await readAnswer(shown, bytes.value, passphrase);
      const [expected] = keysOf(answer);
      if (expected) keys.set(name, expected);
      else if (!answer.objections.every(({ code }) => code === 'passphrase-missing' || code === 'wrong-passphrase'))
        return err({
          code: 'file-invalid',
          target: shown,
          summary: `${shown} holds neither a key nor a request`,
          remedy: 'Put back the file that `vasatrust ca csr` wrote, or name another folder with --dir.',
          retry: 'after-remedy',
        });
    }
  }
  return ok(keys);
}

const keysOf = ({ file, keys, requests }: AnswerFile): ExpectedKey[] => [
  ...keys.map(({ spkiSha256 }): ExpectedKey => ({ spkiSha256, origin: { from: 'key', file } })),
  ...requests.map(({ spkiSha256 }): ExpectedKey => ({ spkiSha256, origin: { from: 'request', file } })),
];

function expectedIn(files: readonly AnswerFile[]): Result<ExpectedKey[]> {
  const useless = files.find((answer) => keysOf(answer).length === 0);
  if (!useless) return ok(files.flatMap(keysOf));
  const encrypted = useless.objections.some(({ code }) => code === 'passphrase-missing' || code === 'wrong-passphrase');
  const summary = encrypted
    ? `${useless.file} does not open with the passphrase given`
    : `${useless.file} holds no key and no request`;
  const remedy = encrypted
    ? 'Give its passphrase with --passphrase-env or --passphrase-file, or name the request (.csr) instead: it says which key it is for.'
    : 'Name a private key or a request (.csr), as PEM or DER.';
  return err({ code: 'file-invalid', target: useless.file, summary, remedy, retry: 'after-remedy' });
}

/** `CODE` or `CODE:NAME`. A code that cannot be accepted is a mistake and not passed over: somebody counts on it. */
function checkAccept(words: readonly string[]): Result<Set<string>> {
  const codes: ReadonlySet<string> = new Set([...ACCEPTABLE, 'file-exists']);
  const wrong = words.find((word) => !codes.has(word.split(':', 1)[0] as string));
  if (wrong === undefined) return ok(new Set(words));
  return err(
    usage(`${wrong} cannot be accepted`, `These can: ${[...codes].join(', ')}; for one certificate alone as CODE:NAME.`),
  );
}

/** An acceptance that nothing needed is worth a word: perhaps it was meant for another plan. */
export function sayNeedless(check: CaCheck, accept: ReadonlySet<string>, around: Surroundings): void {
  const used = new Set(
    check.answers.flatMap(({ planned, accepted }) => accepted.flatMap(({ code }) => [code, `${code}:${planned.name}`])),
  );
  for (const word of accept)
    if (!used.has(word) && !word.startsWith('file-exists')) around.out.say(`--accept ${word} was not needed`);
}

export const usage = (summary: string, remedy: string): Problem => ({
  code: 'config-invalid',
  target: 'command line',
  summary,
  remedy,
  retry: 'after-remedy',
});
