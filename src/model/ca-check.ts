import type { Certificate } from './certificate.js';
import type { KeyIdHex, Sha256Hex } from './ids.js';
import type { PlannedCertificate, PlannedName } from './planned-certificate.js';

/** What the external CA sent back, held to the plan. `at` is the time that expiry was judged at. */
export interface CaCheck {
  readonly at: Date;
  /** One per certificate of the plan, in the plan's order. */
  readonly answers: readonly AnswerCheck[];
  readonly files: readonly FileCheck[];
  /** Server certificates among the files that answer nothing in the plan. */
  readonly strangers: readonly Stranger[];
}

export interface AnswerCheck {
  readonly planned: PlannedCertificate;
  /** `waiting`: none of the files answers it. */
  readonly verdict: 'good' | 'refused' | 'waiting';
  /** The answer; missing where nothing was found. */
  readonly leaf?: Certificate;
  /** Issuers above the leaf, as far as signatures lead; the last one is the plan's root where the verdict is `good`. */
  readonly issuers: readonly Certificate[];
  /** Files that hold the leaf. */
  readonly files: readonly string[];
  /** How the leaf was matched to its key. */
  readonly key?: KeyOrigin;
  readonly objections: readonly Objection[];
  /** Objections that the operator accepted by code. */
  readonly accepted: readonly Objection[];
}

/** Where the public key that the answer must have is known from. */
export interface KeyOrigin {
  readonly from: 'request' | 'key';
  readonly file: string;
}

export interface Stranger {
  readonly certificate: Certificate;
  readonly files: readonly string[];
}

export interface FileCheck {
  readonly file: string;
  readonly form: FileForm;
  readonly certificates: number;
  readonly keys: number;
  readonly objections: readonly FileObjection[];
}

export type FileForm = 'pem' | 'der' | 'pkcs7' | 'pkcs12' | 'unknown';

/** Why a file, or a part of it, is of no use. */
export type FileObjection =
  | { readonly code: 'too-large'; readonly bytes: number; readonly most: number }
  | { readonly code: 'empty-file' }
  | { readonly code: 'not-a-certificate'; readonly why: string }
  /** Well-formed, and something else. */
  | { readonly code: 'no-certificate'; readonly found: 'request' | 'key' | 'revocation-list' | 'nothing' }
  | { readonly code: 'damaged'; readonly why: string }
  | { readonly code: 'passphrase-missing' }
  | { readonly code: 'wrong-passphrase' }
  | { readonly code: 'encryption-not-supported'; readonly what: string };

/**
 * Why an answer is refused. Each case carries what its words need; the words are made in one place.
 * `certificate` is the one to blame, which may stand above the leaf.
 */
export type Objection =
  | { readonly code: 'wrong-key'; readonly certificate: Certificate; readonly wanted: Sha256Hex; readonly origin: KeyOrigin }
  | { readonly code: 'no-key'; readonly certificate: Certificate }
  | { readonly code: 'duplicate'; readonly certificate: Certificate; readonly others: readonly Certificate[] }
  | { readonly code: 'missing-san'; readonly certificate: Certificate; readonly missing: readonly PlannedName[] }
  /** Names that only a wildcard covers. */
  | { readonly code: 'wildcard'; readonly certificate: Certificate; readonly covered: readonly PlannedName[] }
  | { readonly code: 'self-signed'; readonly certificate: Certificate }
  | { readonly code: 'is-a-ca'; readonly certificate: Certificate }
  | { readonly code: 'eku-wrong'; readonly certificate: Certificate }
  | { readonly code: 'key-usage'; readonly certificate: Certificate }
  | { readonly code: 'expired'; readonly certificate: Certificate }
  | { readonly code: 'not-yet-valid'; readonly certificate: Certificate }
  | { readonly code: 'short-lived'; readonly certificate: Certificate; readonly daysLeft: number }
  | { readonly code: 'longer-than-issuer'; readonly certificate: Certificate; readonly issuer: Certificate }
  | { readonly code: 'weak-key'; readonly certificate: Certificate; readonly bits: number }
  | { readonly code: 'ecdsa-in-chain'; readonly certificate: Certificate; readonly what: string }
  | { readonly code: 'sha1-in-chain'; readonly certificate: Certificate }
  | { readonly code: 'pss-in-chain'; readonly certificate: Certificate }
  | { readonly code: 'chain-incomplete'; readonly certificate: Certificate; readonly wantedKeyId?: KeyIdHex }
  /** A CA of the issuer's name is among the files, and has not signed this. */
  | { readonly code: 'wrong-issuer'; readonly certificate: Certificate; readonly namesakes: readonly Certificate[] }
  /** Name and key identifier point to an issuer that is there, and its signature does not verify. */
  | { readonly code: 'bad-signature'; readonly certificate: Certificate; readonly issuer: Certificate }
  | { readonly code: 'unknown-root'; readonly certificate: Certificate; readonly wanted: Sha256Hex }
  /** The chain asks for a root of the plan's name, with another key. */
  | { readonly code: 'same-name-root'; readonly certificate: Certificate; readonly wanted: Certificate }
  /** Nobody gave the plan's root, so that nothing can be led to it. */
  | { readonly code: 'root-not-given'; readonly certificate: Certificate; readonly wanted: Sha256Hex }
  | { readonly code: 'intermediate-not-in-plan'; readonly certificate: Certificate }
  | { readonly code: 'issuer-not-a-ca'; readonly certificate: Certificate }
  | { readonly code: 'issuer-key-usage'; readonly certificate: Certificate }
  | { readonly code: 'issuer-eku'; readonly certificate: Certificate }
  | { readonly code: 'path-length'; readonly certificate: Certificate }
  | { readonly code: 'name-constraints'; readonly certificate: Certificate }
  | { readonly code: 'critical-extension'; readonly certificate: Certificate }
  | { readonly code: 'signature-algorithm'; readonly certificate: Certificate }
  | { readonly code: 'too-deep'; readonly certificate: Certificate };

export type ObjectionCode = Objection['code'];

/** Why a certificate request is refused, ours or an array's. */
export type RequestObjection =
  | { readonly code: 'not-a-request'; readonly why: string }
  | { readonly code: 'request-signature' }
  | { readonly code: 'request-not-rsa'; readonly what: string }
  | { readonly code: 'request-weak-key'; readonly bits: number }
  | { readonly code: 'request-key-too-large'; readonly bits: number }
  | { readonly code: 'request-missing-san'; readonly missing: readonly PlannedName[] }
  | { readonly code: 'request-extra-san'; readonly extra: readonly string[] }
  | { readonly code: 'request-asks-for-a-ca' };

export type RequestObjectionCode = RequestObjection['code'];
