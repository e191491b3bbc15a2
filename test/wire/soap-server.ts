import type { XmlElement } from '../../src/wire/xml.js';
import { type Asked, startServer, type TestServer } from './https-server.js';
import { sample, tree } from './wire-samples.js';

/** One call as it arrived. */
export interface Call {
  readonly method: string;
  readonly path: string;
  /** The method's element. */
  readonly request: XmlElement;
  readonly cookie: string | undefined;
  readonly vcSessionCookie: string | undefined;
  readonly soapAction: string;
}

export interface Answer {
  readonly status?: number;
  readonly headers?: Record<string, string | string[]>;
  readonly body: string | Buffer;
}

export type Answers = Record<string, (call: Call) => Answer>;

export interface SoapServer extends TestServer {
  readonly calls: Call[];
  /** Times that answers were let go, where they are held back: the number of round trips. */
  readonly rounds: () => number;
}

/**
 * A SOAP server that answers each method as told; what it was not told is a fault.
 * @param quietMs holds answers back until nothing new was asked for so long, then lets all of them go: one round
 */
export async function startSoapServer(answers: Answers, quietMs = 0): Promise<SoapServer> {
  const calls: Call[] = [];
  const gate = openGate(quietMs);
  const server = await startServer(async (asked, response) => {
    const call = callOf(asked);
    calls.push(call);
    const answer = answers[call.method]?.(call) ?? faulty('MethodNotFound', `no ${call.method} here`);
    await gate.pass();
    response.writeHead(answer.status ?? 200, { 'content-type': 'text/xml; charset=utf-8', ...answer.headers });
    response.end(answer.body);
  });
  return { ...server, calls, rounds: gate.rounds };
}

function openGate(quietMs: number): { pass(): Promise<void>; rounds(): number } {
  let waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let rounds = 0;
  const release = (): void => {
    rounds += 1;
    for (const go of waiting.splice(0)) go();
  };
  return {
    rounds: () => rounds,
    pass() {
      if (quietMs === 0) return Promise.resolve();
      clearTimeout(timer);
      timer = setTimeout(release, quietMs);
      return new Promise((resolve) => {
        waiting = [...waiting, resolve];
      });
    },
  };
}

function callOf(asked: Asked): Call {
  const envelope = tree(asked.body);
  const header = envelope.children.find((child) => child.name === 'Header');
  const request = envelope.children.find((child) => child.name === 'Body')?.children[0];
  if (request === undefined) throw new Error('no method in the body');
  return {
    method: request.name,
    path: asked.path,
    request,
    cookie: asked.headers.cookie,
    vcSessionCookie: header?.children[0]?.text,
    soapAction: String(asked.headers.soapaction),
  };
}

const OPEN =
  '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soapenv:Body>';
const CLOSE = '</soapenv:Body></soapenv:Envelope>';

/** `<MethodResponse>` around what is given. */
export const answering = (method: string, inner: string, namespace = 'urn:vim25'): Answer => ({
  body: `${OPEN}<${method}Response xmlns="${namespace}">${inner}</${method}Response>${CLOSE}`,
});

export const faulty = (type: string, message = type, detail = ''): Answer => ({
  status: 500,
  body: `${OPEN}<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>${message}</faultstring><detail><${type}Fault xmlns="urn:vim25" xsi:type="${type}">${detail}</${type}Fault></detail></soapenv:Fault>${CLOSE}`,
});

export const sampleAnswer = (name: string, status = 200): Answer => ({ status, body: sample(name) });

/** A vCenter as far as the login; each login gives the next session. */
export function loginAnswers(): Answers {
  let logins = 0;
  return {
    RetrieveServiceContent: () => sampleAnswer('resp-vim-RetrieveServiceContent'),
    Login: () => {
      logins += 1;
      return {
        ...sampleAnswer('resp-vim-Login'),
        headers: { 'set-cookie': `vmware_soap_session="session-${logins}"; Path=/; HttpOnly; Secure;` },
      };
    },
    Logout: () => sampleAnswer('resp-vim-Logout'),
  };
}
