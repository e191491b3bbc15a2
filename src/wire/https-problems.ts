import type { Problem, ProblemCode } from '../model/problem.js';
import { plainText } from './redact.js';

/** Whom a problem is about, in words. */
export interface Peer {
  readonly label: string;
  /** `vc65.lab.example:443` */
  readonly name: string;
}

/** Carries a finished problem through undici, which passes connect errors on as they are. */
export class WireError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.summary);
    this.problem = problem;
  }
}

/** `SHA256 AA:BB:…`, the form that estate.yaml takes. */
export function fingerprintWords(sha256Hex: string): string {
  return `SHA256 ${(sha256Hex.toUpperCase().match(/../g) ?? []).join(':')}`;
}

export function pinMismatch(peer: Peer, pinned: string, offered: string | undefined): Problem {
  const shown = offered === undefined ? 'no certificate at all' : fingerprintWords(offered);
  return {
    code: 'tls-not-trusted',
    target: peer.label,
    summary: `${peer.name} shows ${shown}; the configuration pins ${fingerprintWords(pinned)}. Nothing was sent.`,
    remedy:
      'Read the fingerprint on the appliance itself (openssl x509 -noout -fingerprint -sha256 over the machine SSL certificate). ' +
      'If it is the one shown, the certificate was replaced: set tls.fingerprint to it. If not, somebody else answers there.',
    retry: 'after-remedy',
  };
}

/** @param code OpenSSL's name for what is wrong (`DEPTH_ZERO_SELF_SIGNED_CERT`, …), or Node's for a name mismatch */
export function notTrusted(peer: Peer, code: string, offered: string | undefined): Problem {
  const shown = offered === undefined ? 'no certificate' : `the certificate ${fingerprintWords(offered)}`;
  return {
    code: 'tls-not-trusted',
    target: peer.label,
    summary: `${peer.name} shows ${shown}, which ${REFUSALS[code] ?? `does not verify (${plainText(code, 80)})`}. Nothing was sent.`,
    remedy:
      "Compare the fingerprint with the appliance's own. If it is right, pin it with tls.fingerprint, " +
      'or name the issuing CA in tls.caFile (for a VMCA certificate: the root from https://<vCenter>/certs/download.zip).',
    retry: 'after-remedy',
  };
}

const REFUSALS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed and not in the trusted list',
  SELF_SIGNED_CERT_IN_CHAIN: 'leads to a root that is not in the trusted list',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'has no issuer in the trusted list',
  UNABLE_TO_GET_ISSUER_CERT: 'has no issuer in the trusted list',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'has no issuer in the trusted list',
  CERT_SIGNATURE_FAILURE: 'was not signed by the trusted CA of its issuer’s name (a rebuilt CA has the old name and a new key)',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'does not carry the name of the configured address',
};

export function unusableTrust(peer: Peer, cause: unknown): Problem {
  return {
    code: 'config-invalid',
    target: peer.label,
    summary: `the trusted certificates for ${peer.name} cannot be used: ${plainText(messageOf(cause), 120)}`,
    remedy: 'Check that tls.caFile holds PEM certificates.',
    retry: 'after-remedy',
  };
}

export function handshakeTimeout(peer: Peer, ms: number): Problem {
  return {
    code: 'timeout',
    target: peer.label,
    summary: `${peer.name} did not complete TCP and TLS within ${ms / 1000} s`,
    remedy: 'Check address, port and firewalls between here and there: packets that vanish look like this.',
    retry: 'later',
  };
}

export function tooLarge(peer: Peer, path: string, maxBytes: number): Problem {
  return {
    code: 'too-large',
    target: peer.label,
    summary: `${peer.name} answered ${path} with more than ${Math.round(maxBytes / 1024)} KiB; the rest was not read`,
    remedy: 'No answer expected there is that large: check what listens on that address and port.',
    retry: 'after-remedy',
  };
}

/**
 * What a failed request means to the operator.
 * @param deadlinePassed our own time limit cut the request off, whatever error that surfaced as
 */
export function problemOf(error: unknown, peer: Peer, path: string, deadlinePassed: boolean): Problem {
  if (error instanceof WireError) return error.problem;
  if (deadlinePassed) {
    return {
      code: 'timeout',
      target: peer.label,
      summary: plainText(`${peer.name} did not answer ${path} in time`),
      remedy: 'Try again; if it stays slow, check the load of the vCenter and its services.',
      retry: 'later',
    };
  }
  const code = codeOf(error);
  const kind = kindOf(code, error);
  const { words, remedy, retry } = KINDS[kind];
  return { code: kind, target: peer.label, summary: `${peer.name} ${words}${code === '' ? '' : ` (${code})`}`, remedy, retry };
}

type Kind = Extract<ProblemCode, 'unreachable' | 'name-not-found' | 'timeout' | 'tls-failed' | 'bad-answer' | 'too-large'>;

const KINDS: Readonly<Record<Kind, { words: string; remedy: string; retry: Problem['retry'] }>> = {
  unreachable: {
    words: 'cannot be reached or hung up',
    remedy: 'Check that it runs, that address and port are right, and that a firewall lets this machine through.',
    retry: 'later',
  },
  'name-not-found': {
    words: 'has a name that does not resolve here',
    remedy: 'Check the spelling of the address and the DNS of this machine; connectTo can name an IP address.',
    retry: 'after-remedy',
  },
  timeout: {
    words: 'did not answer in time',
    remedy: 'Check address, port and firewalls between here and there: packets that vanish look like this.',
    retry: 'later',
  },
  'tls-failed': {
    words: 'did not complete the TLS handshake',
    remedy: 'Check that this port speaks TLS 1.2 or 1.3 (openssl s_client -connect host:port shows what it says).',
    retry: 'after-remedy',
  },
  'bad-answer': {
    words: 'answered something that is not HTTP',
    remedy: 'Check what listens on that address and port; expected is the HTTPS port of a vCenter, usually 443.',
    retry: 'after-remedy',
  },
  'too-large': {
    words: 'sent more headers than any vCenter does',
    remedy: 'Check what listens on that address and port; expected is the HTTPS port of a vCenter, usually 443.',
    retry: 'after-remedy',
  },
};

function kindOf(code: string, error: unknown): Kind {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN' || code === 'EAI_NODATA' || code === 'EAI_NONAME') return 'name-not-found';
  if (code === 'ETIMEDOUT' || code.endsWith('_TIMEOUT')) return 'timeout';
  if (code.startsWith('HPE_') || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') return 'bad-answer';
  if (error instanceof Error && error.name === 'HTTPParserError') return 'bad-answer';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'too-large';
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return 'tls-failed';
  return 'unreachable';
}

/** True where the peer closed the connection before it answered. */
export function isStaleConnection(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

/** Of several attempts (one per address of a name) the first that has a code. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && !hasCode(error)) return error.errors.map(codeOf).find((code) => code !== '') ?? '';
  return hasCode(error) ? error.code : '';
}

function hasCode(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
