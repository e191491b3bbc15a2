import { describe, expect, test } from 'vitest';
import { findPath } from '../../src/x509/path.js';
import { type Minted, mintCa, mintLeaf } from '../support/mint.js';

const certs = (minted: readonly Minted[]) => minted.map(({ cert }) => cert);
const root = mintCa({ name: 'CN=Root' });
const middle = mintCa({ name: 'CN=Middle', issuer: root });
const leaf = mintLeaf({ issuer: middle });

describe('paths that exist', () => {
  const crossed = mintCa({ name: 'CN=Root', keys: root.keys, issuer: mintCa({ name: 'CN=Elsewhere' }) });
  const renewed = mintCa({ name: 'CN=Root', keys: root.keys });
  const selfSigned = mintLeaf();
  const v1 = mintCa({ name: 'CN=Old Root', version: 1 });
  const unrelated = mintLeaf({ name: 'CN=elsewhere' });
  const rolled = mintCa({ name: 'CN=Root', issuer: root, pathLength: 0 });
  const shouting = mintLeaf({ issuer: root, issuerName: 'CN=ROOT' });

  for (const { name, of, pool, anchors, path } of [
    { name: 'leaf, intermediate, root', of: leaf, pool: [middle], anchors: [root], path: [leaf, middle, root] },
    { name: 'an intermediate among the anchors ends the path', of: leaf, pool: [], anchors: [middle], path: [leaf, middle] },
    { name: 'the root was served too', of: leaf, pool: [middle, root], anchors: [root], path: [leaf, middle, root] },
    {
      name: 'order, duplicates and strangers in the served chain do not matter',
      of: leaf,
      pool: [unrelated, root, middle, middle, leaf],
      anchors: [root],
      path: [leaf, middle, root],
    },
    {
      name: 'a renewed root with the same key',
      of: leaf,
      pool: [middle, root],
      anchors: [renewed],
      path: [leaf, middle, renewed],
    },
    { name: 'a cross-signed root is no detour', of: leaf, pool: [crossed, middle], anchors: [root], path: [leaf, middle, root] },
    { name: 'a self-signed leaf that is an anchor', of: selfSigned, pool: [], anchors: [selfSigned], path: [selfSigned] },
    { name: 'a leaf that is an anchor itself', of: leaf, pool: [], anchors: [leaf], path: [leaf] },
    { name: 'a version 1 root', of: mintLeaf({ issuer: v1 }), pool: [], anchors: [v1], path: 'any' },
    {
      name: 'self-issued certificates do not count',
      of: mintLeaf({ issuer: rolled }),
      pool: [rolled],
      anchors: [root],
      path: 'any',
    },
    { name: 'names are compared without case', of: shouting, pool: [], anchors: [root], path: [shouting, root] },
  ] as const)
    test(name, () => {
      const result = findPath(of.cert, certs(pool), certs(anchors));
      expect(result.kind).toBe('path');
      if (result.kind === 'path' && path !== 'any') expect(result.path).toEqual(certs(path));
    });
});

describe('paths that break', () => {
  const stranger = mintCa({ name: 'CN=Root' });
  const noCa = mintCa({ name: 'CN=Middle', issuer: root, basicConstraints: 'not-ca' });
  const noConstraints = mintCa({ name: 'CN=Middle', issuer: root, basicConstraints: false });
  const noSign = mintCa({ name: 'CN=Middle', issuer: root, keyUsage: ['digitalSignature'] });
  const short = mintCa({ name: 'CN=Short', pathLength: 0 });
  const below = mintCa({ name: 'CN=Below', issuer: short });
  const fenced = mintCa({ name: 'CN=Fenced', nameConstraints: { permitted: ['lab.example'] } });
  const outside = mintLeaf({ issuer: fenced, san: ['array.elsewhere.example'] });
  const critical = mintLeaf({ issuer: root, extraExtensions: [Buffer.from('300b06032a03040101ff040100', 'hex')] });
  const odd = mintLeaf({ issuer: root, algorithm: '1.2.3.4' });
  const renamed = mintLeaf({ issuer: root, issuerName: 'CN=Nobody' });
  const v1Middle = mintCa({ name: 'CN=Middle', issuer: root, version: 1 });

  for (const { name, of, pool, anchors, reason, at } of [
    { name: 'no anchors', of: leaf, pool: [middle], anchors: [], reason: 'issuer-unknown', at: middle },
    { name: 'a missing intermediate', of: leaf, pool: [], anchors: [root], reason: 'issuer-unknown', at: leaf },
    { name: 'a rebuilt root', of: leaf, pool: [middle], anchors: [stranger], reason: 'same-name-other-key', at: middle },
    {
      name: 'a rebuilt root while the old one is served',
      of: leaf,
      pool: [middle, root],
      anchors: [stranger],
      reason: 'same-name-other-key',
      at: root,
    },
    {
      name: 'a self-signed leaf nobody trusts',
      of: mintLeaf(),
      pool: [],
      anchors: [root],
      reason: 'issuer-unknown',
      at: undefined,
    },
    { name: 'cA is false', of: mintLeaf({ issuer: noCa }), pool: [noCa], anchors: [root], reason: 'not-a-ca', at: noCa },
    {
      name: 'no basicConstraints',
      of: mintLeaf({ issuer: noConstraints }),
      pool: [noConstraints],
      anchors: [root],
      reason: 'not-a-ca',
      at: noConstraints,
    },
    {
      name: 'a version 1 intermediate',
      of: mintLeaf({ issuer: v1Middle }),
      pool: [v1Middle],
      anchors: [root],
      reason: 'not-a-ca',
      at: v1Middle,
    },
    {
      name: 'no keyCertSign',
      of: mintLeaf({ issuer: noSign }),
      pool: [noSign],
      anchors: [root],
      reason: 'key-usage',
      at: noSign,
    },
    { name: 'path length', of: mintLeaf({ issuer: below }), pool: [below], anchors: [short], reason: 'path-length', at: short },
    { name: 'name constraints', of: outside, pool: [], anchors: [fenced], reason: 'name-constraints', at: outside },
    {
      name: 'a critical extension nobody understands',
      of: critical,
      pool: [],
      anchors: [root],
      reason: 'critical-extension',
      at: critical,
    },
    { name: 'an unknown algorithm', of: odd, pool: [], anchors: [root], reason: 'signature-algorithm', at: odd },
    { name: 'the right key under another name', of: renamed, pool: [], anchors: [root], reason: 'issuer-unknown', at: renamed },
  ] as const)
    test(`${name}: ${reason}`, () => {
      const result = findPath(of.cert, certs(pool), certs(anchors));
      expect(result).toMatchObject({ kind: 'no-path', reason });
      if (result.kind === 'no-path' && at) expect(result.at.sha256).toBe(at.cert.sha256);
    });

  test('the wanted key identifier and the namesakes are named', () => {
    const result = findPath(leaf.cert, [middle.cert], [stranger.cert, fenced.cert]);
    expect(result).toMatchObject({ wantedKeyId: root.cert.ski, candidates: [stranger.cert] });
  });
});

describe('time', () => {
  const past = { notBefore: new Date('2010-01-01T00:00:00Z'), notAfter: new Date('2015-01-01T00:00:00Z') };
  const future = { notBefore: new Date('2035-01-01T00:00:00Z') };
  const oldRoot = mintCa({ name: 'CN=Old', ...past });
  const at = new Date('2026-11-22T00:00:00Z');

  test('dates do not matter until somebody asks', () => {
    expect(findPath(mintLeaf({ issuer: oldRoot, ...past }).cert, [], [oldRoot.cert]).kind).toBe('path');
  });
  for (const { name, child, anchors, reason } of [
    { name: 'an expired leaf', child: mintLeaf({ issuer: root, ...past }), anchors: [root], reason: 'expired' },
    { name: 'an expired root', child: mintLeaf({ issuer: oldRoot }), anchors: [oldRoot], reason: 'expired' },
    { name: 'a leaf of tomorrow', child: mintLeaf({ issuer: root, ...future }), anchors: [root], reason: 'not-yet-valid' },
  ])
    test(`${name}: ${reason}`, () => {
      expect(findPath(child.cert, [], certs(anchors), { at })).toMatchObject({ kind: 'no-path', reason });
    });
  test('an expired twin of the root does not hide the valid one', () => {
    const expired = mintCa({ name: 'CN=Root', keys: root.keys, ...past });
    const result = findPath(mintLeaf({ issuer: root }).cert, [], [expired.cert, root.cert], { at });
    expect(result).toMatchObject({ kind: 'path', anchor: { sha256: root.cert.sha256 } });
  });
});

describe('hostile pools', () => {
  test('CAs that signed one another are walked once and given up', () => {
    const keys = mintCa().keys;
    const ring = Array.from({ length: 60 }, (_, i) =>
      mintCa({ name: 'CN=Ring', keys, issuer: mintCa({ name: 'CN=Ring', keys }), serial: i }),
    );
    const started = performance.now();
    const result = findPath(mintLeaf({ issuer: ring[0] as Minted }).cert, certs(ring), [root.cert]);
    expect(result).toMatchObject({ kind: 'no-path', reason: 'too-deep' });
    expect(performance.now() - started).toBeLessThan(10_000);
  });
  test('a chain that never ends is given up', () => {
    const chain = [mintCa({ name: 'CN=0' })];
    for (let i = 1; i < 60; i++) chain.push(mintCa({ name: `CN=${i}`, issuer: chain[i - 1] as Minted }));
    const top = chain[0] as Minted;
    const result = findPath(mintLeaf({ issuer: chain.at(-1) as Minted }).cert, certs(chain.slice(1)), [top.cert]);
    expect(result).toMatchObject({ kind: 'no-path', reason: 'too-deep' });
  });
});
