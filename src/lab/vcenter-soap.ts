import type { LabVcenter, LabWorld } from './world.js';

export interface SoapRequest {
  /** `/sdk` or `/sms/sdk`, without query. */
  readonly path: string;
  /** Header names in lower case, as `node:http` gives them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SoapResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** Answers one POST to vCenter's `/sdk` (vim25) or `/sms/sdk`. Never throws for what a client sends; faults are answers. */
export async function handleSoap(_world: LabWorld, _vcenter: LabVcenter, _request: SoapRequest): Promise<SoapResponse> {
  return { status: 404, headers: { 'content-type': 'text/plain' }, body: Buffer.from('not found') };
}
