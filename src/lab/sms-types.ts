import { defineMethods, defineTypes } from './soap-types.js';
import { VIM_TYPES } from './vim-types.js';

/** The part of the storage monitoring service that the lab speaks, on top of the vim25 types its faults build on. */
export const SMS_TYPES = defineTypes(
  'urn:sms',
  `
  SmsAboutInfo : name:string fullName:string vendor:string apiVersion:string instanceUuid:string vasaApiVersion:string?@4.0
  SmsTaskInfo : key:string task:ref object:ref? error:LocalizedMethodFault? result:anyType? startTime:dateTime? completionTime:dateTime? state:string progress:int?
  SmsProviderSpec : name:string description:string?
  VasaProviderSpec < SmsProviderSpec : username:string password:string url:string certificate:string?
  SmsProviderInfo : uid:string name:string description:string? version:string?
  SupportedVendorModelMapping : vendorId:string? modelId:string?
  RelatedStorageArray : arrayId:string active:boolean manageable:boolean priority:int
  VasaProviderInfo < SmsProviderInfo : url:string certificate:string? status:string? statusFault:LocalizedMethodFault?@6.5 vasaVersion:string? namespace:string? lastSyncTime:string? supportedVendorModelMapping:SupportedVendorModelMapping[]? supportedProfile:string[]? supportedProviderProfile:string[]?@4.0 relatedStorageArray:RelatedStorageArray[]?@4.0 providerId:string?@4.0 certificateExpiryDate:string?@5.0 certificateStatus:string?@5.0 serviceLocation:string?@5.0 needsExplicitActivation:boolean?@5.0 maxBatchSize:long?@6.5 retainVasaProviderCertificate:boolean?@5.0 arrayIndependentProvider:boolean?@6.5 type:string?@6.5 category:string?@6.7 priority:int?@6.5 failoverGroupId:string?@6.5
  StorageArray : name:string uuid:string vendorId:string modelId:string firmware:string? alternateName:string[]? supportedBlockInterface:string[]? supportedFileSystemInterface:string[]? supportedProfile:string[]?@3.0 priority:int?@4.0
  StorageContainer : uuid:string name:string maxVvolSizeInMB:long providerId:string[] arrayId:string[] vvolContainerType:string?@8.0.0.0 stretched:boolean?@8.0.3.0
  StorageContainerSpec : containerId:string[]?
  StorageContainerResult : storageContainer:StorageContainer[]? providerInfo:SmsProviderInfo[]?
  InvalidSession < NoPermission : sessionCookie:string
  ServiceNotInitialized < RuntimeFault :
  QueryExecutionFault < MethodFault :
  ProviderRegistrationFault < MethodFault :
  CertificateNotTrusted < ProviderRegistrationFault : certificate:string
  CertificateNotImported < ProviderRegistrationFault :
  InvalidCertificate < ProviderRegistrationFault : certificate:string
  CertificateAuthorityFault < ProviderRegistrationFault : faultCode:int
  IncorrectUsernamePassword < ProviderRegistrationFault :
  InvalidUrl < ProviderRegistrationFault : url:string
  ProviderUnregistrationFault < MethodFault :
  ProviderConnectionFailed < RuntimeFault :
  ProviderSyncFailed < MethodFault :
  SyncInProgress < ProviderSyncFailed :
  CertificateRefreshFailed < MethodFault : providerId:string[]?
  CertificateRevocationFailed < MethodFault :
  `,
  VIM_TYPES,
);

export const SMS_METHODS = defineMethods(
  'urn:sms',
  `
  QueryStorageManager on SmsServiceInstance needs StorageViews.View since 2.0 () ref
  QueryAboutInfo on SmsServiceInstance needs StorageViews.View since 2.0 () SmsAboutInfo
  QuerySessionManager on SmsServiceInstance needs System.Anonymous since 5.0 () ref
  QueryProvider on SmsStorageManager needs StorageViews.View since 2.0 () ref[]?
  QueryArray on SmsStorageManager needs StorageViews.View since 2.0 (providerId:string[]?) StorageArray[]?
  QueryStorageContainer on SmsStorageManager needs StorageViews.View since 5.0 (containerSpec:StorageContainerSpec?) StorageContainerResult?
  RegisterProvider_Task on SmsStorageManager needs StorageViews.ConfigureService since 2.0 (providerSpec:SmsProviderSpec) ref
  UnregisterProvider_Task on SmsStorageManager needs StorageViews.ConfigureService since 2.0 (providerId:string) ref
  SmsRefreshCACertificatesAndCRLs_Task on SmsStorageManager needs StorageViews.ConfigureService since 5.0 (providerId:string[]?) ref
  QueryProviderInfo on SmsProvider needs StorageViews.View since 2.0 () SmsProviderInfo
  VasaProviderSync_Task on VasaProvider needs StorageViews.View since 2.0 (arrayId:string?) ref
  VasaProviderReconnect_Task on VasaProvider needs StorageViews.ConfigureService since 5.0 () ref
  VasaProviderRefreshCertificate_Task on VasaProvider needs StorageViews.ConfigureService since 5.0 () ref
  VasaProviderRevokeCertificate_Task on VasaProvider needs StorageViews.ConfigureService since 5.0 () ref
  QuerySmsTaskInfo on SmsTask needs StorageViews.View since 2.0 () SmsTaskInfo
  QuerySmsTaskResult on SmsTask needs StorageViews.View since 2.0 () anyType?
  `,
);
