// Generated from the catalogue and scripts/prefilter-assembly.ts by `node scripts/generate-docs.mjs`; do not edit.

/** Literals of the catalogue in eight buckets, each with the place in it where its window of eight characters begins. */
export const PREFILTER_BUCKETS: readonly (readonly (readonly [literal: string, offset: number])[])[] = [
  [
    ['unregisterProvider() called', 4],
    ['FINAL FAILURE deleteVirtualVolume', 10],
  ],
  [
    ['sps-extension', 2],
    ['VasaProviderImpl.flushEventQueue(', 20],
    [' will expire on ', 1],
    ['sms_self_signed', 4],
    ['[updateActiveProvider] Flush event', 23],
    ['[removeEntry] Remove the cache entry', 0],
    ['NeedsExplicitActivation is not set', 0],
    ['] ERROR ', 0],
    ['VasaOp::EventPollerCB ', 6],
    ['sms.EsxiVasaClientCertificate', 2],
    ['Created a task - ', 0],
    ['PBM error PreProvisionProcess', 2],
  ],
  [
    ['PBM error occurred during Pre', 11],
    ['Exception while retrieving version info', 25],
    ['Failed to initialize FcdService', 16],
    ['Check backup provider ', 3],
    ['VASA client certificate', 1],
    ['[isLegacyProvider] Failed to retrieve', 17],
  ],
  [
    ['Operation not allowed in current service state', 15],
    ['fault.IncorrectUsernamePassword', 17],
    ['[load] Provider loading failed', 0],
    ['[removeProvider] Removing provider - ', 2],
    ['fault.CertificateNotImported', 16],
    ['vim.fault.NotFound', 9],
    ['[FAILOVER] Provider failover started', 6],
    ['sms.fault.NotFound', 9],
  ],
  [
    ['Updated progress to ', 10],
    ['[isValidatorexception]: Unknown', 1],
    ['failed to get endpoint, err=SSL', 16],
    ['[removeFdMappingForProvider]', 15],
    ["===> Issuing '", 5],
  ],
  [
    ['Error while removing an entry for the provider', 10],
    ['Could not find VVol', 10],
    ['[removeProvider] Removing provider: ', 21],
    ['[getBackupProvider] Looking for', 23],
  ],
  [
    ['fault.CertificateAuthorityFault', 4],
    ['fault.CertificateRefreshFailed', 4],
    ['VasaSession::DoSetContext: setContext for VP', 24],
    ['fault.CertificateNotTrusted', 4],
    ['fault.InvalidCertificate', 4],
    ['fault.InvalidUrl', 4],
    ['503 Service Unavailable', 15],
    ['fault.AlreadyExists', 4],
    ['===> FINAL SUCCESS ', 2],
    ['SetContext failed!', 8],
    ['[markTaskCompleted] Marked', 0],
  ],
  [
    ['fault.ProviderNotFound', 4],
    ['fault.ProviderUnregistrationFault', 4],
    ['[getBackupProvider] Found new backup', 3],
    ['PolicyAdapterImpl.copyVasaComplianceResult', 6],
    ['Setcontext() was interrupted', 8],
    ['vc.sms.VasaProviderCertificate', 0],
  ],
];

/** A WebAssembly module, base64. What it does is told where it is made. */
export const PREFILTER_MODULE =
  'AGFzbQEAAAABBwFgAn9/AX8CDAEABm1lbW9yeQIAAQMDAgAABgYBfwFBAAsHHQMEbmV4dAAACmNvdW50TGluZXMAAQVsaW5lcwMACuQHAoQHBA' +
  'd/CHsBfwd7QQD9AAAAIQlBAP0AABAhCkEA/QAAICELQQD9AAAwIQxBAP0AAEAhDUEA/QAAUCEOQQr9DyEPQQ/9DyEQQQAkACAAIAFPBEBBfw8L' +
  'A0ACQCAAQcAAaiABSw0AIAD9AAAAIRIgCSASIBD9Tv0OIAogEkEE/W39Dv1OIAD9AAABIRIgCyASIBD9Tv0OIAwgEkEE/W39Dv1O/U4gAP0AAA' +
  'IhEiANIBIgEP1O/Q4gDiASQQT9bf0O/U79TiEUIAD9AAAQIRIgCSASIBD9Tv0OIAogEkEE/W39Dv1OIAD9AAARIRIgCyASIBD9Tv0OIAwgEkEE' +
  '/W39Dv1O/U4gAP0AABIhEiANIBIgEP1O/Q4gDiASQQT9bf0O/U79TiEVIAD9AAAgIRIgCSASIBD9Tv0OIAogEkEE/W39Dv1OIAD9AAAhIRIgCy' +
  'ASIBD9Tv0OIAwgEkEE/W39Dv1O/U4gAP0AACIhEiANIBIgEP1O/Q4gDiASQQT9bf0O/U79TiEWIAD9AAAwIRIgCSASIBD9Tv0OIAogEkEE/W39' +
  'Dv1OIAD9AAAxIRIgCyASIBD9Tv0OIAwgEkEE/W39Dv1O/U4gAP0AADIhEiANIBIgEP1O/Q4gDiASQQT9bf0O/U79TiEXIBQgFf1QIBYgF/1Q/V' +
  'D9Uw0AIwAgAP0AAAAgD/0j/WQgAP0AABAgD/0j/WRBEHRqaSAA/QAAICAP/SP9ZCAA/QAAMCAP/SP9ZEEQdGppamokACAAQcAAaiEADAELIAD9' +
  'AAAAIRIgCSASIBD9Tv0OIAogEkEE/W39Dv1OIAD9AAABIRIgCyASIBD9Tv0OIAwgEkEE/W39Dv1O/U4gAP0AAAIhEiANIBIgEP1O/Q4gDiASQQ' +
  'T9bf0O/U79TiETIAEgAGshCEF/IQIgCEEQSQRAQQEgCHRBAWshAgsgAP0AAAAgD/0j/WQgAnEhAyATIBj9JP1kIAJxIREgEQRAQQAgE/0LAHAD' +
  'QCARaCIFLQBwIQYgACAFaiEHA0AgBmhBAnQiCCgCgAFBA3QhBCAIKAKEAUEDdCEIAkADQCAEIAhPDQEgBykAACAEKQCAAlEEQCMAIANBASAFdE' +
  'EBa3FpaiQAIAcPCyAEQQhqIQQMAAsLIAYgBkEBa3EiBg0ACyARIBFBAWtxIhENAAsLIwAgA2lqJAAgAEEQaiIAIAFJDQALQX8LXAIBfwF7QQr9' +
  'DyEDAkADQCAAQRBqIAFLDQEgAiAA/QAAACAD/SP9ZGlqIQIgAEEQaiEADAALCwJAA0AgACABTw0BIAIgAC0AAEEKRmohAiAAQQFqIQAMAAsLIA' +
  'IL';
