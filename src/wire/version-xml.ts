import type { Result } from '../model/problem.js';

export interface VersionXmlSource {
  readonly url: string;
  readonly connectTo?: { readonly host: string; readonly port: number } | undefined;
  /** Server name to send; missing: none. */
  readonly sni?: string | undefined;
}

export declare function readVersionXml(at: VersionXmlSource, timeoutMs: number): Promise<Result<string>>;
