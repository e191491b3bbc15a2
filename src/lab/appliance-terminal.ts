import { type Input, type Output, Pipe, type TerminalModes, type WriteProblem } from './appliance-streams.js';

/** Linux keeps 4095 bytes of a line that nobody edits; what comes after is lost. */
const MAX_LINE = 4095;
const [CTRL_C, CTRL_D, BACKSPACE, LINE_FEED, CARRIAGE_RETURN, CTRL_U, DELETE] = [3, 4, 8, 10, 13, 21, 127];

/** A pseudo-terminal: echo, line editing and line ends between an SSH channel and whatever reads. */
export class Terminal implements Input, Output {
  readonly modes: TerminalModes;
  /** True while a shell with line editing waits for a command: its lines have no bound. */
  editing = false;
  get terminal(): TerminalModes {
    return this.modes;
  }

  private readonly send: (bytes: Buffer) => void;
  private ready = new Pipe();
  private line: number[] = [];
  /** A Ctrl-D ends one reading, not the terminal. */
  private ends = 0;
  private closed = false;

  constructor(send: (bytes: Buffer) => void, info: { readonly columns: number; readonly rows: number; readonly term: string }) {
    this.send = send;
    this.modes = { echo: true, cooked: true, ...info };
  }

  /** Bytes from the other side of the channel. */
  receive(bytes: Buffer): void {
    if (!this.modes.cooked) {
      this.flushLine();
      this.ready.write(Buffer.from(bytes));
      return;
    }
    const echo: number[] = [];
    for (const byte of bytes) echo.push(...this.receiveByte(byte));
    if (this.modes.echo) this.sendInPieces(Buffer.from(echo));
  }

  /** The channel is gone. */
  hangUp(): void {
    this.closed = true;
    this.flushLine();
    this.ready.end();
  }

  write(bytes: Buffer | string): WriteProblem | undefined {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'utf8') : bytes;
    if (this.closed || buffer.length === 0) return undefined;
    this.send(this.modes.cooked ? Buffer.from(buffer.toString('latin1').replaceAll('\n', '\r\n'), 'latin1') : buffer);
    return undefined;
  }

  unread(bytes: Buffer): void {
    this.ready.unread(bytes);
  }

  async read(): Promise<Buffer | undefined> {
    const chunk = await this.ready.read();
    if (chunk || this.ends === 0) return chunk;
    this.ends -= 1;
    if (!this.closed) this.ready = new Pipe();
    return undefined;
  }

  /** What the byte does, and what is echoed for it. */
  private receiveByte(byte: number): number[] {
    switch (byte) {
      case CARRIAGE_RETURN:
      case LINE_FEED:
        this.line.push(LINE_FEED);
        this.flushLine();
        return [CARRIAGE_RETURN, LINE_FEED];
      case CTRL_C:
        this.line = [];
        this.ready.write('\n');
        return [...Buffer.from('^C\r\n')];
      case CTRL_U:
        this.line = [];
        return [];
      case CTRL_D:
        if (this.line.length > 0) this.flushLine();
        else {
          this.ends += 1;
          this.ready.end();
        }
        return [];
      case BACKSPACE:
      case DELETE:
        return this.line.pop() === undefined ? [] : [BACKSPACE, 32, BACKSPACE];
      default:
        if (this.line.length < MAX_LINE || this.editing) this.line.push(byte);
        return [byte];
    }
  }

  private flushLine(): void {
    this.ready.write(Buffer.from(this.line));
    this.line = [];
  }

  /** As seen on appliances: what is typed together comes back apart (`d`, `ate`). */
  private sendInPieces(echo: Buffer): void {
    if (this.closed || echo.length === 0) return;
    this.send(echo.subarray(0, 1));
    if (echo.length > 1) this.send(echo.subarray(1));
  }
}
