import { err, type Problem, type Result } from '../model/problem.js';
import { isAllowedRead } from '../wire/appliance-facts.js';
import type { HttpsClient, HttpsRequest } from '../wire/https.js';
import type { VcenterShell } from '../wire/vcenter-shell.js';
import { child, parseXml } from '../wire/xml.js';

/**
 * Everything that collecting may ask of a vCenter: logins, views, queries, reads. The clients of collecting are wrapped in the guards
 * below, so that a call that is not listed here never leaves this machine, whoever asks for it.
 */
const SOAP_METHODS: Readonly<Record<'/sdk' | '/sms/sdk', ReadonlySet<string>>> = {
  '/sdk': new Set([
    'RetrieveServiceContent',
    'Login',
    'Logout',
    'CurrentTime',
    'CreateContainerView', // A view lives in the session and ends with it: nothing of the estate changes.
    'DestroyView',
    'RetrievePropertiesEx',
    'ContinueRetrievePropertiesEx',
    'CancelRetrievePropertiesEx',
    'QueryOptions',
    'ListCACertificates',
    'RetrieveCertificateInfoList',
    'getVchaConfig',
    'getClusterMode',
  ]),
  '/sms/sdk': new Set([
    'QueryStorageManager',
    'QueryAboutInfo',
    'QueryProvider',
    'QueryProviderInfo',
    'QueryArray',
    'QueryStorageContainer',
    'QuerySmsTaskInfo',
    'QuerySmsTaskResult',
  ]),
};

/** Besides opening and closing its own session, REST is only read. */
const REST_SESSIONS = new Set(['/api/session', '/rest/com/vmware/cis/session']);
const READ_PATHS: readonly RegExp[] = [
  /^\/certs\/download\.zip$/,
  /^\/api\/session$/,
  /^\/(api|rest)\/vcenter\/certificate-management\/vcenter\/(tls|trusted-root-chains(\/[^/?]+)?)$/,
  /^\/(api|rest)\/vcenter\/services(\/[^/?]+)?$/,
  /^\/rest\/appliance\/vmon\/service(\/[^/?]+)?$/,
  /^\/(api|rest)\/vcenter\/topology\/nodes$/,
];

export function isAllowedRequest(request: HttpsRequest): boolean {
  if (request.path === '/sdk' || request.path === '/sms/sdk') {
    const method = request.method === 'POST' ? soapMethod(request.body ?? '') : undefined;
    return method !== undefined && SOAP_METHODS[request.path].has(method);
  }
  if (request.method === 'GET') return READ_PATHS.some((allowed) => allowed.test(request.path));
  return REST_SESSIONS.has(request.path);
}

/** Whether it opens or ends a session: an interrupted run lets the one finish, and still sends the other. */
export function sessionCall(request: HttpsRequest): 'opens' | 'ends' | undefined {
  if (request.path === '/sdk') {
    const method = soapMethod(request.body ?? '');
    return method === 'Login' ? 'opens' : method === 'Logout' ? 'ends' : undefined;
  }
  if (!REST_SESSIONS.has(request.path) || request.method === 'GET') return undefined;
  return request.method === 'DELETE' ? 'ends' : 'opens';
}

/** Read as the server will read it, so that nothing can stand before the one call that counts. */
function soapMethod(body: string): string | undefined {
  const parsed = parseXml(Buffer.from(body));
  const calls = parsed.ok ? (child(parsed.value, 'Body')?.children ?? []) : [];
  return calls.length === 1 ? calls[0]?.name : undefined;
}

export { isAllowedRead as isAllowedCommand };

/** The same client, unable to send anything that is not listed. */
export function readOnlyHttps(client: HttpsClient): HttpsClient {
  return {
    label: client.label,
    close: () => client.close(),
    request: async (request): ReturnType<HttpsClient['request']> =>
      isAllowedRequest(request) ? client.request(request) : err(notAllowed(client.label, `${request.method} ${request.path}`)),
  };
}

/** The same shell, unable to run anything that is not listed. */
export function readOnlyShell(shell: VcenterShell, label: string): VcenterShell {
  return {
    kind: shell.kind,
    remoteAddress: shell.remoteAddress,
    hostKeySha256: shell.hostKeySha256,
    close: () => shell.close(),
    run: async (argv, options): ReturnType<VcenterShell['run']> =>
      isAllowedRead(argv) ? shell.run(argv, options) : refuse(label, argv[0] ?? 'nothing'),
  };
}

function refuse(label: string, what: string): Result<never> {
  return err(notAllowed(label, what));
}

function notAllowed(target: string, what: string): Problem {
  return {
    code: 'call-not-allowed',
    target,
    summary: `${what} is not on the list of what an audit may do; it was not sent`,
    remedy: 'This is a mistake in vasatrust: report it. Nothing was changed.',
    retry: 'never',
  };
}
