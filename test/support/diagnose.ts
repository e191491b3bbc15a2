import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { diagnose } from '../../src/diagnose/diagnose.js';
import type { Diagnosis, ReadLog } from '../../src/diagnose/diagnosis.js';
import { type Prefilter, plainPrefilter } from '../../src/diagnose/prefilter.js';
import type { LogRecord } from '../../src/diagnose/record.js';
import { AREA_BYTES, openScanner, SCANNER_BYTES } from '../../src/diagnose/scan-log.js';
import { openSegment } from '../../src/diagnose/segment.js';
import type { Inventory } from '../../src/model/inventory.js';

/** The block of sps.log that the published article shows, unchanged. */
export const SEED_LOG = readFileSync(join(import.meta.dirname, '../fixtures/seed/sps-log.txt'), 'utf8');
export const SEED = {
  uid: '453d453a-ac19-4bf5-b1f7-7252ad84950a',
  backup: 'b1801691-98a2-4484-b156-f91e55ca54c6',
  array: 'com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf',
  task: 'SmsTask-22',
  since: '2018-08-02T13:50:47.967Z',
  last: '2018-08-02T13:50:47.969Z',
} as const;

export interface GivenLog {
  readonly name?: string;
  readonly set?: string;
  readonly age?: number;
  readonly text: string | Uint8Array;
  readonly vcenter?: ReadLog['vcenter'];
}

/** Hands bytes to a scanner as a file of that content would come, and gives every record it hands on. */
export function recordsIn(text: string | Uint8Array, prefilter: Prefilter = plainPrefilter(SCANNER_BYTES)): LogRecord[] {
  const records: LogRecord[] = [];
  scan(text, prefilter, (record) => records.push(record));
  return records;
}

export function readLog({ name = 'sps.log', set = 'sps.log', age = 0, text, vcenter }: GivenLog): ReadLog {
  const segment = openSegment(name);
  const extent = scan(text, plainPrefilter(SCANNER_BYTES), (record) => segment.take(record));
  return { name, set, age, extent, segment: segment.end(), ...(vcenter === undefined ? {} : { vcenter }) };
}

export function diagnoseText(text: string | Uint8Array): Diagnosis {
  return diagnoseLogs([{ text }]);
}

export function diagnoseLogs(logs: readonly GivenLog[], inventory?: Inventory): Diagnosis {
  return diagnose(logs.map(readLog), [], inventory);
}

function scan(text: string | Uint8Array, prefilter: Prefilter, take: (record: LogRecord) => void) {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text;
  const scanner = openScanner(prefilter, take);
  scanner.begin();
  for (let at = 0, turn: 0 | 1 = 0; ; at += AREA_BYTES, turn = turn === 0 ? 1 : 0) {
    const part = bytes.subarray(at, at + AREA_BYTES);
    scanner.areas[turn].set(part);
    scanner.scan(part.length, part.length < AREA_BYTES);
    if (part.length < AREA_BYTES) return scanner.end();
  }
}

/** Lines of a log in which nothing is wrong, `bytes` of them or a little more; the same every time. */
export function healthyLog(bytes: number): string {
  const lines: string[] = [];
  let length = 0;
  for (let index = 0; length < bytes; index += 1) {
    const at = new Date(Date.UTC(2024, 0, 1) + index * 137).toISOString();
    const line = `${at} [${THREADS[index % THREADS.length]}] ${TEXTS[index % TEXTS.length]} ${index}`;
    lines.push(line);
    length += line.length + 1;
  }
  return `${lines.join('\n')}\n`;
}

const THREADS = ['pool-3-thread-1', 'pool-14-thread-2', 'Thread-12', 'EventPoller-7', 'tomcat-exec-22'];
const TEXTS = [
  'DEBUG opId=sps-Main-605481-414 com.vmware.vim.storage.common.task.CustomThreadPoolExecutor - [VLSI-client] Request took 7 millis to execute.',
  'INFO  opId= com.vmware.pbm.profile.impl.ProfileManagerImpl - Retrieved profiles for entity vm-1042 in the cache, size',
  'DEBUG opId= com.vmware.vim.sms.provider.vasa.VasaProviderImpl - [getEvents] Provider https://array1.lab.example:8084/version.xml returned 0 events, last',
  'DEBUG opId= com.vmware.vim.sms.provider.vasa.alarm.AlarmManagerImpl - [updateAlarms] No alarms for storage arrays',
  'INFO  opId= com.vmware.vim.sms.StorageManagerImpl - queryProvider() called, number of providers',
  'WARN  opId= com.vmware.vim.storage.common.util.OperationIdUtil - OperationID present in invoker thread, adding suffix and re-using it',
];
