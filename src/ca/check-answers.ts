import type { AnswerCheck, CaCheck, Objection, ObjectionCode, Stranger } from '../model/ca-check.js';
import type { Certificate } from '../model/certificate.js';
import type { PlannedCertificate } from '../model/planned-certificate.js';
import { type Issuers, judgeChain } from './judge-chain.js';
import { judgeLeaf } from './judge-leaf.js';
import { type ExpectedKey, type Match, matchAnswers } from './match-answers.js';
import type { AnswerFile } from './read-answer.js';

export interface CheckInput {
  readonly planned: readonly PlannedCertificate[];
  readonly files: readonly AnswerFile[];
  /** Certificates of the external CA that came with the plan. */
  readonly known: readonly Certificate[];
  /** By the name of the planned certificate. */
  readonly keys: ReadonlyMap<string, ExpectedKey>;
  /** Keys given without saying what they are for. */
  readonly looseKeys: readonly ExpectedKey[];
  readonly now: Date;
  /** `CODE` or `CODE:NAME`. */
  readonly accept: ReadonlySet<string>;
}

/**
 * Objections that an operator may accept: rules of prudence, and what is inferred about vCenter. What makes a TLS client refuse for certain cannot be accepted,
 * because nothing would come of it but an outage.
 */
export const ACCEPTABLE: ReadonlySet<ObjectionCode> = new Set([
  'no-key',
  'duplicate',
  'wildcard',
  'key-usage',
  'short-lived',
  'longer-than-issuer',
  'ecdsa-in-chain',
  'sha1-in-chain',
  'pss-in-chain',
  'intermediate-not-in-plan',
]);

/** Holds what came back from the CA to the plan. Pure: the same input gives the same check. */
export function checkAnswers(input: CheckInput): CaCheck {
  const filesOf = new Map<Certificate, Set<string>>();
  const distinct = new Map<string, Certificate>();
  for (const { file, certificates } of input.files) {
    for (const certificate of certificates) {
      const one = distinct.get(certificate.sha256) ?? certificate;
      distinct.set(one.sha256, one);
      filesOf.set(one, (filesOf.get(one) ?? new Set()).add(file));
    }
  }
  const certificates = [...distinct.values()];
  const fromFiles = input.files.flatMap(({ file, keys }) =>
    keys.map(({ spkiSha256 }): ExpectedKey => ({ spkiSha256, origin: { from: 'key', file } })),
  );
  const { matches, strangers } = matchAnswers(input.planned, certificates, input.keys, [...input.looseKeys, ...fromFiles]);
  const issuersFor = issuerPools([...certificates, ...input.known]);
  const answers = input.planned.map((planned, i) => checkOne(planned, matches[i], issuersFor(planned), filesOf, input));
  const standing = new Set(answers.flatMap(({ issuers }) => issuers.map(({ sha256 }) => sha256)));
  return {
    at: input.now,
    answers,
    files: input.files.map(({ file, form, certificates, keys, objections }) => ({
      file,
      form,
      certificates: certificates.length,
      keys: keys.length,
      objections,
    })),
    strangers: strangers
      .filter(({ sha256 }) => !standing.has(sha256))
      .map((certificate): Stranger => ({ certificate, files: [...(filesOf.get(certificate) ?? [])] })),
  };
}

function checkOne(
  planned: PlannedCertificate,
  match: Match | undefined,
  issuers: Issuers,
  filesOf: ReadonlyMap<Certificate, ReadonlySet<string>>,
  { now, accept }: CheckInput,
): AnswerCheck {
  if (!match) return { planned, verdict: 'waiting', issuers: [], files: [], objections: [], accepted: [] };
  const { leaf, expected } = match;
  const chain = judgeChain(leaf, issuers, planned, now);
  const all: Objection[] = [...judgeKey(match), ...judgeLeaf(leaf, planned, now), ...chain.objections];
  const isAccepted = ({ code }: Objection) => ACCEPTABLE.has(code) && (accept.has(code) || accept.has(`${code}:${planned.name}`));
  const objections = all.filter((objection) => !isAccepted(objection));
  return {
    planned,
    verdict: objections.length === 0 ? 'good' : 'refused',
    leaf,
    issuers: chain.issuers,
    files: [...(filesOf.get(leaf) ?? [])],
    ...(expected && expected.spkiSha256 === leaf.spkiSha256 && { key: expected.origin }),
    objections,
    accepted: all.filter(isAccepted),
  };
}

function judgeKey({ leaf, expected, others }: Match): Objection[] {
  const key: Objection[] = !expected
    ? [{ code: 'no-key', certificate: leaf }]
    : expected.spkiSha256 !== leaf.spkiSha256
      ? [{ code: 'wrong-key', certificate: leaf, wanted: expected.spkiSha256, origin: expected.origin }]
      : [];
  return others.length > 0 ? [...key, { code: 'duplicate', certificate: leaf, others }] : key;
}

/** Certificates that can be an issuer by their name; a thousand leaves would otherwise be looked through for every one of them. */
function issuerPools(all: readonly Certificate[]): (planned: PlannedCertificate) => Issuers {
  const issuerNames = new Set(all.map(({ issuer }) => issuer.toLowerCase()));
  const seen = new Set<string>();
  const pool = all.filter(
    ({ subject, sha256 }) => issuerNames.has(subject.toLowerCase()) && !seen.has(sha256) && seen.add(sha256),
  );
  const bySha = new Map(all.map((certificate) => [certificate.sha256, certificate]));
  return ({ root }) => ({ pool, root: bySha.get(root) });
}
