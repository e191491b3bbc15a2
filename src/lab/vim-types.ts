import { defineMethods, defineTypes } from './soap-types.js';

/**
 * The part of vim25 that the lab speaks. Field order, versions and privileges are those of the published bindings; a type here has only
 * the fields the lab can fill, so asking for another one is answered as an unknown property.
 */
export const VIM_TYPES = defineTypes(
  'urn:vim25',
  `
  AboutInfo : name:string fullName:string vendor:string version:string patchLevel:string?@7.0.2.0 build:string localeVersion:string? localeBuild:string? osType:string productLineId:string apiType:string apiVersion:string instanceUuid:string? licenseProductName:string? licenseProductVersion:string?
  ServiceContent : rootFolder:ref propertyCollector:ref viewManager:ref? about:AboutInfo setting:ref? userDirectory:ref? sessionManager:ref? authorizationManager:ref? certificateManager:ref?@6.0 failoverClusterConfigurator:ref?@6.5 failoverClusterManager:ref?@6.5
  UserSession : key:string userName:string fullName:string loginTime:dateTime lastActiveTime:dateTime locale:string messageLocale:string extensionSession:boolean ipAddress:string userAgent:string callCount:long
  OptionValue : key:string value:anyType
  MethodFault :
  RuntimeFault < MethodFault :
  VimFault < MethodFault :
  SecurityError < RuntimeFault :
  NoPermission < SecurityError : object:ref? privilegeId:string?
  NotAuthenticated < NoPermission :
  InvalidLogin < VimFault :
  InvalidName < VimFault : name:string
  AlreadyExists < VimFault : name:string?
  NotFound < VimFault :
  InvalidProperty < MethodFault : name:string
  InvalidRequest < RuntimeFault :
  InvalidType < InvalidRequest : argument:string?
  InvalidArgument < RuntimeFault : invalidProperty:string?
  ManagedObjectNotFound < RuntimeFault : obj:ref
  NotSupported < RuntimeFault :
  SystemError < RuntimeFault : reason:string
  LocalizedMethodFault : fault:MethodFault localizedMessage:string?
  SelectionSpec : name:string?
  TraversalSpec < SelectionSpec : type:string path:string skip:boolean? selectSet:SelectionSpec[]?
  PropertySpec : type:string all:boolean? pathSet:string[]?
  ObjectSpec : obj:ref skip:boolean? selectSet:SelectionSpec[]?
  PropertyFilterSpec : propSet:PropertySpec[] objectSet:ObjectSpec[] reportMissingObjectsInResults:boolean?
  RetrieveOptions : maxObjects:int?
  DynamicProperty : name:string val:anyType
  MissingProperty : path:string fault:LocalizedMethodFault
  ObjectContent : obj:ref propSet:DynamicProperty[]? missingSet:MissingProperty[]?
  RetrieveResult : token:string? objects:ObjectContent[]
  HostMountInfo : path:string? accessMode:string mounted:boolean? accessible:boolean? inaccessibleReason:string?
  DatastoreHostMount : key:ref mountInfo:HostMountInfo
  DatastoreSummary : datastore:ref? name:string url:string capacity:long freeSpace:long uncommitted:long? accessible:boolean multipleHostAccess:boolean? type:string maintenanceMode:string?
  DatastoreInfo : name:string url:string freeSpace:long maxFileSize:long maxVirtualDiskCapacity:long?@5.5 maxMemoryFileSize:long@6.0 timestamp:dateTime? containerId:string?@5.5 aliasOf:string?@6.7.1
  VvolDatastoreInfo < DatastoreInfo : vvolDS:HostVvolVolume?
  HostFileSystemVolume : type:string name:string capacity:long
  HostVvolVolume < HostFileSystemVolume : scId:string hostPE:VVolHostPE[]? vasaProviderInfo:VimVasaProviderInfo[]? storageArray:VASAStorageArray[]? protocolEndpointType:string?@8.0.0.0 vvolNQNFieldsAvailable:boolean?@8.0.2.0 stretched:boolean?@8.0.3.0
  HostProtocolEndpoint : peType:string type:string?@6.5 uuid:string hostKey:ref[]? storageArray:string? nfsServer:string? nfsDir:string? deviceId:string?
  VVolHostPE : key:ref protocolEndpoint:HostProtocolEndpoint[]
  VimVasaProviderVirtualHostConfig : vhostName:string? serviceHost:string servicePort:int?
  VimVasaProvider : uid:string?@6.7 url:string name:string? selfSignedCertificate:string? vhostConfig:VimVasaProviderVirtualHostConfig?@8.0.1.0 versionId:int?@8.0.1.0
  VimVasaProviderStatePerArray : priority:int arrayId:string active:boolean
  VimVasaProviderInfo : provider:VimVasaProvider arrayState:VimVasaProviderStatePerArray[]?
  VASAStorageArray : name:string uuid:string vendorId:string modelId:string
  HostRuntimeInfo : connectionState:~HostSystemConnectionState powerState:~HostSystemPowerState inMaintenanceMode:boolean bootTime:dateTime?
  HostConfigSummary : name:string port:int sslThumbprint:string? product:AboutInfo? vmotionEnabled:boolean faultToleranceEnabled:boolean
  HostListSummary : host:ref? runtime:HostRuntimeInfo? config:HostConfigSummary overallStatus:~ManagedEntityStatus rebootRequired:boolean
  HostConfigInfo : host:ref product:AboutInfo certificate:byte[]?
  HostConfigManager : certificateManager:ref?@6.0
  HostCertificateManagerCertificateInfo : kind:string?@8.0.1.0 issuer:string? notBefore:dateTime? notAfter:dateTime? subject:string? status:string
  VirtualMachineRuntimeInfo : host:ref? connectionState:~VirtualMachineConnectionState powerState:~VirtualMachinePowerState
  CustomizationIpGenerator :
  CustomizationFixedIp < CustomizationIpGenerator : ipAddress:string
  CustomizationIpV6Generator :
  CustomizationFixedIpV6 < CustomizationIpV6Generator : ipAddress:string subnetMask:int
  CustomizationIPSettingsIpV6AddressSpec : ip:CustomizationIpV6Generator[] gateway:string[]?
  CustomizationIPSettings : ip:CustomizationIpGenerator subnetMask:string? gateway:string[]? ipV6Spec:CustomizationIPSettingsIpV6AddressSpec?
  FailoverNodeInfo : clusterIpSettings:CustomizationIPSettings failoverIp:CustomizationIPSettings? biosUuid:string?
  WitnessNodeInfo : ipSettings:CustomizationIPSettings biosUuid:string?
  VchaClusterConfigInfo : failoverNodeInfo1:FailoverNodeInfo? failoverNodeInfo2:FailoverNodeInfo? witnessNodeInfo:WitnessNodeInfo? state:string
  TaskReason :
  TaskReasonUser < TaskReason : userName:string
  TaskInfo : key:string task:ref name:string? descriptionId:string entity:ref? entityName:string? state:~TaskInfoState cancelled:boolean cancelable:boolean error:LocalizedMethodFault? progress:int? reason:TaskReason queueTime:dateTime startTime:dateTime? completeTime:dateTime? eventChainId:int
  `,
);

/** Managed types and their properties, for the PropertyCollector. */
export const MANAGED_TYPES = defineTypes(
  'urn:vim25',
  `
  ManagedEntity : parent:ref? overallStatus:~ManagedEntityStatus name:string
  Folder < ManagedEntity : childType:string[]? childEntity:ref[]?
  Datacenter < ManagedEntity : vmFolder:ref hostFolder:ref datastoreFolder:ref networkFolder:ref? datastore:ref[]? network:ref[]?
  ComputeResource < ManagedEntity : resourcePool:ref? host:ref[]? datastore:ref[]? network:ref[]?
  ClusterComputeResource < ComputeResource :
  Datastore < ManagedEntity : info:DatastoreInfo summary:DatastoreSummary host:DatastoreHostMount[]? vm:ref[]?
  HostSystem < ManagedEntity : runtime:HostRuntimeInfo summary:HostListSummary configManager:HostConfigManager config:HostConfigInfo? vm:ref[]? datastore:ref[]? network:ref[]?
  VirtualMachine < ManagedEntity : runtime:VirtualMachineRuntimeInfo resourcePool:ref? datastore:ref[]? network:ref[]?
  ContainerView : view:ref[]? container:ref type:string[]? recursive:boolean
  HostCertificateManager : certificateInfo:HostCertificateManagerCertificateInfo
  Task : info:TaskInfo
  `,
);

/** Properties that System.View is enough for; all others need System.Read. */
export const VIEW_PROPERTIES: ReadonlySet<string> = new Set([
  'parent',
  'name',
  'childType',
  'childEntity',
  'vmFolder',
  'hostFolder',
  'datastoreFolder',
  'networkFolder',
  'view',
  'container',
  'type',
  'recursive',
]);

export const VIM_METHODS = defineMethods(
  'urn:vim25',
  `
  RetrieveServiceContent on ServiceInstance needs System.Anonymous since 2.0 () ServiceContent
  CurrentTime on ServiceInstance needs System.View since 2.0 () dateTime
  Login on SessionManager needs System.Anonymous since 2.0 (userName:string password:string locale:string?) UserSession
  Logout on SessionManager needs System.View since 2.0 ()
  CreateContainerView on ViewManager needs System.View since 2.5 (container:ref type:string[]? recursive:boolean) ref
  DestroyView on ContainerView needs System.View since 2.5 ()
  RetrievePropertiesEx on PropertyCollector needs System.Anonymous since 4.1 (specSet:PropertyFilterSpec[] options:RetrieveOptions) RetrieveResult?
  ContinueRetrievePropertiesEx on PropertyCollector needs System.Anonymous since 4.1 (token:string) RetrieveResult
  CancelRetrievePropertiesEx on PropertyCollector needs System.Anonymous since 4.1 (token:string)
  QueryOptions on OptionManager needs System.View since 2.0 (name:string?) OptionValue[]?
  CertMgrRefreshCACertificatesAndCRLs_Task on CertificateManager needs Certificate.Manage since 6.0 (host:ref[]) ref
  CertMgrRefreshCertificates_Task on CertificateManager needs Certificate.Manage since 6.0 (host:ref[]) ref
  CertMgrRevokeCertificates_Task on CertificateManager needs Certificate.Manage since 6.0 (host:ref[]) ref
  ListCACertificates on HostCertificateManager needs Certificate.Manage since 6.0 () string[]?
  ListCACertificateRevocationLists on HostCertificateManager needs Certificate.Manage since 6.0 () string[]?
  getVchaConfig on FailoverClusterConfigurator needs System.Read since 6.5 () VchaClusterConfigInfo
  getClusterMode on FailoverClusterManager needs System.Read since 6.5 () string
  RetrieveCertificateInfoList on HostCertificateManager needs Certificate.Manage since 8.0.1.0 () HostCertificateManagerCertificateInfo[]?
  `,
);
