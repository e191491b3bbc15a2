import type { Provider } from '../model/inventory.js';
import type { VendorId } from '../model/plan.js';

/** What public documents say about one vendor's providers and certificates. Everything else is "ask your vendor". */
export interface Vendor {
  readonly id: VendorId;
  readonly name: string;
  /** `yes`: several unlinked vCenters with one certificate, documented. `never`: a document ties the provider to one vCenter. */
  readonly sharing: 'yes' | 'never' | 'not-found';
  /** Where a certificate is put in, as far as it is documented. */
  readonly install: readonly string[];
  readonly installMark: 'documented' | 'not-found';
  /** How the provider is told to keep its certificate. */
  readonly retain: string;
  readonly retainMark: 'documented' | 'inferred' | 'not-found';
  readonly source: string;
}

const ASK_RETAIN =
  'Ask your vendor how the provider is told to keep its own certificate, so that it answers retainVasaProviderCertificate = true.';
const ASK_INSTALL = 'Ask your vendor how a certificate, its key and its chain are put into the VASA provider.';

const unknownVendor = (id: VendorId, name: string): Vendor => ({
  id,
  name,
  sharing: 'not-found',
  install: [ASK_INSTALL],
  installMark: 'not-found',
  retain: ASK_RETAIN,
  retainMark: 'not-found',
  source: 'nothing public was found for this vendor',
});

export const VENDORS: Readonly<Record<VendorId, Vendor>> = {
  pure: {
    id: 'pure',
    name: 'Pure Storage FlashArray',
    sharing: 'yes',
    install: [
      'The certificates are named `vasa-ct0` and `vasa-ct1`, one per controller, and are imported with `purecert` (Purity 5.3.0 or later).',
      'Ask your vendor for the exact sub-command of `purecert`: its spelling was not found in public documents.',
    ],
    installMark: 'documented',
    retain:
      'An imported certificate is kept; that nothing more has to be set is likely, not documented. The stop rule after the first registration proves it.',
    retainMark: 'inferred',
    source: 'Pure Storage: configuring multiple non-linked vCenters with the FlashArray VASA provider',
  },
  netapp: {
    id: 'netapp',
    name: 'NetApp ONTAP tools',
    sharing: 'yes',
    install: [
      'ONTAP tools 10: in `https://<appliance>:8443/virtualization/ui/` open Certificates > VASA Provider > Upgrade to CA; it takes server certificate, key, root and intermediates, with the FQDN in the SAN.',
      'There is no way back to the self-signed certificate. ONTAP tools and VSC 9.x serve one vCenter only: leave this plan alone there.',
    ],
    installMark: 'documented',
    retain:
      'With a CA certificate several vCenters can be managed; that the retain flag is set then is likely, not documented. The stop rule after the first registration proves it.',
    retainMark: 'inferred',
    source: 'NetApp ONTAP tools for VMware vSphere 10: manage certificates',
  },
  huawei: {
    id: 'huawei',
    name: 'Huawei / OpenSDS VASA provider',
    sharing: 'yes',
    install: [
      'Its key store is `/opt/Huawei/eSDK/esdk/conf/server.keystore`, alias `server`; in a cluster all nodes share it.',
      'Ask your vendor how an outside certificate is put there; no procedure was found.',
    ],
    installMark: 'documented',
    retain:
      'Set the property `retain_vp_certificate` to true through its REST interface (`PUT vasa/vasaProperty`) and restart the service.',
    retainMark: 'documented',
    source: 'source code of the OpenSDS VASA 2.0 provider',
  },
  dell: {
    ...unknownVendor('dell', 'Dell'),
    install: [
      'Dell Storage Center (SC) providers can be registered with one vCenter only: there this plan does not apply.',
      'PowerStore serves its provider on the floating management address: one certificate for every path.',
      ASK_INSTALL,
    ],
  },
  hpe: {
    ...unknownVendor('hpe', 'HPE'),
    install: [
      '3PAR, Primera and Alletra 9000 have `showvasa` and `setvasa`; the options of `setvasa` were not found.',
      ASK_INSTALL,
    ],
  },
  hitachi: unknownVendor('hitachi', 'Hitachi'),
  ibm: {
    ...unknownVendor('ibm', 'IBM'),
    sharing: 'yes',
    source: 'IBM Spectrum Connect: one VASA user for all vCenters',
  },
  unknown: unknownVendor('unknown', 'a vendor that its namespace does not tell'),
};

/** By the provider's namespace. `com.purestorage` is documented; the others are told by the vendor's name in it, which is inferred. */
const BY_NAMESPACE: readonly (readonly [RegExp, VendorId])[] = [
  [/(^|\.)purestorage(\.|$)/, 'pure'],
  [/netapp/, 'netapp'],
  [/huawei|opensds/, 'huawei'],
  [/(^|\.)(dell|emc|dellemc|compellent)(\.|$)/, 'dell'],
  [/(^|\.)(hp|hpe|3par|3pardata|nimblestorage)(\.|$)/, 'hpe'],
  [/hitachi|(^|\.)hds(\.|$)/, 'hitachi'],
  [/(^|\.)ibm(\.|$)/, 'ibm'],
];

export function vendorOf(provider: Provider): VendorId {
  const namespaces = [
    ...provider.registrations.map((one) => one.namespace ?? ''),
    ...provider.arrays.map((array) => array.split(':')[0] ?? ''),
  ];
  for (const namespace of namespaces) {
    const found = BY_NAMESPACE.find(([pattern]) => pattern.test(namespace.toLowerCase()));
    if (found !== undefined) return found[1];
  }
  return 'unknown';
}
