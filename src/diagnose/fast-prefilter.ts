import { literalCheck, type Prefilter, plainPrefilter, windowOf } from './prefilter.js';
import { PREFILTER_LAYOUT as AT } from './prefilter-layout.js';
import { PREFILTER_BUCKETS, PREFILTER_MODULE } from './prefilter-module.js';

/** As much of WebAssembly's interface as is used; the compiler's libraries for Node do not declare it. */
interface WebAssemblyLike {
  readonly Memory: new (size: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Exports };
  validate(bytes: Uint8Array): boolean;
}
interface Exports {
  next(from: number, to: number): number;
  countLines(from: number, to: number): number;
  readonly lines: { readonly value: number };
}

const PAGE = 64 * 1024;
const WINDOW = 8;

/** The fastest prefilter that this runtime has: WebAssembly with SIMD, else plain JavaScript. */
export function openPrefilter(size: number): Prefilter {
  return fastPrefilter(size) ?? plainPrefilter(size);
}

/** `size` bytes of memory, the first `PREFILTER_LAYOUT.end` of which are its own. Undefined where the runtime knows no SIMD. */
export function fastPrefilter(size: number): Prefilter | undefined {
  const wasm = (globalThis as { WebAssembly?: WebAssemblyLike }).WebAssembly;
  const code = Buffer.from(PREFILTER_MODULE, 'base64');
  if (wasm === undefined || !wasm.validate(code)) return undefined;
  const pages = Math.ceil(size / PAGE);
  const memory = new wasm.Memory({ initial: pages, maximum: pages });
  const { next, countLines, lines } = new wasm.Instance(new wasm.Module(code), { '': { memory } }).exports;
  const bytes = new Uint8Array(memory.buffer);
  writeTables(bytes);
  const isLiteral = literalCheck(bytes);
  let passed = 0;
  return {
    memory: bytes,
    countLines,
    get lines() {
      return passed;
    },
    next(from, to) {
      passed = 0;
      for (let start = from; ; ) {
        const at = next(start, to);
        passed += lines.value;
        if (at === -1 || isLiteral(at)) return at;
        // No window begins with a line end: none is passed over here.
        start = at + 1;
      }
    },
  };
}

function writeTables(memory: Uint8Array): void {
  const view = new DataView(memory.buffer, memory.byteOffset);
  let place: number = AT.windows;
  for (const [bucket, literals] of PREFILTER_BUCKETS.entries()) {
    view.setInt32(AT.buckets + 4 * bucket, (place - AT.windows) / WINDOW, true);
    for (const window of new Set(literals.map(windowOf))) {
      if (place + WINDOW > AT.end) throw new Error('too many literals');
      memory.set(Buffer.from(window, 'latin1'), place);
      for (let offset = 0; offset < 3; offset += 1) {
        const byte = memory[place + offset] ?? 0;
        const [low, high] = [AT.tables + 32 * offset + (byte & 15), AT.tables + 32 * offset + 16 + (byte >> 4)];
        memory[low] = (memory[low] ?? 0) | (1 << bucket);
        memory[high] = (memory[high] ?? 0) | (1 << bucket);
      }
      place += WINDOW;
    }
  }
  view.setInt32(AT.buckets + 4 * PREFILTER_BUCKETS.length, (place - AT.windows) / WINDOW, true);
}
