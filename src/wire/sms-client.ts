import type { SmsProviderRecord } from '../model/evidence.js';
import type { Result } from '../model/problem.js';
import type { HttpsClient } from './https.js';
import type { VimSession } from './vim-client.js';

export interface SmsAbout {
  readonly name: string;
  readonly fullName: string;
  readonly vendor: string;
  readonly apiVersion: string;
  readonly instanceUuid: string;
  readonly vasaApiVersion?: string;
}

export interface SmsClient {
  queryRegistrations(): Promise<Result<SmsProviderRecord[]>>;
  about(): Promise<Result<SmsAbout>>;
}

export declare function openSms(https: HttpsClient, vim: VimSession): SmsClient;
