import { CATALOGUE, ERROR_LITERAL } from './catalogue.js';

/**
 * Finds the places in a file that may matter. Files are read straight into its memory; what is searched for are the literals of the
 * catalogue, and nothing but the lines round a find is ever made into text.
 */
export interface Prefilter {
  readonly memory: Uint8Array;
  /**
   * A position in [from, to) within the first of the literals that stand there, or -1. Leaves the number of line ends before that position
   * (or in all of [from, to)) in `lines`.
   */
  next(from: number, to: number): number;
  readonly lines: number;
  /** Line ends in [from, to). */
  countLines(from: number, to: number): number;
}

/** Bytes behind `to` that must be readable: a literal's window is looked at as a whole. */
export const PREFILTER_SLACK = 64;

export const WINDOW = 8;

/** What healthy logs are full of: a window that occurs in here finds nothing but noise. Classes and texts of vSphere 6.5, and ESXi's. */
const EVERYDAY = [
  '2018-08-02T13:50:47.967Z [pool-14-thread-2] DEBUG opId= com.vmware.vim.sms.provider.vasa.VasaProviderImpl - [getEvents] Provider 453d453a-ac19-4bf5-b1f7-7252ad84950a',
  '[Thread-12] INFO  opId=sps-Main-605481-414 com.vmware.vim.storage.common.task.CustomThreadPoolExecutor - [VLSI-client] Request took 7 millis to execute.',
  '[pool-3-thread-1] WARN  opId= com.vmware.vim.sms.provider.failover.ProviderFailoverEngine, ProviderFailoverHandler, ProviderCache, ProviderFactory - provider: ',
  'com.vmware.vim.sms.StorageManagerImpl - queryProvider() called for the providers in the cache, storage array com.vendor:d4d78052-ea56-4a7e-9df9-67d1a1634faf',
  'com.vmware.vim.sms.task.TaskManagerImpl, com.vmware.vim.sms.task.TaskImpl - task ManagedObjectReference: type = SmsTask, value = SmsTask-22, serverGuid = ',
  'com.vmware.vim.sms.provider.vasa.VersionHandler, VasaProviderUtils, VasaClientImpl, alarm.AlarmManagerImpl, event.EventManagerImpl - version information from provider',
  'com.vmware.pbm.profile.impl.ProfileManagerImpl - Retrieved profiles for entity, com.vmware.vim.storage.common.util.OperationIdUtil - OperationID present',
  'com.vmware.vim.binding.sms.fault, com.vmware.vim.sms.fault.VasaServiceException, java.lang.Exception, org.apache.axis2.AxisFault, certificate, Certificate, service',
  '        at com.vmware.vim.sms.task.JobHandler.run(JobHandler.java:70) java.util.concurrent.ThreadPoolExecutor.runWorker sun.reflect.NativeMethodAccessorImpl.invoke0',
  'info vvold[2099041] [Originator@6876 sub=Default] VasaOp::ThrowFromSessionError, VasaSession::SetContext, VasaSession::GetEndPoint [session state: Connected]',
  'info vpxd[07123] [Originator@6876 sub=vpxLro opID=sps-Main-605481-414-26] [VpxLRO] -- BEGIN task FINISH, Error, vim.fault.NotFound, PBM error, service state',
].join('\n');

/** Of each literal, the eight characters that are rarest in everyday logs, their first three above all; each once. */
export function windowsOf(literals: readonly string[]): string[] {
  const windows = literals.map((literal) => {
    const starts = Array.from({ length: literal.length - WINDOW + 1 }, (_, start) => start);
    const noise = (start: number) =>
      1000 * timesIn(literal.slice(start, start + WINDOW)) +
      20 * timesIn(literal.slice(start, start + 3)) +
      timesIn(literal.slice(start, start + 2)) +
      timesIn(literal.slice(start + 1, start + 3));
    const best = starts.reduce((least, start) => (noise(start) < noise(least) ? start : least), 0);
    return literal.slice(best, best + WINDOW);
  });
  return [...new Set(windows)];
}

/** Whether the literal that a window was taken from stands round it in full: most windows are words of some other text, too. */
export function literalCheck(memory: Uint8Array, literals: readonly string[]): (at: number) => boolean {
  const text = Buffer.from(memory.buffer, memory.byteOffset, memory.byteLength);
  const byWindow = new Map<string, { literal: string; offset: number }[]>();
  for (const literal of literals) {
    const [window = ''] = windowsOf([literal]);
    byWindow.set(window, [...(byWindow.get(window) ?? []), { literal, offset: literal.indexOf(window) }]);
  }
  return (at) => {
    const places = byWindow.get(text.toString('latin1', at, at + WINDOW)) ?? [];
    return places.some(({ literal, offset }) => text.toString('latin1', at - offset, at - offset + literal.length) === literal);
  };
}

const timesIn = (part: string): number => EVERYDAY.split(part).length - 1;

export const LITERALS: readonly string[] = [...new Set([...CATALOGUE.flatMap(({ literals }) => literals), ERROR_LITERAL])];

/** Bytes that the plain prefilter makes into text at a time. */
const STRETCH = 64 * 1024;

/** The same with nothing but JavaScript: for runtimes without WebAssembly SIMD, and to hold the other one to. */
export function plainPrefilter(size: number, literals: readonly string[] = LITERALS): Prefilter {
  const memory = Buffer.alloc(size);
  const isLiteral = literalCheck(memory, literals);
  const windows = windowsOf(literals).map((window) => window.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  const pattern = new RegExp(windows.join('|'), 'g');
  let lines = 0;
  const countLines = (from: number, to: number): number => {
    let count = 0;
    for (let at = memory.indexOf(10, from); at !== -1 && at < to; at = memory.indexOf(10, at + 1)) count += 1;
    return count;
  };
  const find = (from: number, to: number): number => {
    for (let start = from; start < to; start += STRETCH) {
      const text = memory.toString('latin1', start, Math.min(size, to + WINDOW - 1, start + STRETCH + WINDOW - 1));
      pattern.lastIndex = 0;
      for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
        if (isLiteral(start + found.index)) return start + found.index;
        pattern.lastIndex = found.index + 1;
      }
    }
    return -1;
  };
  return {
    memory,
    get lines() {
      return lines;
    },
    countLines,
    next(from, to) {
      const at = find(from, to);
      lines = countLines(from, at === -1 ? to : at);
      return at;
    },
  };
}
