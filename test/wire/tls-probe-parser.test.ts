import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientHello, readCertificateRequest, readCertificates, readServerHello } from '../../src/wire/tls-hello.js';
import { MAX_MESSAGE, MAX_TOTAL, type TlsEvent, TlsRecords } from '../../src/wire/tls-records.js';

const RUNS = { seed: 20_261_122, numRuns: 500 };
/** One message and one record with their doubling, and the chunk at hand. */
const BOUND = 2 * (MAX_MESSAGE + 64 * 1024) + 128 * 1024;

const record = (type: number, body: Uint8Array) =>
  Buffer.concat([Uint8Array.of(type, 3, 3, body.length >> 8, body.length & 0xff), body]);
const message = (type: number, body: Uint8Array) =>
  Buffer.concat([Uint8Array.of(type, body.length >> 16, (body.length >> 8) & 0xff, body.length & 0xff), body]);

const bytes = fc.uint8Array({ maxLength: 300 });
/** Streams that look like TLS to different depths. */
const stream = fc
  .array(
    fc.oneof(
      { weight: 1, arbitrary: bytes.map((body) => Buffer.from(body)) },
      {
        weight: 3,
        arbitrary: fc.tuple(fc.constantFrom(20, 21, 22, 22, 22, 23, 24), bytes).map(([type, body]) => record(type, body)),
      },
      {
        weight: 4,
        arbitrary: fc
          .tuple(fc.constantFrom(0, 2, 4, 11, 12, 13, 14, 22, 99), bytes)
          .map(([type, body]) => record(22, message(type, body))),
      },
      { weight: 1, arbitrary: fc.constant(record(22, Uint8Array.of(11, 15, 255, 255))) },
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

function readAll(input: Buffer, cuts: readonly number[]): { events: TlsEvent[]; allocated: number } {
  const records = new TlsRecords();
  const events: TlsEvent[] = [];
  let allocated = 0;
  const stops = [...new Set([...cuts.map((cut) => cut % (input.length + 1)), input.length])].sort((a, b) => a - b);
  let from = 0;
  for (const stop of stops) {
    events.push(...records.push(input.subarray(from, stop)));
    allocated = Math.max(allocated, records.allocated);
    from = stop;
  }
  return { events, allocated };
}

describe('records and messages', () => {
  test('how the bytes were cut does not matter', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 40 }), (input, cuts) => {
        const whole = readAll(input, []).events.map(withoutWords);
        const cut = readAll(input, cuts).events.map(withoutWords);
        const single = readAll(
          input,
          Array.from(input, (_, i) => i),
        ).events.map(withoutWords);
        expect(cut).toEqual(whole);
        expect(single).toEqual(whole);
      }),
      RUNS,
    );
  });

  test('messages come back as they were sent, however they were put into records', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom(2, 11, 12, 13, 14), fc.uint8Array({ maxLength: 2_000 })), {
          minLength: 1,
          maxLength: 8,
        }),
        fc.integer({ min: 1, max: 700 }),
        (messages, size) => {
          const flat = Buffer.concat(messages.map(([type, body]) => message(type, body)));
          const records: Buffer[] = [];
          // At most as many records as messages are allowed to be empty; none is here.
          for (let at = 0; at < flat.length; at += size) records.push(record(22, flat.subarray(at, at + size)));
          const { events } = readAll(Buffer.concat(records), []);
          expect(events).toEqual(messages.map(([type, body]) => ({ kind: 'message', type, body: Buffer.from(body) })));
        },
      ),
      RUNS,
    );
  });

  test('nothing throws and memory stays bounded, whatever arrives', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          stream,
          bytes.map((body) => Buffer.from(body)),
        ),
        fc.array(fc.nat(), { maxLength: 20 }),
        (input, cuts) => {
          const { events, allocated } = readAll(input, cuts);
          expect(allocated).toBeLessThanOrEqual(Math.max(2_048, 5 * input.length));
          expect(events.filter(({ kind }) => kind === 'malformed').length).toBeLessThanOrEqual(1);
          expect(events.findIndex(({ kind }) => kind === 'malformed')).toBeOneOf([-1, events.length - 1]);
          for (const event of events) if (event.kind === 'malformed') expect(event.why).toMatch(/^[ -~]*$/);
        },
      ),
      RUNS,
    );
  });

  test('a length field alone allocates nothing', () => {
    const records = new TlsRecords();
    records.push(record(22, Uint8Array.of(11, 15, 255, 255)));
    expect(records.allocated).toBeLessThan(4_096);
  });

  test('a stream without an end is given up within the bound', () => {
    for (const chunk of [
      record(22, Buffer.alloc(16_384, 11)),
      record(22, message(11, Buffer.alloc(16_000))),
      record(22, Buffer.concat([Uint8Array.of(11, 15, 255, 255), Buffer.alloc(16_000)])),
      Buffer.alloc(1 << 20, 22),
    ]) {
      const records = new TlsRecords();
      let sent = 0;
      let gaveUp = false;
      while (!gaveUp && sent <= 2 * MAX_TOTAL) {
        gaveUp = records.push(chunk).some(({ kind }) => kind === 'malformed');
        sent += chunk.length;
        expect(records.allocated).toBeLessThanOrEqual(BOUND);
      }
      expect(gaveUp).toBe(true);
    }
  });
});

/** Words may quote more or less of what had arrived by then. */
const withoutWords = (event: TlsEvent) => (event.kind === 'malformed' ? { kind: event.kind, code: event.code } : event);

describe('messages of a hello', () => {
  test('no body makes a reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (body) => {
        const buffer = Buffer.from(body);
        readServerHello(buffer);
        readCertificates(buffer);
        for (const protocol of ['TLSv1.2', 'TLSv1'] as const) readCertificateRequest(buffer, protocol);
      }),
      { ...RUNS, numRuns: 2_000 },
    );
  });

  test('certificates and names come back as they were sent', () => {
    const length3 = (n: number) => Uint8Array.of(n >> 16, (n >> 8) & 0xff, n & 0xff);
    const length2 = (n: number) => Uint8Array.of(n >> 8, n & 0xff);
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { minLength: 1, maxLength: 64 }), (list) => {
        const chain = Buffer.concat(list.flatMap((der) => [length3(der.length), der]));
        const read = readCertificates(Buffer.concat([length3(chain.length), chain]));
        expect(read).toEqual({ ok: true, value: list.map((der) => Buffer.from(der).toString('base64')) });
        const names = Buffer.concat(list.flatMap((der) => [length2(der.length), der]));
        const request = Buffer.concat([Uint8Array.of(2, 1, 64, 0, 2, 4, 1), length2(names.length), names]);
        expect(readCertificateRequest(request, 'TLSv1.2')).toEqual({
          ok: true,
          value: list.map((der) => Buffer.from(der).toString('base64')),
        });
      }),
      { ...RUNS, numRuns: 100 },
    );
  });

  test('a ClientHello has the length it claims, with every server name', () => {
    fc.assert(
      fc.property(fc.option(fc.stringMatching(/^[a-z0-9.-]{1,255}$/), { nil: undefined }), (sni) => {
        const hello = clientHello(Buffer.alloc(32), sni);
        expect(hello.readUInt16BE(3)).toBe(hello.length - 5);
        expect(hello.readUIntBE(6, 3)).toBe(hello.length - 9);
      }),
      RUNS,
    );
  });
});
