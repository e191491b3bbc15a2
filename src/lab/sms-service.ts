import { providerInfo, relatedProvider, storageArrays, storageContainers } from './sms-records.js';
import { SMS_TYPES } from './sms-types.js';
import { demand, type ServiceCall } from './soap-service.js';
import { findSession } from './soap-session.js';
import { versionNumber } from './soap-types.js';
import { any, type Data, data, isData, isList, objectNotFound, type Ref, ref, ServiceFault, type Value } from './soap-values.js';
import { newestVersion } from './soap-versions.js';
import {
  findTask,
  isServing,
  startReconnect,
  startRefreshCas,
  startRefreshCertificate,
  startRegister,
  startSync,
  startUnregister,
} from './sps-model.js';
import type { LabRegistration, LabTask, LabVcenter } from './world.js';

const SERVICE_INSTANCE = ref('SmsServiceInstance', 'ServiceInstance');
const STORAGE_MANAGER = ref('SmsStorageManager', 'storageManager');
const SESSION_MANAGER = ref('SmsSessionManager', 'sessionManager');

/** The storage monitoring service. Throws ServiceFault. */
export function callSms(call: ServiceCall): Value | undefined {
  const { world, vcenter, method, self } = call;
  if (isServing(world, vcenter) === 'starting') throw new ServiceFault('ServiceNotInitialized', 'Service not initialized.');
  if (method.privilege !== 'System.Anonymous') {
    const session = findSession(world, vcenter, call.cookie);
    if (session === undefined) {
      throw new ServiceFault('InvalidSession', 'The session is not authenticated.', {
        object: self,
        privilegeId: method.privilege,
        sessionCookie: call.cookie ?? '',
      });
    }
    demand(session, method.privilege, self);
  }
  const args = call.readArguments();
  switch (self.type) {
    case 'SmsServiceInstance':
      return onServiceInstance(call);
    case 'SmsStorageManager':
      return onStorageManager(call, args);
    case 'VasaProvider':
    case 'SmsProvider':
      return onProvider(call, args);
    case 'SmsTask':
      return onTask(call);
    default:
      throw objectNotFound(self);
  }
}

function onServiceInstance({ vcenter, method, self }: ServiceCall): Value {
  mustBe(self, SERVICE_INSTANCE, method.on);
  switch (method.name) {
    case 'QueryStorageManager':
      return STORAGE_MANAGER;
    case 'QuerySessionManager':
      return SESSION_MANAGER;
    default:
      return about(vcenter);
  }
}

function about(vcenter: LabVcenter): Data {
  const apiVersion = vcenter.version.split('.').slice(0, 2).join('.');
  return data('SmsAboutInfo', {
    name: 'Storage Monitoring Service',
    fullName: `Storage Monitoring Service ${apiVersion}`,
    vendor: 'VMware, Inc.',
    apiVersion,
    instanceUuid: vcenter.instanceUuid,
    vasaApiVersion: vasaVersionOf(newestVersion(vcenter)),
  });
}

/** The VASA version a vCenter came with. Source: the vendors' version tables; 5.0 from 8.0 U1, where a blog says U2. */
function vasaVersionOf(version: number): string {
  const table = [
    ['8.0.3', '6.0'],
    ['8.0.1', '5.0'],
    ['8.0.0', '4.0'],
    ['7.0.1', '3.5'],
    ['6.5.0', '3.0'],
  ] as const;
  return table.find(([since]) => version >= versionNumber(since))?.[1] ?? '2.0';
}

function onStorageManager(call: ServiceCall, args: Readonly<Record<string, Value | undefined>>): Value | undefined {
  const { world, vcenter, method, self } = call;
  mustBe(self, STORAGE_MANAGER, method.on);
  switch (method.name) {
    case 'QueryProvider':
      return providers(call);
    case 'QueryArray':
      return nonEmpty(storageArrays(world, chosen(vcenter, args.providerId)));
    case 'QueryStorageContainer':
      return storageContainers(world, vcenter, isData(args.containerSpec) ? texts(args.containerSpec.fields.containerId) : []);
    case 'RegisterProvider_Task':
      return taskRef(startRegister(world, vcenter, registrationSpec(args.providerSpec)));
    case 'UnregisterProvider_Task':
      return taskRef(startUnregister(world, vcenter, String(args.providerId)));
    default:
      return taskRef(startRefreshCas(world, vcenter, texts(args.providerId)));
  }
}

function providers({ world, vcenter }: ServiceCall): Value | undefined {
  const refs = vcenter.registrations.map((registration) => ref('VasaProvider', registration.ref));
  const huge = world.faults.find((fault) => fault.kind === 'huge-answer' && fault.where === vcenter.id);
  if (huge?.kind === 'huge-answer') refs.push(ref('VasaProvider', `VasaProvider-${'9'.repeat(huge.bytes)}`));
  return nonEmpty(refs);
}

/** @returns the registrations with these uids, all without any; an unknown uid is NotFound */
function chosen(vcenter: LabVcenter, uids: Value | undefined): LabRegistration[] {
  const wanted = texts(uids);
  if (wanted.length === 0) return [...vcenter.registrations];
  return wanted.map((uid) => {
    const registration = vcenter.registrations.find((one) => one.uid === uid);
    if (registration === undefined) throw new ServiceFault('NotFound', 'The object or item referred to could not be found.');
    return registration;
  });
}

function registrationSpec(value: Value | undefined): Parameters<typeof startRegister>[2] {
  if (!isData(value) || value.type !== 'VasaProviderSpec') throw invalidArgument('providerSpec');
  const { name, description, username, password, url, certificate } = value.fields;
  for (const [field, text, limit] of [
    ['name', name, 275],
    ['username', username, 255],
    ['password', password, 255],
  ] as const) {
    if (String(text).length > limit || (field === 'name' && text === '')) throw invalidArgument(`providerSpec.${field}`);
  }
  return {
    name: String(name),
    username: String(username),
    password: String(password),
    url: String(url),
    ...(description === undefined ? {} : { description: String(description) }),
    ...(certificate === undefined ? {} : { certificate: String(certificate) }),
  };
}

const byRef = new WeakMap<readonly LabRegistration[], Map<string, LabRegistration>>();

/** An estate may have ten thousand; the index is made anew when one came or went. */
function registrationByRef(registrations: readonly LabRegistration[], ref: string): LabRegistration | undefined {
  const known = byRef.get(registrations);
  const index = known?.size === registrations.length ? known : new Map(registrations.map((one) => [one.ref, one]));
  byRef.set(registrations, index);
  const found = index.get(ref);
  return found !== undefined && registrations.includes(found) ? found : registrations.find((one) => one.ref === ref);
}

function onProvider(call: ServiceCall, args: Readonly<Record<string, Value | undefined>>): Value {
  const { world, vcenter, method, self } = call;
  if (method.on !== 'VasaProvider' && method.on !== 'SmsProvider') throw objectNotFound(self);
  const registration = registrationByRef(vcenter.registrations, self.value);
  if (registration === undefined) throw objectNotFound(self);
  switch (method.name) {
    case 'QueryProviderInfo':
      return providerInfo(world, vcenter, registration);
    case 'VasaProviderSync_Task': {
      const provider = relatedProvider(world, registration);
      const isKnown = args.arrayId === undefined || provider?.arrays.some((array) => array.id === args.arrayId);
      if (!isKnown) throw new ServiceFault('ProviderSyncFailed', 'The provider does not manage this array.');
      return taskRef(startSync(world, vcenter, registration));
    }
    case 'VasaProviderReconnect_Task':
      return taskRef(startReconnect(world, vcenter, registration));
    case 'VasaProviderRefreshCertificate_Task':
      return taskRef(startRefreshCertificate(world, vcenter, registration));
    default:
      return taskRef(refuseRevocation(call, registration));
  }
}

/** Nobody has described what a revocation does to a provider, so the lab's ends in the one fault that is documented for it. */
function refuseRevocation({ world, vcenter }: ServiceCall, registration: LabRegistration): LabTask {
  const now = world.now().getTime();
  const task: LabTask = {
    key: `SmsTask-${vcenter.nextTask}`,
    object: registration.ref,
    state: 'error',
    startMs: now,
    completionMs: now,
    error: { type: 'CertificateRevocationFailed', message: 'The certificate of the provider could not be revoked.' },
  };
  vcenter.nextTask += 1;
  vcenter.tasks.push(task);
  return task;
}

function onTask({ world, vcenter, method, self }: ServiceCall): Value | undefined {
  const task = method.on === 'SmsTask' ? findTask(world, vcenter, self.value) : undefined;
  if (task === undefined) throw objectNotFound(self);
  const result = task.result === undefined ? undefined : any('ref', ref('VasaProvider', task.result));
  if (method.name === 'QuerySmsTaskResult') return result;
  return data('SmsTaskInfo', {
    key: task.key,
    task: taskRef(task),
    object: task.object.startsWith('VasaProvider') ? ref('VasaProvider', task.object) : STORAGE_MANAGER,
    error: task.error === undefined ? undefined : localized(task.error),
    result,
    startTime: task.startMs === undefined ? undefined : new Date(task.startMs),
    completionTime: task.completionMs === undefined ? undefined : new Date(task.completionMs),
    state: task.state,
    progress: task.progress,
  });
}

/** A fault with its fields as text, typed by the table; lists are comma-separated. */
function localized(fault: NonNullable<LabTask['error']>): Data {
  const fields: Record<string, Value> = {};
  for (const field of SMS_TYPES.get(fault.type)?.fields ?? []) {
    const text = fault.fields?.[field.name];
    if (text !== undefined) fields[field.name] = field.list ? text.split(',') : text;
  }
  return data('LocalizedMethodFault', { fault: data(fault.type, fields), localizedMessage: fault.message });
}

function taskRef(task: LabTask): Ref {
  return ref('SmsTask', task.key);
}

function mustBe(self: Ref, object: Ref, on: string): void {
  if (self.type !== object.type || self.value !== object.value || on !== object.type) throw objectNotFound(self);
}

function invalidArgument(property: string): ServiceFault {
  return new ServiceFault('InvalidArgument', 'A specified parameter was not correct.', { invalidProperty: property });
}

function texts(value: Value | undefined): string[] {
  return isList(value) ? value.map(String) : [];
}

function nonEmpty(list: readonly Value[]): Value | undefined {
  return list.length === 0 ? undefined : list;
}
