import type { LabIdentity, LabVcenter } from './world.js';

/** What `seedAppliance` cannot know by itself; everything has a default. */
export interface ApplianceSeed {
  /** Address of eth0; default 10.0.0.2. */
  readonly address?: string;
  /** Host name → addresses, besides the vCenter's own. */
  readonly hosts?: ReadonlyMap<string, readonly string[]>;
  /** VECS `SMS` client identities: alias → identity; entries for `sps-extension` are written for 8.x only. */
  readonly smsIdentities?: ReadonlyMap<string, LabIdentity>;
}

/** Fills `vcenter.appliance.files`, `hosts` and the VECS stores that are still empty, from what the vCenter already is. Adds, never overwrites. */
export declare function seedAppliance(vcenter: LabVcenter, seed?: ApplianceSeed): void;
