import { describe, expect, test } from 'vitest';
import { type CheckInput, checkAnswers } from '../../src/ca/check-answers.js';
import type { ExpectedKey } from '../../src/ca/match-answers.js';
import { readAnswer } from '../../src/ca/read-answer.js';
import type { CaCheck } from '../../src/model/ca-check.js';
import type { Sha256Hex } from '../../src/model/ids.js';
import type { PlannedCertificate } from '../../src/model/planned-certificate.js';
import { answer, type Defect, defects, issuing, leafKeys, NOW, ORIGIN, planned, root, rsaKeys } from '../support/ca-answers.js';
import { type Minted, mintCa } from '../support/mint.js';

const spkiOf = (keys: typeof leafKeys): Sha256Hex => answer({ keys }).cert.spkiSha256;
const known = [issuing.cert, root.cert];
const expected = (keys = leafKeys): ExpectedKey => ({ spkiSha256: spkiOf(keys), origin: ORIGIN });

async function check(files: readonly Buffer[], more: Partial<CheckInput> & { passphrase?: string } = {}): Promise<CaCheck> {
  const read = await Promise.all(files.map((bytes, i) => readAnswer(`file${i}`, bytes, more.passphrase)));
  return checkAnswers({
    planned: [planned],
    files: read,
    known,
    keys: new Map([[planned.name, expected()]]),
    looseKeys: [],
    now: NOW,
    accept: new Set(),
    ...more,
  });
}

const checkDefect = ({ files, known: ofPlan, planned: plan, keys, passphrase }: Defect): Promise<CaCheck> =>
  check(files(), {
    ...(ofPlan && { known: ofPlan() }),
    ...(plan && { planned: [plan()] }),
    ...(keys && { keys: new Map([[planned.name, expected(keys)]]) }),
    ...(passphrase !== undefined && { passphrase }),
  });

const codesOf = ({ answers, files, strangers }: CaCheck): string[] => [
  ...answers.flatMap(({ objections }) => objections.map(({ code }) => code)),
  ...files.flatMap(({ objections }) => objections.map(({ code }) => code)),
  ...strangers.map(() => 'not-in-plan'),
];

const pem = ({ pem }: Minted): Buffer => Buffer.from(pem);

describe('an answer with one defect is refused with exactly that reason', () => {
  for (const defect of defects()) {
    test(defect.name, async () => {
      const result = await checkDefect(defect);
      expect(codesOf(result)).toEqual(defect.codes);
      expect(result.answers[0]?.verdict).not.toBe('good');
    });
  }

  test('the table holds at least 40 of them, and every name once', () => {
    const names = defects().map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(40);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a good answer', () => {
  test('is good, with its path up to the root of the plan and the key it was matched to', async () => {
    const { answers, files, strangers } = await check([pem(answer())]);
    expect(answers).toMatchObject([{ verdict: 'good', objections: [], key: ORIGIN, files: ['file0'] }]);
    expect(answers[0]?.issuers.map(({ subject }) => subject)).toEqual([issuing.cert.subject, root.cert.subject]);
    expect(files[0]).toMatchObject({ form: 'pem', certificates: 1, objections: [] });
    expect(strangers).toEqual([]);
  });

  test('the order of files, copies and CAs that have nothing to do with it do not matter', async () => {
    const leaf = answer();
    const other = mintCa({ name: 'CN=Unrelated CA', keys: rsaKeys('stranger') });
    const sets = [
      [root, issuing, leaf],
      [leaf, root, issuing],
      [issuing, leaf, other, leaf, root],
    ];
    for (const set of sets) {
      const apart = await check(set.map(pem), { known: [] });
      const together = await check([Buffer.concat(set.map(pem))], { known: [] });
      for (const { answers, strangers } of [apart, together]) {
        expect(answers).toMatchObject([{ verdict: 'good' }]);
        expect(strangers).toEqual([]);
      }
    }
  });

  test('a root that was renewed with the same key is as good as the one of the plan', async () => {
    const renewed = mintCa({ name: 'CN=LAB Root,O=Example', keys: root.keys, notAfter: new Date('2045-01-01T00:00:00Z') });
    expect((await check([pem(answer()), pem(issuing), pem(renewed)])).answers).toMatchObject([{ verdict: 'good' }]);
  });

  test('several certificates of one plan are each matched to their own key, whatever the names say', async () => {
    const second: PlannedCertificate = {
      ...planned,
      name: 'array1-ct1',
      san: [{ kind: 'dns', value: 'array1-ct1.lab.example' }],
    };
    const keys = new Map([
      [planned.name, expected()],
      [second.name, expected(rsaKeys('ct1'))],
    ]);
    const forSecond = answer({ keys: rsaKeys('ct1'), san: ['array1-ct1.lab.example'] });
    const both = await check([pem(forSecond), pem(answer())], { planned: [planned, second], keys });
    expect(both.answers.map(({ verdict, files }) => [verdict, files])).toEqual([
      ['good', ['file1']],
      ['good', ['file0']],
    ]);
    const one = await check([pem(forSecond)], { planned: [planned, second], keys });
    expect(one.answers.map(({ verdict }) => verdict)).toEqual(['waiting', 'good']);
    const swapped = await check([pem(answer({ keys: rsaKeys('ct1') }))], { planned: [planned, second], keys });
    expect(swapped.answers[1]?.objections.map(({ code }) => code)).toEqual(['missing-san']);
  });
});

describe('keys', () => {
  test('without any key known nobody can tell, and it may be accepted by that code alone', async () => {
    const refused = await check([pem(answer())], { keys: new Map() });
    expect(codesOf(refused)).toEqual(['no-key']);
    for (const word of ['no-key', 'no-key:array1-ct0']) {
      const accepted = await check([pem(answer())], { keys: new Map(), accept: new Set([word]) });
      expect(accepted.answers).toMatchObject([{ verdict: 'good', accepted: [{ code: 'no-key' }] }]);
    }
    expect((await check([pem(answer())], { keys: new Map(), accept: new Set(['no-key:other']) })).answers).toMatchObject([
      { verdict: 'refused' },
    ]);
  });

  test('a key that came with --key or in the files is taken for what it fits', async () => {
    expect((await check([pem(answer())], { keys: new Map(), looseKeys: [expected()] })).answers).toMatchObject([
      { verdict: 'good' },
    ]);
    const key = Buffer.from(leafKeys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const result = await check([pem(answer()), key], { keys: new Map() });
    expect(result.answers).toMatchObject([{ verdict: 'good', key: { from: 'key', file: 'file1' } }]);
  });

  test('a key that fits nothing is the wrong one', async () => {
    expect(codesOf(await check([pem(answer())], { keys: new Map(), looseKeys: [expected(rsaKeys('stranger'))] }))).toEqual([
      'wrong-key',
    ]);
  });

  test('what makes every client refuse cannot be accepted', async () => {
    const accept = new Set(['missing-san', 'expired', 'wrong-key', 'bad-signature', 'unknown-root']);
    const short = answer({ san: ['array1-ct0.lab.example'] });
    expect((await check([pem(short)], { accept })).answers).toMatchObject([{ verdict: 'refused', accepted: [] }]);
  });
});

test('several defects are all told', async () => {
  const bad = answer({
    san: ['vasa1.lab.example'],
    hash: 'sha1',
    notAfter: new Date('2026-01-02T00:00:00Z'),
    extendedKeyUsage: ['clientAuth'],
  });
  expect(codesOf(await check([pem(bad)]))).toEqual(['missing-san', 'eku-wrong', 'sha1-in-chain', 'expired']);
});
