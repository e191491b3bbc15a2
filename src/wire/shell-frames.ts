import type { CommandOutput } from './vcenter-shell.js';

/** Lines we send hold at most 1000 base64 characters; plain lines can be longer, but not without end. */
const MAX_LINE = 1024 * 1024;

/**
 * Reads the framed answer of `vasatrust_run`, however it is cut into chunks. Every line starts with the random tag of this command:
 *
 *     TAG O = BASE64      stdout, also E for stderr (base64, any bytes)
 *     TAG O : TEXT        one line of stdout, as it is, with its line end
 *     TAG O ; TEXT        the last line, which had no line end
 *     TAG X CODE          exit code
 *     TAG                 end
 *
 * (without the spaces). Other lines do not belong to the answer and are passed over.
 */
export class FrameReader {
  private readonly tag: string;
  private readonly maxBytes: number;
  private rest = '';
  private received = 0;
  private code: number | undefined;
  private readonly out = new StreamParts();
  private readonly errors = new StreamParts();

  constructor(tag: string, maxBytes: number) {
    this.tag = tag;
    this.maxBytes = maxBytes;
  }

  push(chunk: Buffer): CommandOutput | 'more' | 'too-large' | 'broken' {
    this.rest += chunk.toString('latin1');
    for (let end = this.rest.indexOf('\n'); end >= 0; end = this.rest.indexOf('\n')) {
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + 1);
      const state = this.readLine(line);
      if (state !== 'more') return state;
    }
    return this.rest.length > MAX_LINE ? 'too-large' : 'more';
  }

  private readLine(line: string): CommandOutput | 'more' | 'too-large' | 'broken' {
    if (!line.startsWith(this.tag)) return 'more';
    const frame = line.slice(this.tag.length);
    if (frame === '') return this.end();
    const content = frame.slice(2);
    switch (frame.charAt(0)) {
      case 'O':
        return this.keep(this.out, frame.charAt(1), content);
      case 'E':
        return this.keep(this.errors, frame.charAt(1), content);
      case 'X':
        if (!/^\d{1,3}$/.test(frame.slice(1))) return 'broken';
        this.code = Number(frame.slice(1));
        return 'more';
      default:
        return 'broken';
    }
  }

  private keep(into: StreamParts, form: string, content: string): 'more' | 'too-large' | 'broken' {
    if (form === '=') {
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content)) return 'broken';
      this.received += into.add(Buffer.from(content, 'base64'));
    } else if (form === ':' || form === ';') {
      this.received += into.add(Buffer.from(form === ':' ? `${content}\n` : content, 'latin1'));
    } else return 'broken';
    return this.received > this.maxBytes ? 'too-large' : 'more';
  }

  private end(): CommandOutput | 'broken' {
    if (this.code === undefined) return 'broken';
    return { code: this.code, stdout: this.out.text(), stderr: this.errors.text() };
  }
}

class StreamParts {
  private readonly parts: Buffer[] = [];

  add(bytes: Buffer): number {
    this.parts.push(bytes);
    return bytes.length;
  }

  text(): string {
    return Buffer.concat(this.parts).toString('utf8');
  }
}
