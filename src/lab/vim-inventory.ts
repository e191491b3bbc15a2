import { certificateFacts } from './certificate-facts.js';
import { type Data, data, type Ref, ref, type Value } from './soap-values.js';
import { datastoreProperty } from './vim-datastore.js';
import { vimTaskInfo } from './vim-tasks.js';
import type { LabHost, LabVcenter, LabVm, LabWorld } from './world.js';

/** Managed type → the one object of it. A client takes them from ServiceContent. */
export const SINGLETONS: Readonly<Record<string, string>> = {
  ServiceInstance: 'ServiceInstance',
  SessionManager: 'SessionManager',
  PropertyCollector: 'propertyCollector',
  ViewManager: 'ViewManager',
  OptionManager: 'VpxSettings',
  UserDirectory: 'UserDirectory',
  AuthorizationManager: 'AuthorizationManager',
  CertificateManager: 'certificateManager',
  FailoverClusterConfigurator: 'failoverClusterConfigurator',
  FailoverClusterManager: 'failoverClusterManager',
};

/** One object of the inventory tree, or beside it. */
export interface ManagedObject {
  readonly ref: Ref;
  /** Top-level property; undefined: unset. */
  readonly property: (world: LabWorld, name: string) => Value | undefined;
  readonly children: () => ManagedObject[];
}

const ROOT = ref('Folder', 'group-d1');
const DATACENTER = ref('Datacenter', 'datacenter-2');
const VMS = ref('Folder', 'group-v3');
const HOSTS = ref('Folder', 'group-h4');
const DATASTORES = ref('Folder', 'group-s5');
const NETWORKS = ref('Folder', 'group-n6');
const CLUSTER = ref('ClusterComputeResource', 'domain-c7');

/** One data centre with its four folders, all hosts in one cluster: hosts, datastores and VMs come from the lab's world. */
export function findObject(vcenter: LabVcenter, wanted: Ref): ManagedObject | undefined {
  switch (wanted.type) {
    case 'HostSystem':
      return some(
        vcenter.hosts.find((host) => host.ref === wanted.value),
        (host) => hostObject(vcenter, host),
      );
    case 'Datastore':
      return datastoreObjects(vcenter).find((datastore) => datastore.ref.value === wanted.value);
    case 'VirtualMachine':
      return some(
        vcenter.vms.find((vm) => vm.ref === wanted.value),
        (vm) => vmObject(vcenter, vm),
      );
    case 'HostCertificateManager':
      return some(
        vcenter.hosts.find((host) => certificateManagerOf(host) === wanted.value),
        (host) =>
          leafObject(wanted, (world, name) => (name === 'certificateInfo' ? certificateInfo(host, world.now()) : undefined)),
      );
    case 'Task':
      return leafObject(wanted, (world, name) => (name === 'info' ? vimTaskInfo(world, vcenter, wanted.value) : undefined));
    default:
      return containers(vcenter).find((object) => object.ref.type === wanted.type && object.ref.value === wanted.value);
  }
}

export function certificateManagerOf(host: LabHost): string {
  return `certificateManager-${host.ref.replace(/^host-/, '')}`;
}

export function certificateInfo(host: LabHost, now: Date): Data {
  const facts = certificateFacts(host.certificate.certificate);
  const daysLeft = facts === undefined ? 0 : (facts.notAfter.getTime() - now.getTime()) / 86_400_000;
  return data('HostCertificateManagerCertificateInfo', {
    issuer: facts?.issuer,
    notBefore: facts?.notBefore,
    notAfter: facts?.notAfter,
    subject: facts?.subject,
    status:
      facts === undefined
        ? 'unknown'
        : daysLeft < 0
          ? 'expired'
          : daysLeft < 30
            ? 'expiringShortly'
            : daysLeft < 240
              ? 'expiring'
              : 'good',
  });
}

/** `about` of the service content. */
export function aboutInfo(vcenter: LabVcenter): Data {
  return data('AboutInfo', {
    name: 'VMware vCenter Server',
    fullName: `VMware vCenter Server ${vcenter.version} build-${vcenter.build}`,
    vendor: 'VMware, Inc.',
    version: vcenter.version,
    build: vcenter.build,
    localeVersion: 'INTL',
    localeBuild: '000',
    osType: 'linux-x64',
    productLineId: 'vpx',
    apiType: 'VirtualCenter',
    apiVersion: vcenter.apiVersion,
    instanceUuid: vcenter.instanceUuid,
    licenseProductName: 'VMware VirtualCenter Server',
    licenseProductVersion: vcenter.version.split('.').slice(0, 2).join('.'),
  });
}

function containers(vcenter: LabVcenter): ManagedObject[] {
  const folder = (self: Ref, parent: Ref | undefined, name: string, children: () => ManagedObject[]): ManagedObject => ({
    ref: self,
    children,
    property: (_world, property) => {
      if (property === 'childEntity') return children().map((child) => child.ref);
      return entityProperty(parent, name, property);
    },
  });
  const hosts = (): ManagedObject[] => vcenter.hosts.map((host) => hostObject(vcenter, host));
  const cluster: ManagedObject = {
    ref: CLUSTER,
    children: hosts,
    property: (_world, property) => {
      if (property === 'host') return vcenter.hosts.map((host) => ref('HostSystem', host.ref));
      if (property === 'datastore') return datastoreRefs(vcenter);
      return entityProperty(HOSTS, 'cluster', property);
    },
  };
  const folders = [
    folder(DATASTORES, DATACENTER, 'datastore', () => datastoreObjects(vcenter)),
    folder(VMS, DATACENTER, 'vm', () => vcenter.vms.map((vm) => vmObject(vcenter, vm))),
    folder(HOSTS, DATACENTER, 'host', () => (vcenter.hosts.length === 0 ? [] : [cluster])),
    folder(NETWORKS, DATACENTER, 'network', () => []),
  ];
  const folderRefs: Readonly<Record<string, Ref>> = {
    vmFolder: VMS,
    hostFolder: HOSTS,
    datastoreFolder: DATASTORES,
    networkFolder: NETWORKS,
  };
  const datacenter: ManagedObject = {
    ref: DATACENTER,
    children: () => folders,
    property: (_world, property) => {
      if (property === 'datastore') return datastoreRefs(vcenter);
      return folderRefs[property] ?? entityProperty(ROOT, 'lab', property);
    },
  };
  return [folder(ROOT, undefined, 'Datacenters', () => [datacenter]), datacenter, ...folders, cluster];
}

function hostObject(vcenter: LabVcenter, host: LabHost): ManagedObject {
  const self = ref('HostSystem', host.ref);
  return leafObject(self, (_world, name) => {
    switch (name) {
      case 'runtime':
        return hostRuntime();
      case 'summary':
        return data('HostListSummary', {
          host: self,
          runtime: hostRuntime(),
          config: data('HostConfigSummary', {
            name: host.name,
            port: 443,
            product: hostProduct(host),
            vmotionEnabled: true,
            faultToleranceEnabled: false,
          }),
          overallStatus: 'green',
          rebootRequired: false,
        });
      case 'configManager':
        return data('HostConfigManager', { certificateManager: ref('HostCertificateManager', certificateManagerOf(host)) });
      case 'config':
        return data('HostConfigInfo', { host: self, product: hostProduct(host), certificate: host.certificate.certificatePem });
      case 'vm':
        return vcenter.vms.filter((vm) => vm.host === host.ref).map((vm) => ref('VirtualMachine', vm.ref));
      case 'datastore':
        return vcenter.datastores
          .filter((datastore) => datastore.mounts.some((mount) => mount.host === host.ref))
          .map((datastore) => ref('Datastore', datastore.ref));
      default:
        return entityProperty(CLUSTER, host.name, name);
    }
  });
}

function hostRuntime(): Data {
  return data('HostRuntimeInfo', { connectionState: 'connected', powerState: 'poweredOn', inMaintenanceMode: false });
}

function hostProduct(host: LabHost): Data {
  return data('AboutInfo', {
    name: 'VMware ESXi',
    fullName: `VMware ESXi ${host.version}`,
    vendor: 'VMware, Inc.',
    version: host.version,
    build: '0',
    osType: 'vmnix-x86',
    productLineId: 'embeddedEsx',
    apiType: 'HostAgent',
    apiVersion: host.version,
  });
}

function vmObject(vcenter: LabVcenter, vm: LabVm): ManagedObject {
  return leafObject(ref('VirtualMachine', vm.ref), (_world, name) => {
    switch (name) {
      case 'runtime':
        return data('VirtualMachineRuntimeInfo', {
          host: vcenter.hosts.some((host) => host.ref === vm.host) ? ref('HostSystem', vm.host) : undefined,
          connectionState: 'connected',
          powerState: vm.powerState,
        });
      case 'datastore':
        return [ref('Datastore', vm.datastore)];
      default:
        return entityProperty(VMS, vm.name, name);
    }
  });
}

function datastoreObjects(vcenter: LabVcenter): ManagedObject[] {
  return vcenter.datastores.map((datastore) =>
    leafObject(
      ref('Datastore', datastore.ref),
      (world, name) => datastoreProperty(world, vcenter, datastore, name) ?? entityProperty(DATASTORES, datastore.name, name),
    ),
  );
}

function datastoreRefs(vcenter: LabVcenter): Ref[] {
  return vcenter.datastores.map((datastore) => ref('Datastore', datastore.ref));
}

function entityProperty(parent: Ref | undefined, name: string, property: string): Value | undefined {
  if (property === 'name') return name;
  if (property === 'parent') return parent;
  return property === 'overallStatus' ? 'green' : undefined;
}

function leafObject(self: Ref, property: ManagedObject['property']): ManagedObject {
  return { ref: self, property, children: () => [] };
}

function some<T>(value: T | undefined, make: (value: T) => ManagedObject): ManagedObject | undefined {
  return value === undefined ? undefined : make(value);
}
