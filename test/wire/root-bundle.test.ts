import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { Result } from '../../src/model/problem.js';
import { readRootBundle, unpackRootBundle } from '../../src/wire/root-bundle.js';
import { mintCa } from '../support/mint.js';
import { clientOf, startServer } from './https-server.js';
import { writeZip, type ZipEntry } from './zip.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

const [A, B, C] = [mintCa({ name: 'CN=A' }), mintCa({ name: 'CN=B' }), mintCa({ name: 'CN=C' })] as const;
const pem = (name: string, ca: { readonly pem: string }): ZipEntry => ({ name, data: Buffer.from(ca.pem) });
const der = (name: string, ca: { readonly der: Uint8Array }): ZipEntry => ({ name, data: ca.der });
const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);

async function roots(entries: readonly ZipEntry[], count?: number): Promise<unknown> {
  const result = await unpackRootBundle(writeZip(entries, count), 'vc');
  return result.ok ? result.value : result.error.code;
}

test('it is asked for without a login', async () => {
  const server = await startServer((_asked, response) => void response.end(writeZip([pem('certs/lin/0f1e2d3c.0', A)])));
  const https = clientOf(server);
  open.push(server, https);
  expect(await readRootBundle(https)).toEqual({ ok: true, value: [A.cert.der] });
  expect(server.asked).toMatchObject([{ method: 'GET', path: '/certs/download.zip' }]);
  expect(server.asked[0]?.headers).not.toHaveProperty('authorization');
});

describe('what is in it', () => {
  for (const { name, entries, expected } of [
    {
      name: 'roots of the Linux folder, CRLs left out',
      entries: [
        pem('certs/lin/aaaaaaaa.0', A),
        { name: 'certs/lin/aaaaaaaa.r0', data: Buffer.from('crl') },
        pem('certs/lin/aaaaaaaa.1', B),
      ],
      expected: [A.cert.der, B.cert.der],
    },
    {
      name: 'DER as well as PEM',
      entries: [der('certs/lin/a.0', A), pem('certs/lin/b.0', B)],
      expected: [A.cert.der, B.cert.der],
    },
    { name: 'the same root once', entries: [pem('certs/lin/a.0', A), der('certs/lin/b.0', A)], expected: [A.cert.der] },
    {
      name: 'one folder alone, the others say the same',
      entries: [pem('certs/win/a.0.crt', C), pem('certs/mac/a.0', B), pem('certs/lin/a.0', A)],
      expected: [A.cert.der],
    },
    {
      name: 'the Mac folder where there is no Linux one',
      entries: [pem('certs/win/a.0.crt', C), pem('certs/mac/a.0', B)],
      expected: [B.cert.der],
    },
    { name: 'the Windows folder where there is no other', entries: [pem('certs/win/a.0.crt', C)], expected: [C.cert.der] },
    { name: 'stored instead of deflated', entries: [{ ...pem('certs/lin/a.0', A), stored: true }], expected: [A.cert.der] },
    {
      name: 'folders and other files in between',
      entries: [{ name: 'certs/', data: Buffer.alloc(0) }, { name: 'README', data: Buffer.from('x') }, pem('certs/lin/a.0', A)],
      expected: [A.cert.der],
    },
    { name: 'no certificate at all', entries: [{ name: 'README', data: Buffer.from('x') }], expected: 'bad-answer' },
    { name: 'nothing', entries: [], expected: 'bad-answer' },
  ]) {
    test(name, async () => expect(await roots(entries)).toEqual(expected));
  }
});

describe('what means harm is refused', () => {
  const zeros = Buffer.alloc(8 * 1024 * 1024);
  for (const { name, entries, count, code } of [
    { name: 'a name that climbs out', entries: [pem('certs/lin/../../../etc/x.0', A)], code: 'bad-answer' },
    { name: 'an absolute name', entries: [pem('/certs/lin/a.0', A)], code: 'bad-answer' },
    { name: 'a Windows path', entries: [pem('certs\\lin\\a.0', A)], code: 'bad-answer' },
    { name: 'a drive letter', entries: [pem('C:/certs/lin/a.0', A)], code: 'bad-answer' },
    { name: 'an entry that unpacks to megabytes', entries: [{ name: 'certs/lin/a.0', data: zeros }], code: 'too-large' },
    {
      name: 'one that lies about its size',
      entries: [{ name: 'certs/lin/a.0', data: zeros, claimedSize: 1_000 }],
      code: 'bad-answer',
    },
    { name: 'an encrypted entry', entries: [{ ...pem('certs/lin/a.0', A), flags: 1 }], code: 'bad-answer' },
    {
      name: 'many entries of a size that is still allowed',
      entries: Array.from({ length: 200 }, (_, n) => ({ name: `certs/lin/${n}.0`, data: zeros.subarray(0, 200 * 1024) })),
      code: 'too-large',
    },
    { name: 'entries without number', entries: [pem('certs/lin/a.0', A)], count: 60_000, code: 'too-large' },
    { name: 'fewer entries than claimed', entries: [pem('certs/lin/a.0', A)], count: 3, code: 'bad-answer' },
  ] as { name: string; entries: ZipEntry[]; count?: number; code: string }[]) {
    test(name, async () => {
      const before = process.memoryUsage().rss;
      expect(await roots(entries, count)).toBe(code);
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    });
  }

  test('a zip of more than any list of roots is not read to its end', async () => {
    const server = await startServer((_asked, response) => void response.end(Buffer.alloc(40 * 1024 * 1024)));
    const https = clientOf(server);
    open.push(server, https);
    expect(codeOf(await readRootBundle(https))).toBe('too-large');
  });
});

test('a vCenter that offers none, and one that fails', async () => {
  for (const [status, code] of [
    [404, 'not-supported'],
    [503, 'bad-answer'],
    [302, 'bad-answer'],
  ] as const) {
    const server = await startServer((_asked, response) => void response.writeHead(status).end());
    const https = clientOf(server);
    open.push(server, https);
    expect(codeOf(await readRootBundle(https))).toBe(code);
  }
});

test('no bytes make unpacking throw', async () => {
  const whole = writeZip([pem('certs/lin/a.0', A), pem('certs/lin/b.0', B)]);
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.uint8Array({ maxLength: 8 }), fc.nat(30), async (at, bytes, cut) => {
      await unpackRootBundle(Buffer.concat([whole.subarray(0, at), bytes, whole.subarray(at + cut)]), 'vc');
    }),
    { seed: 10, numRuns: 400 },
  );
});
