import type { LabRegistration, LabVcenter, LabWorld } from './world.js';

/** Fields of one record of sps.log; `more` are lines that follow it without a head of their own. */
export interface SpsLogRecord {
  readonly thread: string;
  readonly level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';
  readonly logger: keyof typeof LOGGERS;
  readonly text: string;
  readonly opId?: string;
  readonly more?: readonly string[];
}

/** Records and frames of a failing unregister: vSphere 6.5. The other texts: KB 402809 and KB 320568. */
const LOGGERS = {
  TaskImpl: 'com.vmware.vim.sms.task.TaskImpl',
  TaskManagerImpl: 'com.vmware.vim.sms.task.TaskManagerImpl',
  StorageManagerImpl: 'com.vmware.vim.sms.StorageManagerImpl',
  ProviderFactory: 'com.vmware.vim.sms.provider.ProviderFactory',
  ProviderCache: 'com.vmware.vim.sms.provider.ProviderCache',
  ProviderFailoverHandler: 'com.vmware.vim.sms.provider.failover.ProviderFailoverHandler',
  ProviderFailoverEngine: 'com.vmware.vim.sms.provider.failover.ProviderFailoverEngine',
  VasaProviderImpl: 'com.vmware.vim.sms.provider.vasa.VasaProviderImpl',
  VasaProviderUtils: 'com.vmware.vim.sms.provider.vasa.VasaProviderUtils',
  VersionHandler: 'com.vmware.vim.sms.provider.vasa.VersionHandler',
} as const;

const NPE_FRAMES = [
  'com.vmware.vim.sms.provider.vasa.VasaProviderImpl.flushEventQueue(VasaProviderImpl.java:1562)',
  'com.vmware.vim.sms.provider.failover.ProviderFailoverEngine.removeOldActiveProvider(ProviderFailoverEngine.java:296)',
  'com.vmware.vim.sms.provider.failover.ProviderFailoverEngine.failover(ProviderFailoverEngine.java:126)',
  'com.vmware.vim.sms.provider.failover.ProviderFailoverEngine.failover(ProviderFailoverEngine.java:73)',
  'com.vmware.vim.sms.provider.failover.ProviderFailoverHandler.removeProvider(ProviderFailoverHandler.java:119)',
  'com.vmware.vim.sms.provider.ProviderCache.removeEntry(ProviderCache.java:359)',
  'com.vmware.vim.sms.provider.ProviderFactory.removeVasaProvider(ProviderFactory.java:422)',
  'com.vmware.vim.sms.provider.ProviderFactory.removeProvider(ProviderFactory.java:336)',
  'com.vmware.vim.sms.StorageManagerImpl.unregisterProviderInt(StorageManagerImpl.java:578)',
  'sun.reflect.NativeMethodAccessorImpl.invoke0(Native Method)',
  'sun.reflect.NativeMethodAccessorImpl.invoke(NativeMethodAccessorImpl.java:62)',
  'sun.reflect.DelegatingMethodAccessorImpl.invoke(DelegatingMethodAccessorImpl.java:43)',
  'java.lang.reflect.Method.invoke(Method.java:498)',
  'com.vmware.vim.sms.task.JobHandler.run(JobHandler.java:70)',
  'java.util.concurrent.Executors$RunnableAdapter.call(Executors.java:511)',
  'java.util.concurrent.FutureTask.run(FutureTask.java:266)',
  'java.util.concurrent.ThreadPoolExecutor.runWorker(ThreadPoolExecutor.java:1149)',
  'java.util.concurrent.ThreadPoolExecutor$Worker.run(ThreadPoolExecutor.java:624)',
  'java.lang.Thread.run(Thread.java:748)',
];

/** Appends records, stamped with the appliance's clock. */
export function writeSpsLog(vcenter: LabVcenter, atMs: number, ...records: readonly SpsLogRecord[]): void {
  const { appliance } = vcenter;
  const stamp = new Date(atMs + appliance.clockAheadMs).toISOString();
  for (const { thread, level, logger, text, opId = '', more = [] } of records) {
    appliance.sps.log.push(`${stamp} [${thread}] ${level.padEnd(5)} opId=${opId} ${LOGGERS[logger]} - ${text}`, ...more);
  }
}

export const taskText = (vcenter: LabVcenter, key: string): string =>
  `ManagedObjectReference: type = SmsTask, value = ${key}, serverGuid = ${vcenter.instanceUuid}`;

export function logTaskCreated(vcenter: LabVcenter, atMs: number, key: string): void {
  const thread = `pool-22-thread-${(numberOf(key) % 10) + 1}`;
  writeSpsLog(vcenter, atMs, { thread, level: 'DEBUG', logger: 'TaskImpl', text: `Created a task - ${taskText(vcenter, key)}` });
}

export function logTaskComplete(vcenter: LabVcenter, atMs: number, key: string): void {
  writeSpsLog(vcenter, atMs, {
    thread: workerOf(key),
    level: 'DEBUG',
    logger: 'TaskManagerImpl',
    text: `[markTaskCompleted] Marked ${key} as complete`,
  });
}

/** How far an unregister got; what a successful one logs after `removeEntry` is not known, so it logs nothing more. */
export interface UnregisterTrace {
  readonly uid: string;
  /** The provider was active for this array: SPS looks for another one. */
  readonly failover?: { readonly array: string; readonly backup?: string };
  readonly nullPointer: boolean;
}

export function logUnregister(
  vcenter: LabVcenter,
  atMs: number,
  key: string,
  { uid, failover, nullPointer }: UnregisterTrace,
): void {
  const line = (logger: SpsLogRecord['logger'], text: string): SpsLogRecord => ({
    thread: workerOf(key),
    level: 'DEBUG',
    logger,
    text,
  });
  writeSpsLog(
    vcenter,
    atMs,
    line('StorageManagerImpl', `unregisterProvider() called for provider - ${uid}`),
    line('TaskImpl', `Updated progress to 10% for task ${taskText(vcenter, key)}`),
    line('ProviderFactory', `[removeProvider] Removing provider - ${uid}`),
    line('ProviderCache', `[removeEntry] Remove the cache entry for the provider - ${uid}`),
    line('ProviderCache', '[removeFdMappingForProvider] No FaultDomainMapping objects found for given fualtDomainId list []'),
    line('ProviderFailoverHandler', `[removeProvider] Removing provider: ${uid} from priority cache`),
  );
  if (failover) {
    const { array, backup } = failover;
    writeSpsLog(
      vcenter,
      atMs,
      line('ProviderFailoverEngine', `[FAILOVER] Provider failover started: [provider: ${uid}; array: ${array}]`),
      line('ProviderFailoverEngine', '[getBackupProvider] Looking for the new backup provider...'),
      ...(backup === undefined
        ? []
        : [
            line('ProviderFailoverEngine', `Check backup provider ${backup} ...`),
            line('ProviderFailoverEngine', 'NeedsExplicitActivation is not set. Skipping activating provider...'),
            line('ProviderFailoverEngine', `[getBackupProvider] Found new backup provider: ${backup}`),
          ]),
      line('ProviderFailoverEngine', '[updateActiveProvider] Flush event queue for the provider.'),
    );
  }
  if (nullPointer) {
    const text = 'Error while removing an entry for the provider in the providerCache - java.lang.NullPointerException';
    const more = NPE_FRAMES.map((frame) => `        at ${frame}`);
    writeSpsLog(vcenter, atMs, { ...line('ProviderCache', text), level: 'ERROR', more });
  }
}

/** SPS does not accept the provider's certificate. Source: KB 402809, for an IO filter provider. */
export function logNotTrusted(vcenter: LabVcenter, atMs: number, registration: LabRegistration): void {
  const thread = loaderOf(vcenter);
  writeSpsLog(
    vcenter,
    atMs,
    {
      thread,
      level: 'WARN',
      logger: 'VersionHandler',
      text: `[isLegacyProvider] Failed to retrieve version information from provider - ${registration.url}: certificate_unknown(46)`,
    },
    { thread, level: 'WARN', logger: 'VasaProviderUtils', text: '[isValidatorexception]: Unknown certificate' },
    {
      thread,
      level: 'ERROR',
      logger: 'VersionHandler',
      text: 'Exception while retrieving version info for provider',
      more: ['com.vmware.vim.binding.sms.fault.CertificateNotTrusted: null'],
    },
  );
}

/** The provider sent an alert against SPS's own certificate: the form of KB 402809 with another alert (inferred). */
export function logNotAccepted(vcenter: LabVcenter, atMs: number, registration: LabRegistration): void {
  writeSpsLog(vcenter, atMs, {
    thread: loaderOf(vcenter),
    level: 'WARN',
    logger: 'VersionHandler',
    text: `[isLegacyProvider] Failed to retrieve version information from provider - ${registration.url}: bad_certificate(42)`,
  });
}

/** A provider could not be loaded or was lost. Source: KB 320568; the cause line is inferred. */
export function logNotLoaded(vcenter: LabVcenter, atMs: number, cause: 'no-route' | 'refused' | 'unknown-host'): void {
  const causes = {
    'no-route': 'java.net.NoRouteToHostException: No route to host (Host unreachable)',
    refused: 'java.net.ConnectException: Connection refused (Connection refused)',
    'unknown-host': 'java.net.UnknownHostException',
  };
  writeSpsLog(vcenter, atMs, {
    thread: loaderOf(vcenter),
    level: 'ERROR',
    logger: 'VasaProviderImpl',
    text: '[load] Provider loading failed',
    more: [causes[cause], '        at com.vmware.vim.sms.StorageManagerImpl$ProviderLoader.run(StorageManagerImpl.java)'],
  });
}

export function clockOf(world: LabWorld): number {
  return world.now().getTime();
}

const numberOf = (key: string): number => Number(/\d+$/.exec(key)?.[0] ?? 0);
const workerOf = (key: string): string => `pool-14-thread-${(numberOf(key) % 4) + 1}`;
const loaderOf = (vcenter: LabVcenter): string => `pool-9-thread-${(vcenter.appliance.sps.pid % 4) + 1}`;
