/**
 * Which eight characters of each literal the prefilter looks for, and in which of its eight buckets: chosen so that everyday logs hold few
 * places that look like one of them. A bucket is looked into wherever each of three neighbouring bytes has its lower half in common with
 * some window of the bucket, and its upper half with some.
 */
export interface PrefilterWindow {
  readonly literal: string;
  /** Where in the literal the window begins. */
  readonly offset: number;
}

const WINDOW = 8;
const BUCKETS = 8;
const ROUNDS = 15_000;

/** What healthy logs are full of. Classes and texts of vSphere 6.5 and ESXi, with numbers of every kind. */
const EVERYDAY = [
  '[pool-14-thread-2] DEBUG opId= com.vmware.vim.sms.provider.vasa.VasaProviderImpl - [getEvents] Provider https://array1.lab.example:8084/version.xml returned 0 events, last',
  '[Thread-12] INFO  opId=sps-Main-605481-414 com.vmware.vim.storage.common.task.CustomThreadPoolExecutor - [VLSI-client] Request took 7 millis to execute. queued',
  '[tomcat-exec-3] WARN  opId= com.vmware.vim.sms.provider.failover.ProviderFailoverEngine, ProviderFailoverHandler, ProviderCache, ProviderFactory - provider:',
  '[EventPoller-7] DEBUG com.vmware.vim.sms.StorageManagerImpl - queryProvider() called for the providers in the cache, number of storage arrays, size, not supported',
  'TRACE com.vmware.vim.sms.task.TaskManagerImpl, com.vmware.vim.sms.task.TaskImpl - task ManagedObjectReference: type = SmsTask, value = SmsTask-22, serverGuid =',
  'com.vmware.vim.sms.provider.vasa.VersionHandler, VasaProviderUtils, VasaClientImpl, alarm.AlarmManagerImpl, event.EventManagerImpl - [updateAlarms] No alarms for it',
  'com.vmware.pbm.profile.impl.ProfileManagerImpl - Retrieved profiles for entity vm-1042 in the cache, com.vmware.vim.storage.common.util.OperationIdUtil - OperationID present in invoker thread, adding suffix and re-using it',
  'com.vmware.vim.binding.sms.fault, com.vmware.vim.sms.fault.VasaServiceException, java.lang.Exception, org.apache.axis2.AxisFault, certificate, Certificate, service, session',
  '        at com.vmware.vim.sms.task.JobHandler.run(JobHandler.java:70)\n        at java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1149)\n        at sun.reflect.NativeMethodAccessorImpl.invoke0(Native Method)',
  'info vvold[2099041] [Originator@6876 sub=Default] VasaOp::ThrowFromSessionError, VasaSession::SetContext, VasaSession::GetEndPoint (#outstanding 0/5) [session state: Connected]',
  'info vpxd[07123] [Originator@6876 sub=vpxLro opID=sps-Main-605481-414-26] [VpxLRO] -- BEGIN task-1 -- host-12 -- vim.host.Summary.get -- 52a1(), FINISH, Error, invoked in background',
];

function everydayText(): string {
  let state = 1;
  const number = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return state % below;
  };
  const two = (below: number): string => String(number(below)).padStart(2, '0');
  const hex = (length: number): string => Array.from({ length }, () => number(16).toString(16)).join('');
  return EVERYDAY.flatMap((line) => [line, line])
    .map(
      (line) =>
        `20${two(30)}-${two(13)}-${two(29)}T${two(24)}:${two(60)}:${two(60)}.${number(1000)}Z ${line} ${hex(8)}-${hex(4)}-${hex(4)}-${hex(12)} ${number(1e9)}`,
    )
    .join('\n');
}

export function choosePrefilterWindows(literals: readonly string[]): PrefilterWindow[][] {
  const text = everydayText();
  const noise = (bucket: readonly PrefilterWindow[]): number => {
    if (bucket.length === 0) return 0;
    const low = [new Uint8Array(16), new Uint8Array(16), new Uint8Array(16)] as const;
    const high = [new Uint8Array(16), new Uint8Array(16), new Uint8Array(16)] as const;
    for (const { literal, offset } of bucket) {
      for (const at of [0, 1, 2] as const) {
        const code = literal.charCodeAt(offset + at);
        low[at][code & 15] = 1;
        high[at][code >> 4] = 1;
      }
    }
    const fits = (at: 0 | 1 | 2, code: number): boolean => low[at][code & 15] === 1 && high[at][(code >> 4) & 15] === 1;
    let count = 0;
    for (let at = 0; at + 2 < text.length; at += 1)
      if (fits(0, text.charCodeAt(at)) && fits(1, text.charCodeAt(at + 1)) && fits(2, text.charCodeAt(at + 2))) count += 1;
    return count;
  };
  const alone = (literal: string): number =>
    Array.from({ length: literal.length - WINDOW + 1 }, (_, offset) => offset).reduce((best, offset) =>
      cost(literal, offset) < cost(literal, best) ? offset : best,
    );
  const cost = (literal: string, offset: number): number =>
    noise([{ literal, offset }]) + 100 * (text.split(literal.slice(offset, offset + WINDOW)).length - 1);

  const start = literals.map((literal): PrefilterWindow => ({ literal, offset: alone(literal) }));
  const sorted = [...start].sort((a, b) => (a.literal.slice(a.offset) < b.literal.slice(b.offset) ? -1 : 1));
  const buckets = Array.from({ length: BUCKETS }, (_, index) =>
    sorted.slice(Math.round((index * sorted.length) / BUCKETS), Math.round(((index + 1) * sorted.length) / BUCKETS)),
  );
  const noises = buckets.map(noise);
  // The same choices every time: a generator of its own, with a fixed beginning.
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const from = random(BUCKETS);
    const bucket = buckets[from] ?? [];
    const chosen = bucket[random(Math.max(1, bucket.length))];
    if (chosen === undefined) continue;
    const to = random(BUCKETS);
    const offset = random(2) === 0 ? chosen.offset : random(chosen.literal.length - WINDOW + 1);
    const window = chosen.literal.slice(offset, offset + WINDOW);
    if ((to === from && offset === chosen.offset) || text.includes(window)) continue;
    const without = bucket.filter((one) => one !== chosen);
    const moved = { literal: chosen.literal, offset };
    const target = to === from ? [...without, moved] : [...(buckets[to] ?? []), moved];
    const [left, right] = [to === from ? 0 : noise(without), noise(target)];
    const before = (noises[from] ?? 0) + (to === from ? 0 : (noises[to] ?? 0));
    if (left + right > before) continue;
    if (to !== from) [buckets[from], noises[from]] = [without, left];
    [buckets[to], noises[to]] = [target, right];
  }
  return buckets;
}
