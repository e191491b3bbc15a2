import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CertificateDetails, detailsOf } from '../../src/x509/details.js';
import { keepsConstraints } from '../../src/x509/name-constraints.js';
import { type MintOptions, mintCa, mintLeaf, newKeys } from '../support/mint.js';

const keys = newKeys('ec');
const details = (options: MintOptions): CertificateDetails => {
  const found = detailsOf(mintLeaf({ keys, name: 'CN=array1,O=Lab', ...options }).cert);
  if (!found) throw new Error('a minted certificate is readable');
  return found;
};
const constraints = (nameConstraints: NonNullable<MintOptions['nameConstraints']>): Buffer => {
  const { nameConstraints: contents } = (detailsOf(mintCa({ keys, nameConstraints }).cert) as CertificateDetails).parts
    .extensions;
  if (!contents) throw new Error('the constraints were minted');
  return contents;
};

describe('a name lies within a constraint', () => {
  for (const { base, within, outside } of [
    {
      base: 'lab.example',
      within: ['lab.example', 'a.lab.example', 'A.B.LAB.example'],
      outside: ['xlab.example', 'example', 'lab.example.org'],
    },
    { base: '.lab.example', within: ['a.lab.example', 'a.b.lab.example'], outside: ['lab.example', 'xlab.example'] },
    { base: '10.0.0.0/255.0.0.0', within: ['10.0.0.0', '10.255.1.2'], outside: ['11.0.0.0', '2001:db8::1'] },
    { base: '2001:db8::/ffff:ffff::', within: ['2001:db8:1::1'], outside: ['2001:db9::1', '10.0.0.1'] },
    {
      base: 'email:lab.example',
      within: ['email:a@lab.example', 'email:a@LAB.example'],
      outside: ['email:a@b.lab.example', 'email:lab.example'],
    },
    { base: 'email:.lab.example', within: ['email:a@b.lab.example'], outside: ['email:a@lab.example'] },
    { base: 'email:a@lab.example', within: ['email:a@Lab.example'], outside: ['email:A@lab.example', 'email:b@lab.example'] },
    {
      base: 'uri:lab.example',
      within: ['uri:https://lab.example/x', 'uri:https://lab.example:8084'],
      outside: ['uri:https://a.lab.example/', 'uri:mailto:x'],
    },
    { base: 'uri:.lab.example', within: ['uri:https://a.lab.example/'], outside: ['uri:https://lab.example/'] },
    { base: 'dir:O=Lab', within: ['dir:O=Lab,CN=x', 'dir:O=LAB'], outside: ['dir:O=Lab 2', 'dir:CN=x,O=Lab'] },
  ]) {
    for (const name of within)
      test(`${name} within ${base}`, () => {
        expect(keepsConstraints(constraints({ permitted: [base, 'dir:CN=array1'] }), details({ san: [name] }), true)).toBe(true);
        expect(keepsConstraints(constraints({ excluded: [base] }), details({ san: [name] }), true)).toBe(false);
      });
    for (const name of outside)
      test(`${name} outside ${base}`, () => {
        expect(keepsConstraints(constraints({ permitted: [base, 'dir:CN=array1'] }), details({ san: [name] }), true)).toBe(false);
      });
  }
});

describe('which names count', () => {
  const permitted = constraints({ permitted: ['lab.example'] });
  for (const { name, options, isLeaf, kept } of [
    { name: 'names of other kinds are free', options: { san: ['10.0.0.1'] }, isLeaf: true, kept: true },
    { name: 'one bad name is enough', options: { san: ['a.lab.example', 'evil.example'] }, isLeaf: true, kept: false },
    {
      name: "the leaf's CN counts as a host where there is no DNS name",
      options: { name: 'CN=evil.example', san: [] },
      isLeaf: true,
      kept: false,
    },
    { name: 'but not beside one', options: { name: 'CN=evil.example', san: ['a.lab.example'] }, isLeaf: true, kept: true },
    { name: 'nor where it is no host name', options: { name: 'CN=Storage Provider', san: [] }, isLeaf: true, kept: true },
    { name: "nor a CA's", options: { name: 'CN=evil.example', san: [] }, isLeaf: false, kept: true },
  ])
    test(name, () => {
      expect(keepsConstraints(permitted, details(options), isLeaf)).toBe(kept);
    });
  test('a mailbox in the subject counts', () => {
    const lab = constraints({ permitted: ['email:lab.example'] });
    expect(keepsConstraints(lab, details({ name: 'CN=x,emailAddress=a@lab.example' }), true)).toBe(true);
    expect(keepsConstraints(lab, details({ name: 'CN=x,emailAddress=a@evil.example' }), true)).toBe(false);
  });
  test('constraints on kinds of names that nobody understands are not kept', () => {
    expect(keepsConstraints(constraints({ permitted: ['other:x'] }), details({ san: ['other:x'] }), true)).toBe(false);
    expect(keepsConstraints(constraints({ excluded: ['other:y'] }), details({ san: ['other:x'] }), true)).toBe(false);
    expect(keepsConstraints(constraints({ excluded: ['other:y'] }), details({ san: ['a.example'] }), true)).toBe(true);
  });
});

test('garbage for constraints never throws', () => {
  const below = details({ san: ['a.example', '10.0.0.1'] });
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      keepsConstraints(Buffer.from(bytes), below, true);
    }),
    { seed: 20_261_122, numRuns: 1_000 },
  );
});
