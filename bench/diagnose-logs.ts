import { readFileSync } from 'node:fs';
import { join } from 'node:path';

declare const BENCH_FOLDER: string;

/** The block of the published log. */
export const SEED_BLOCK = readFileSync(join(BENCH_FOLDER, '../test/fixtures/seed/sps-log.txt'));

const THREADS = ['pool-3-thread-1', 'pool-14-thread-2', 'Thread-12', 'EventPoller-7', 'tomcat-exec-22'];
const TEXTS = [
  'DEBUG opId=sps-Main-605481-414 com.vmware.vim.storage.common.task.CustomThreadPoolExecutor - [VLSI-client] Request took 7 millis to execute.',
  'INFO  opId= com.vmware.pbm.profile.impl.ProfileManagerImpl - Retrieved profiles for entity vm-1042 in the cache, size',
  'DEBUG opId= com.vmware.vim.sms.provider.vasa.VasaProviderImpl - [getEvents] Provider https://array1.lab.example:8084/version.xml returned 0 events, last',
  'DEBUG opId= com.vmware.vim.sms.provider.vasa.alarm.AlarmManagerImpl - [updateAlarms] No alarms for storage arrays',
  'INFO  opId= com.vmware.vim.sms.StorageManagerImpl - queryProvider() called, number of providers',
  'WARN  opId= com.vmware.vim.storage.common.util.OperationIdUtil - OperationID present in invoker thread, adding suffix and re-using it',
];

/** Lines of sps.log in which nothing is wrong, in the classes and the manner of SPS; the same every time. */
export function healthyLog(bytes: number): string {
  const lines: string[] = [];
  let length = 0;
  for (let index = 0; length < bytes; index += 1) {
    const at = new Date(Date.UTC(2024, 0, 1) + index * 137).toISOString();
    const line = `${at} [${THREADS[index % THREADS.length]}] ${TEXTS[(index * 7) % TEXTS.length]} ${index}`;
    lines.push(line);
    length += line.length + 1;
  }
  return `${lines.join('\n')}\n`;
}
