/** What a TLS peer sends before encryption starts, one piece at a time. */
export type TlsEvent =
  | { readonly kind: 'message'; readonly type: number; readonly body: Buffer }
  | { readonly kind: 'alert'; readonly level: number; readonly code: number }
  /** Nothing more will be read. `why` is a predicate, to be read as "the peer …". */
  | { readonly kind: 'malformed'; readonly why: string; readonly code: 'bad-answer' | 'too-large' };

/** RFC 5246 section 6.2.3 allows 2048 bytes more than a plain record has. */
const MAX_RECORD = 16_384 + 2_048;
/** Largest handshake message; a chain of certificates is the only large one. */
export const MAX_MESSAGE = 1024 * 1024;
/** Everything one peer may send us. */
export const MAX_TOTAL = 2 * 1024 * 1024;
const MAX_MESSAGES = 64;

const ALERT = 21;
const HANDSHAKE = 22;

/**
 * Puts records and handshake messages together again, however the bytes were cut: several messages in a record, one message over several records, one byte at a
 * time. Never throws. Holds at most one record and one message, and grows only with what was really received, whatever a length field claims.
 */
export class TlsRecords {
  private readonly raw = new ByteQueue();
  private readonly handshake = new ByteQueue();
  private readonly events: TlsEvent[] = [];
  private total = 0;
  private messages = 0;
  private broken = false;

  /** Events that these bytes complete, in order. After `malformed` there are none. */
  push(chunk: Uint8Array): TlsEvent[] {
    for (let at = 0; at < chunk.length && !this.broken; at += MAX_RECORD) this.take(chunk.subarray(at, at + MAX_RECORD));
    return this.events.splice(0);
  }

  /** Bytes of memory in use for what is not complete yet. */
  get allocated(): number {
    return this.raw.capacity + this.handshake.capacity;
  }

  /** True in the middle of a record or message: the peer still owes something. */
  get unfinished(): boolean {
    return this.raw.length > 0 || this.handshake.length > 0;
  }

  private take(chunk: Uint8Array): void {
    this.total += chunk.length;
    if (this.total > MAX_TOTAL) this.refuse(`sent more than ${MAX_TOTAL} bytes before its hello was over`, 'too-large');
    else this.raw.append(chunk);
    while (!this.broken && this.readRecord());
  }

  private readRecord(): boolean {
    const { raw } = this;
    if (raw.length === 0) return false;
    const type = raw.byte(0);
    // The first bytes tell HTTP, SSH and SMTP from TLS: no need to wait for the length that their letters would spell.
    if (type < 20 || type > 24 || (raw.length > 1 && raw.byte(1) !== 3)) {
      const start = raw
        .peek(24)
        .toString('latin1')
        .replace(/[^ -~]/g, '.');
      this.refuse(`does not speak TLS; it begins with "${start}"`);
      return false;
    }
    if (raw.length < 5) return false;
    const length = raw.byte(3) * 256 + raw.byte(4);
    if (length > MAX_RECORD) {
      this.refuse(`sent a TLS record of ${length} bytes`);
      return false;
    }
    if (raw.length < 5 + length) return false;
    raw.skip(5);
    const body = raw.peek(length);
    if (type === HANDSHAKE) this.readHandshake(body);
    else if (type === ALERT) this.readAlerts(body);
    else this.refuse(`sent a TLS record of type ${type} in its hello`);
    raw.skip(length);
    return true;
  }

  private readAlerts(body: Buffer): void {
    if (body.length === 0 || body.length % 2 !== 0) {
      this.refuse('sent half a TLS alert');
      return;
    }
    for (let at = 0; at + 1 < body.length && at < 32; at += 2)
      this.events.push({ kind: 'alert', level: body[at] as number, code: body[at + 1] as number });
    this.count();
  }

  private readHandshake(body: Buffer): void {
    if (body.length === 0) this.count();
    const { handshake } = this;
    handshake.append(body);
    while (!this.broken && handshake.length >= 4) {
      const length = handshake.byte(1) * 65_536 + handshake.byte(2) * 256 + handshake.byte(3);
      if (length > MAX_MESSAGE) {
        this.refuse(`announced a TLS message of ${length} bytes`, 'too-large');
        return;
      }
      if (handshake.length < 4 + length) return;
      const type = handshake.byte(0);
      handshake.skip(4);
      this.events.push({ kind: 'message', type, body: Buffer.from(handshake.peek(length)) });
      handshake.skip(length);
      this.count();
    }
  }

  /** Empty records and messages that say nothing cost time, too. */
  private count(): void {
    if (++this.messages > MAX_MESSAGES)
      this.refuse(`sent more than ${MAX_MESSAGES} TLS messages before its hello was over`, 'too-large');
  }

  private refuse(why: string, code: 'bad-answer' | 'too-large' = 'bad-answer'): void {
    this.broken = true;
    this.events.push({ kind: 'malformed', why, code });
    this.raw.clear();
    this.handshake.clear();
  }
}

/** Bytes waiting to be complete; capacity doubles with what arrives and is given back when empty. */
class ByteQueue {
  private bytes = Buffer.alloc(0);
  private from = 0;
  private to = 0;

  get length(): number {
    return this.to - this.from;
  }

  get capacity(): number {
    return this.bytes.length;
  }

  append(chunk: Uint8Array): void {
    if (this.to + chunk.length > this.bytes.length) {
      const needed = this.length + chunk.length;
      const room = needed * 2 <= this.bytes.length ? this.bytes : Buffer.allocUnsafeSlow(Math.max(1024, needed * 2));
      this.bytes.copy(room, 0, this.from, this.to);
      this.to = this.length;
      this.from = 0;
      this.bytes = room;
    }
    this.bytes.set(chunk, this.to);
    this.to += chunk.length;
  }

  byte(at: number): number {
    return this.bytes[this.from + at] as number;
  }

  /** The first bytes; valid until the next `append`. */
  peek(length: number): Buffer {
    return this.bytes.subarray(this.from, Math.min(this.to, this.from + length));
  }

  skip(length: number): void {
    this.from += length;
    if (this.from >= this.to) this.from = this.to = 0;
  }

  clear(): void {
    this.bytes = Buffer.alloc(0);
    this.from = this.to = 0;
  }
}
