import type { Problem } from '../model/problem.js';
import { plainText, redact } from './redact.js';

/** Undefined where it is not JSON in UTF-8. */
export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

/** What a REST status other than success means. `secrets` are kept out of the text the server sends along. */
export function restProblem(
  target: string,
  path: string,
  status: number,
  body: Uint8Array,
  secrets: readonly string[] = [],
): Problem {
  const message = redact(messageOf(readJson(body)) ?? '', secrets);
  const said = plainText(`${target}: ${path} answered HTTP ${status}${message === '' ? '' : `: ${message}`}`);
  if (status === 404 || status === 405 || status === 501) return notSupported(target, said);
  if (status === 401) {
    return {
      code: 'session-expired',
      target,
      summary: said,
      remedy: 'Run again. If it keeps happening, look for something that ends REST sessions on this vCenter.',
      retry: 'later',
    };
  }
  if (status === 403) {
    return {
      code: 'no-permission',
      target,
      summary: said,
      remedy: "Give the account the role Read-only (System.Read) at the vCenter's root object, propagated.",
      retry: 'after-remedy',
    };
  }
  if (status >= 500) {
    return {
      code: 'fault',
      target,
      summary: said,
      remedy: 'Check the services vapi-endpoint and certificatemanagement on the appliance, then run again.',
      retry: 'later',
    };
  }
  return wrongShape(target, path, said);
}

export function notSupported(target: string, summary: string): Problem {
  return { code: 'not-supported', target, summary, remedy: 'Nothing to do: this version has no such call.', retry: 'never' };
}

export function wrongShape(
  target: string,
  path: string,
  summary = plainText(`${target}: ${path} answered something of an unknown form`),
): Problem {
  return {
    code: 'bad-answer',
    target,
    summary,
    remedy: 'Check that address and port are those of a vCenter, with no proxy or login page in between.',
    retry: 'after-remedy',
  };
}

/** First message of a vAPI error: `{messages: [{default_message}]}`, under `value` in `/rest`. */
function messageOf(json: unknown): string | undefined {
  const error = field(json, 'value') ?? json;
  const messages = field(error, 'messages');
  const text = Array.isArray(messages) ? field(messages[0], 'default_message') : undefined;
  return typeof text === 'string' ? text : undefined;
}

/** A member of an object that came as JSON; undefined where it is none or lacks it. */
export function field(json: unknown, name: string): unknown {
  return json !== null && typeof json === 'object' && Object.hasOwn(json, name)
    ? (json as Record<string, unknown>)[name]
    : undefined;
}
