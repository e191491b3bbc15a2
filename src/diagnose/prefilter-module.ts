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
  'AGFzbQEAAAABBwFgAn9/AX8CDAEABm1lbW9yeQIAAQMDAgAABgYBfwFBAAsHHQMEbmV4dAAACmNvdW50TGluZXMAAQVsaW5lcwMACqcJAscIAg' +
  'h/F3tBAP0AAAAhCkEA/QAAECELQQD9AAAgIQxBAP0AADAhDUEA/QAAQCEOQQD9AABQIQ9BCv0PIRBBD/0PIREgACABTwRAIAkkAEF/DwsDQAJA' +
  'IABBwABqIAFLDQAgEyEaIBQhGyAA/QAAACIVIBH9TiEWIBVBBP1tIRcgGiAKIBb9DiALIBf9Dv1OIhj9DQ4PEBESExQVFhcYGRobHB0gGyAMIB' +
  'b9DiANIBf9Dv1OIhn9DQ8QERITFBUWFxgZGhscHR79TiAOIBb9DiAPIBf9Dv1O/U4hHSAYIRogGSEbIAD9AAAQIhUgEf1OIRYgFUEE/W0hFyAa' +
  'IAogFv0OIAsgF/0O/U4iGP0NDg8QERITFBUWFxgZGhscHSAbIAwgFv0OIA0gF/0O/U4iGf0NDxAREhMUFRYXGBkaGxwdHv1OIA4gFv0OIA8gF/' +
  '0O/U79TiEeIBghGiAZIRsgAP0AACAiFSAR/U4hFiAVQQT9bSEXIBogCiAW/Q4gCyAX/Q79TiIY/Q0ODxAREhMUFRYXGBkaGxwdIBsgDCAW/Q4g' +
  'DSAX/Q79TiIZ/Q0PEBESExQVFhcYGRobHB0e/U4gDiAW/Q4gDyAX/Q79Tv1OIR8gGCEaIBkhGyAA/QAAMCIVIBH9TiEWIBVBBP1tIRcgGiAKIB' +
  'b9DiALIBf9Dv1OIhj9DQ4PEBESExQVFhcYGRobHB0gGyAMIBb9DiANIBf9Dv1OIhn9DQ8QERITFBUWFxgZGhscHR79TiAOIBb9DiAPIBf9Dv1O' +
  '/U4hICAYIRogGSEbIB0gHv1QIB8gIP1Q/VD9Uw0AIAkgAP0AAAAgEP0j/WQgAP0AABAgEP0j/WRBEHRqaSAA/QAAICAQ/SP9ZCAA/QAAMCAQ/S' +
  'P9ZEEQdGppamohCSAaIRMgGyEUIABBwABqIQAMAQsgAP0AAAAiFSAR/U4hFiAVQQT9bSEXIBMgCiAW/Q4gCyAX/Q79TiIY/Q0ODxAREhMUFRYX' +
  'GBkaGxwdIBQgDCAW/Q4gDSAX/Q79TiIZ/Q0PEBESExQVFhcYGRobHB0e/U4gDiAW/Q4gDyAX/Q79Tv1OIRwgGCETIBkhFCABIABrIQcgB0EQSA' +
  'R/QQEgB0EAIAdBAEobdEEBawVBfwsgAP0AAAAgEP0j/WRxIQIgASAAa0ECaiEHIAdBEEgEf0EBIAdBACAHQQBKG3RBAWsFQX8LIBwgEv0k/WRx' +
  'IggEQEEAIBz9CwBwA0AgCGgiBC0AcCEFIAAgBGpBAmshBgNAIAVoQQJ0IgcoAoABQQN0IQMgBygChAFBA3QhBwJAA0AgAyAHTw0BIAYpAAAgAy' +
  'kAgAJRBEAgCSACQQEgBHRBAWtxaWohCSAJJAAgBg8LIANBCGohAwwACwsgBSAFQQFrcSIFDQALIAggCEEBa3EiCA0ACwsgCSACaWohCSAAQRBq' +
  'IgAgAUECakkNAAsgCSQAQX8PQX8LXAIBfwF7QQr9DyEDAkADQCAAQRBqIAFLDQEgAiAA/QAAACAD/SP9ZGlqIQIgAEEQaiEADAALCwJAA0AgAC' +
  'ABTw0BIAIgAC0AAEEKRmohAiAAQQFqIQAMAAsLIAIL';
