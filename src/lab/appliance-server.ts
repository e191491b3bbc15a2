import type { LabVcenter, LabWorld } from './world.js';

export interface RunningAppliance {
  readonly port: number;
  /** As OpenSSH prints it: `SHA256:…`. */
  readonly hostKeySha256: string;
  /** `ecdsa-sha2-nistp256 AAAA…` */
  readonly hostPublicKey: string;
  close(): Promise<void>;
}

/** The SSH side of one appliance, on 127.0.0.1. Nothing received is ever run on this machine: commands are looked up in a table. */
export declare function startAppliance(world: LabWorld, vcenter: LabVcenter): Promise<RunningAppliance>;
