import { err, interrupted } from '../model/problem.js';
import type { HttpsClient } from '../wire/https.js';
import { sessionCall } from './allowed-calls.js';

/**
 * Cuts off what is under way once `signal` is aborted, and sends nothing new. A login that was sent is waited for, and a logout is still
 * sent: so no session is left open on the vCenter.
 */
export function interruptibleHttps(https: HttpsClient, signal: AbortSignal | undefined): HttpsClient {
  if (signal === undefined) return https;
  return {
    label: https.label,
    close: () => https.close(),
    async request(request) {
      const session = sessionCall(request);
      if (session === 'ends') return https.request(request);
      if (signal.aborted) return err(interrupted(https.label));
      return https.request(session === 'opens' ? request : { ...request, signal });
    },
  };
}
