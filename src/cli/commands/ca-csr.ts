import { KeyObject, webcrypto } from 'node:crypto';
import { join, resolve } from 'node:path';
import { armour } from '../../ca/chain-files.js';
import { ACCEPTABLE_IN_REQUESTS, checkRequest, plannedFor } from '../../ca/check-request.js';
import { MAX_KEY_BITS, MIN_KEY_BITS } from '../../ca/key-sizes.js';
import type { RequestObjection } from '../../model/ca-check.js';
import type { PlannedCertificate } from '../../model/planned-certificate.js';
import { err, ok, type Result } from '../../model/problem.js';
import { renderRequests, type WrittenRequest } from '../../report/ca-requests.js';
import { requestObjectionWords } from '../../report/ca-words.js';
import type { CertificateRequest } from '../../x509/request.js';
import { loadPlan, type NewFile, whatIsThere, writeAll } from '../ca-files.js';
import { readAnswers, readPassphrase, usage } from '../ca-input.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { failureOf } from '../failure.js';
import type { GlobalOptions, Surroundings } from '../surroundings.js';
import type { Failure } from '../terminal.js';

export interface CsrOptions extends GlobalOptions {
  readonly out: string;
  readonly bits?: string;
  readonly name?: string;
  /** Requests that arrays made themselves. */
  readonly csr?: readonly string[];
  readonly accept?: readonly string[];
  readonly passphraseEnv?: string;
  readonly passphraseFile?: string;
}

/** OpenSSL reads no longer passphrases of PEM files. */
const MAX_PASSPHRASE_BYTES = 1000;

/** Keys made at a time: as many as Node has threads for them. */
const AT_A_TIME = 4;

/** Makes a key and a request for every certificate of the plan, or takes in the requests that arrays made. All or nothing. */
export async function caCsrCommand(planFile: string, options: CsrOptions, around: Surroundings): Promise<ExitCode> {
  const { out, cwd } = around;
  const plan = loadPlan(resolve(cwd, planFile), planFile);
  if (!plan.ok) return fail(failureOf(plan.error), EXIT.usage);
  const all = plan.value.providerCertificates;
  const planned = options.name === undefined ? all : all.filter(({ name }) => name === options.name);
  if (planned.length === 0) return fail(nothingToAsk(options.name, all), EXIT.usage);
  const nameless = planned.find(({ san }) => san.length === 0);
  if (nameless) return fail(noNames(nameless), EXIT.gaps);

  const made = options.csr ? await takeIn(options.csr, planned, options, around) : await make(planned, options, around);
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (!made.ok) return fail(made.error, made.error.code === 'request-refused' ? EXIT.refused : EXIT.usage);
  const files = made.value.flatMap((one) => filesFor(one, options.out, cwd));
  const names = made.value.flatMap(({ planned: { name } }) => [`${name}.csr`, `${name}.key`]);
  const taken = names.map(
    (name): NewFile => ({ path: resolve(cwd, options.out, name), shown: join(options.out, name), text: '', mode: 0 }),
  );
  const there = await whatIsThere(taken);
  const inTheWay = taken.filter((_, i) => there[i] !== 'nothing');
  if (inTheWay.length > 0) return fail(wouldOverwrite(inTheWay), EXIT.refused);
  const written = await writeAll(files);
  if (!written.ok) return fail(failureOf(written.error), EXIT.usage);
  out.write(
    renderRequests(
      made.value.map((one) => described(one, options.out)),
      options.output,
      out.width,
    ),
  );
  out.say(
    `next: have them signed (docs/ca.md says what to type), then: vasatrust ca check FILE… --plan ${planFile} --dir ${options.out}`,
  );
  return EXIT.clean;

  function fail(failure: Failure, code: ExitCode): ExitCode {
    out.fail(failure);
    return code;
  }
}

interface Made {
  readonly planned: PlannedCertificate;
  readonly csr: string;
  readonly bits: number;
  readonly key?: { readonly pem: string; readonly encrypted: boolean };
}

async function make(
  planned: readonly PlannedCertificate[],
  options: CsrOptions,
  around: Surroundings,
): Promise<Result<Made[], Failure>> {
  const bits = options.bits === undefined ? undefined : Number(options.bits);
  if (bits !== undefined && !(Number.isInteger(bits) && bits >= MIN_KEY_BITS && bits <= MAX_KEY_BITS && bits % 8 === 0))
    return err(usage(`--bits ${options.bits} is no key size`, `Give a multiple of 8 from ${MIN_KEY_BITS} to ${MAX_KEY_BITS}.`));
  const passphrase = await readPassphrase(options, around);
  if (!passphrase.ok) return passphrase;
  if (Buffer.byteLength(passphrase.value ?? '') > MAX_PASSPHRASE_BYTES)
    return err(usage('the passphrase is too long', `OpenSSL reads ${MAX_PASSPHRASE_BYTES} bytes of it at most.`));
  const { makeRequest, REQUEST_ALGORITHM } = await import('../../ca/make-request.js');
  const makeOne = async (one: PlannedCertificate): Promise<Made> => {
    const keyBits = bits ?? one.keyBits;
    const algorithm = { ...REQUEST_ALGORITHM, modulusLength: keyBits, publicExponent: Uint8Array.of(1, 0, 1) };
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const cipher = passphrase.value === undefined ? {} : { cipher: 'aes-256-cbc', passphrase: passphrase.value };
    const pem = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem', ...cipher }) as string;
    return {
      planned: one,
      csr: await makeRequest(one, keys),
      bits: keyBits,
      key: { pem, encrypted: passphrase.value !== undefined },
    };
  };
  const made: Made[] = [];
  for (let from = 0; from < planned.length && !around.interrupted.aborted; from += AT_A_TIME)
    made.push(...(await Promise.all(planned.slice(from, from + AT_A_TIME).map(makeOne))));
  return ok(made);
}

async function takeIn(
  files: readonly string[],
  planned: readonly PlannedCertificate[],
  options: CsrOptions,
  around: Surroundings,
): Promise<Result<Made[], Failure>> {
  const unknown = (options.accept ?? []).find(
    (word) => !(ACCEPTABLE_IN_REQUESTS as ReadonlySet<string>).has(word.split(':', 1)[0] as string),
  );
  if (unknown !== undefined)
    return err(usage(`${unknown} cannot be accepted`, `These can: ${[...ACCEPTABLE_IN_REQUESTS].join(', ')}.`));
  const read = await readAnswers(files, undefined, around);
  if (!read.ok) return read;
  const made: Made[] = [];
  for (const { file, requests, objections } of read.value) {
    const [request] = requests;
    if (!request || requests.length > 1) {
      const [first] = objections;
      const why = requests.length > 1 ? 'holds several requests' : first && 'why' in first ? first.why : 'holds no request';
      return err(refused(file, { code: 'not-a-request', why }));
    }
    const one = plannedFor(request, planned) ?? (options.name !== undefined ? planned[0] : undefined);
    if (!one || made.some(({ planned: { name } }) => name === one.name)) return err(noPlace(file, request, planned));
    const accepted = new Set(options.accept ?? []);
    const [objection] = checkRequest(request, one).filter(
      ({ code }) => !accepted.has(code) && !accepted.has(`${code}:${one.name}`),
    );
    if (objection) return err(refused(file, objection));
    const bits = request.publicKey.type === 'rsa' ? request.publicKey.bits : 0;
    made.push({ planned: one, csr: armour('CERTIFICATE REQUEST', request.der), bits });
  }
  return ok(made);
}

function filesFor({ planned: { name }, csr, key }: Made, dir: string, cwd: string): NewFile[] {
  const place = (file: string) => ({ path: resolve(cwd, dir, file), shown: join(dir, file) });
  return [
    ...(key ? [{ ...place(`${name}.key`), text: key.pem, mode: 0o600 }] : []),
    { ...place(`${name}.csr`), text: csr, mode: 0o644 },
  ];
}

const described = ({ planned, bits, key }: Made, dir: string): WrittenRequest => ({
  planned,
  bits,
  csr: join(dir, `${planned.name}.csr`),
  ...(key && { key: { file: join(dir, `${planned.name}.key`), encrypted: key.encrypted } }),
});

function refused(file: string, objection: RequestObjection): Failure {
  const { headline, remedy } = requestObjectionWords(objection);
  return { code: 'request-refused', summary: `${file} is refused (${objection.code}): ${headline}`, remedy };
}

const noPlace = (file: string, request: CertificateRequest, planned: readonly PlannedCertificate[]): Failure => ({
  code: 'request-refused',
  summary: `${file} (${request.subject}) is for no certificate of the plan, or for one that has a request already, or its names do not tell which`,
  remedy: `Say which with --name; the plan has ${planned
    .map(({ name }) => name)
    .slice(0, 20)
    .join(', ')}.`,
});

const wouldOverwrite = (files: readonly NewFile[]): Failure => ({
  code: 'file-exists',
  summary: `${files
    .slice(0, 3)
    .map(({ shown }) => shown)
    .join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''} ${files.length === 1 ? 'is' : 'are'} there already`,
  remedy:
    'Nothing was written: a key that is gone makes its certificate worthless. Name another folder, or one certificate with --name.',
});

const nothingToAsk = (name: string | undefined, all: readonly PlannedCertificate[]): Failure =>
  name === undefined
    ? usage('this plan asks for no certificate', 'Make one with `vasatrust plan external-ca`.')
    : usage(
        `the plan has no certificate ${name}`,
        `It has ${
          all
            .map((one) => one.name)
            .slice(0, 20)
            .join(', ') || 'none'
        }.`,
      );

const noNames = ({ name }: PlannedCertificate): Failure => ({
  code: 'evidence-thin',
  summary: `the plan knows no name of ${name}`,
  remedy: 'Make the plan anew from an audit that saw how the provider is registered.',
});
