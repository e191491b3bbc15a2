import { toPem } from './certificate-facts.js';
import { pushRootsToHost } from './host-push.js';
import { continueRead, readProperties } from './property-collector.js';
import { demand, recordChange, type ServiceCall } from './soap-service.js';
import { findSession, logIn, logOut, type SoapSession, setCookie, strayCookie } from './soap-session.js';
import { any, type Data, data, isList, isRef, objectNotFound, type Ref, ref, ServiceFault, type Value } from './soap-values.js';
import { vchaConfig, vchaMode } from './vcha.js';
import { aboutInfo, certificateInfo, certificateManagerOf, findObject, SINGLETONS } from './vim-inventory.js';
import { startVimTask } from './vim-tasks.js';
import { MANAGED_TYPES } from './vim-types.js';
import type { LabHost, LabVcenter } from './world.js';

type Arguments = Readonly<Record<string, Value | undefined>>;

/** The vim25 service. Throws ServiceFault. */
export function callVim(call: ServiceCall): Value | undefined {
  const { world, vcenter, method, self } = call;
  if (method.name === 'RetrieveServiceContent') {
    checkSelf(call, undefined);
    return serviceContent(vcenter);
  }
  if (method.name === 'Login') {
    checkSelf(call, undefined);
    return login(call);
  }
  const session = findSession(world, vcenter, call.cookie);
  if (session === undefined) {
    if (method.name === 'RetrievePropertiesEx' && !showsFaultOnly(call))
      return readProperties(call, undefined, call.readArguments());
    throw new ServiceFault('NotAuthenticated', 'The session is not authenticated.', {
      object: self,
      privilegeId: method.privilege,
    });
  }
  checkSelf(call, session);
  demand(session, method.privilege, self);
  return callWithSession(call, session, call.readArguments());
}

function callWithSession(call: ServiceCall, session: SoapSession, args: Arguments): Value | undefined {
  const { world, vcenter, method, self } = call;
  switch (method.name) {
    case 'CurrentTime':
      return new Date(world.now().getTime() + vcenter.appliance.clockAheadMs);
    case 'Logout':
      logOut(vcenter, session);
      return undefined;
    case 'CreateContainerView':
      return createView(call, session, args);
    case 'DestroyView':
      session.views.delete(self.value);
      return undefined;
    case 'RetrievePropertiesEx':
      return readProperties(call, session, args);
    case 'ContinueRetrievePropertiesEx':
      return continueRead(session, String(args.token));
    case 'CancelRetrievePropertiesEx':
      if (!session.pages.delete(String(args.token))) throw invalidArgument('token');
      return undefined;
    case 'QueryOptions':
      return queryOptions(args.name === undefined ? '' : String(args.name));
    case 'CertMgrRefreshCACertificatesAndCRLs_Task':
      return refreshHostRoots(call, session, args);
    case 'ListCACertificates':
      return hostOf(vcenter, self).trustAnchors.map(toPem);
    case 'ListCACertificateRevocationLists':
      return undefined;
    case 'getVchaConfig':
      return vchaConfig(vcenter);
    case 'getClusterMode':
      return vchaMode(vcenter);
    case 'RetrieveCertificateInfoList':
      return certificateList(call, hostOf(vcenter, self));
    default:
      throw new ServiceFault('NotSupported', 'The operation is not supported on the object.');
  }
}

/** The form an expired session takes in property reads: an ordinary answer with `missingSet`, unless the lab was told otherwise. */
function showsFaultOnly({ world, vcenter }: ServiceCall): boolean {
  return world.faults.some((fault) => fault.kind === 'session-expires' && fault.where === vcenter.id && fault.form === 'fault');
}

function checkSelf({ vcenter, method, self }: ServiceCall, session: SoapSession | undefined): void {
  const singleton = SINGLETONS[method.on];
  const exists =
    singleton !== undefined
      ? self.value === singleton
      : method.on === 'ContainerView'
        ? session?.views.has(self.value) === true
        : method.on === 'HostCertificateManager' && findHost(vcenter, self) !== undefined;
  if (self.type !== method.on || !exists) throw objectNotFound(self);
}

function serviceContent(vcenter: LabVcenter): Data {
  const manager = (type: string): Ref => ref(type, SINGLETONS[type] ?? type);
  return data('ServiceContent', {
    rootFolder: ref('Folder', 'group-d1'),
    propertyCollector: manager('PropertyCollector'),
    viewManager: manager('ViewManager'),
    about: aboutInfo(vcenter),
    setting: manager('OptionManager'),
    userDirectory: manager('UserDirectory'),
    sessionManager: manager('SessionManager'),
    authorizationManager: manager('AuthorizationManager'),
    certificateManager: manager('CertificateManager'),
    failoverClusterConfigurator: manager('FailoverClusterConfigurator'),
    failoverClusterManager: manager('FailoverClusterManager'),
  });
}

/** A refused login hands out a cookie too, as real servers do. Nothing is ever locked: the record tells how often somebody tried. */
function login(call: ServiceCall): Data {
  const { world, vcenter, headers } = call;
  const args = call.readArguments();
  const session = logIn(world, vcenter, String(args.userName), String(args.password));
  headers['set-cookie'] = setCookie(session?.cookie ?? strayCookie());
  if (session === undefined) {
    throw new ServiceFault('InvalidLogin', 'Cannot complete login due to an incorrect user name or password.');
  }
  const [user = '', domain = ''] = session.account.username.split('@');
  const now = world.now();
  return data('UserSession', {
    key: session.key,
    userName: domain === '' ? user : `${domain.toUpperCase()}\\${user}`,
    fullName: user,
    loginTime: now,
    lastActiveTime: now,
    locale: 'en',
    messageLocale: 'en',
    extensionSession: false,
    ipAddress: '127.0.0.1',
    userAgent: call.userAgent.slice(0, 200),
    callCount: 0,
  });
}

function createView({ vcenter }: ServiceCall, session: SoapSession, args: Arguments): Ref {
  const container = args.container;
  if (!isRef(container) || findObject(vcenter, container) === undefined)
    throw objectNotFound(isRef(container) ? container : ref('Folder', ''));
  const types = isList(args.type) ? args.type.map((type) => String(type).trim()) : [];
  for (const type of types) {
    if (!MANAGED_TYPES.has(type)) throw new ServiceFault('InvalidType', `Unknown managed type ${type}`, { argument: 'type' });
  }
  const value = `session[${session.key}]view-${session.views.size + 1}-${session.calls}`;
  session.views.set(value, { container, types, recursive: args.recursive === true });
  return ref('ContainerView', value);
}

const OPTIONS: readonly (readonly [string, 'string' | 'int', string | number])[] = [
  ['vpxd.certmgmt.mode', 'string', 'vmca'],
  ['vpxd.certmgmt.certs.daysValid', 'int', 1825],
  ['vpxd.certmgmt.certs.hardThreshold', 'int', 30],
  ['vpxd.certmgmt.certs.softThreshold', 'int', 240],
  ['vpxd.certmgmt.certs.pollIntervalDays', 'int', 5],
  ['vpxd.certmgmt.certs.minutesBefore', 'int', 1440],
  ['vpxd.certmgmt.certs.cn.country', 'string', 'US'],
  ['vpxd.certmgmt.certs.cn.email', 'string', 'vmca@vmware.com'],
  ['vpxd.certmgmt.certs.cn.localityName', 'string', 'Palo Alto'],
  ['vpxd.certmgmt.certs.cn.organizationalUnitName', 'string', 'VMware Engineering'],
  ['vpxd.certmgmt.certs.cn.organizationName', 'string', 'VMware'],
  ['vpxd.certmgmt.certs.cn.state', 'string', 'California'],
];

/** A name that ends in a dot asks for the subtree; one that leads to nothing is InvalidName. */
function queryOptions(name: string): Value {
  const found = OPTIONS.filter(([key]) => (name === '' || name.endsWith('.') ? key.startsWith(name) : key === name));
  if (found.length === 0) throw new ServiceFault('InvalidName', `The name '${name}' is invalid.`, { name });
  return found.map(([key, type, value]) => data('OptionValue', { key, value: any(type, value) }));
}

/** In effect when the task is made. */
function refreshHostRoots({ world, vcenter }: ServiceCall, session: SoapSession, args: Arguments): Ref {
  const hosts = (isList(args.host) ? args.host : []).map((given) => {
    const host = isRef(given) && given.type === 'HostSystem' ? vcenter.hosts.find((one) => one.ref === given.value) : undefined;
    if (host === undefined) throw objectNotFound(isRef(given) ? given : ref('HostSystem', ''));
    return host;
  });
  for (const host of hosts) {
    pushRootsToHost(world, vcenter, host);
    recordChange(world, vcenter.id, `trust anchors of ${host.ref}`);
  }
  return startVimTask(world, vcenter, {
    descriptionId: 'CertificateManager.refreshCACertificatesAndCRLs',
    userName: session.account.username,
  });
}

/** Kinds `Machine` and, where vvold has one, `VASAClient`: metadata only, as vCenter tells it. */
function certificateList({ world, vcenter }: ServiceCall, host: LabHost): Value {
  const machine = certificateInfo(host, world.now());
  const kinds: Value[] = [data(machine.type, { kind: 'Machine', ...machine.fields })];
  if (vcenter.datastores.some((datastore) => datastore.mounts.some((mount) => mount.host === host.ref))) {
    kinds.push(data(machine.type, { kind: 'VASAClient', ...machine.fields, subject: `CN=${host.name},OU=vvold` }));
  }
  return kinds;
}

function findHost(vcenter: LabVcenter, manager: Ref): LabHost | undefined {
  return vcenter.hosts.find((host) => certificateManagerOf(host) === manager.value);
}

function hostOf(vcenter: LabVcenter, manager: Ref): LabHost {
  const host = findHost(vcenter, manager);
  if (host === undefined) throw objectNotFound(manager);
  return host;
}

function invalidArgument(property: string): ServiceFault {
  return new ServiceFault('InvalidArgument', 'A specified parameter was not correct.', { invalidProperty: property });
}
