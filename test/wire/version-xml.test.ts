import { afterEach, describe, expect, test } from 'vitest';
import { readVersionXml } from '../../src/wire/version-xml.js';
import { startRaw, startServer } from './https-server.js';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});
const closing = <T extends { close(): Promise<void> }>(one: T): T => {
  open.push(one);
  return one;
};

const XML = '<?xml version="1.0"?><supportedVersions><version id="3.0"/></supportedVersions>';
const at = (port: number, more: { sni?: string; url?: string } = {}) => ({
  url: 'https://vp1.lab.test:8084/vasa/version.xml?a=b',
  connectTo: { host: '127.0.0.1', port },
  ...more,
});
async function code(port: number, timeoutMs = 3_000): Promise<string> {
  const result = await readVersionXml(at(port), timeoutMs);
  return result.ok ? 'read' : result.error.code;
}

test('the text under the URL, from a peer that nobody verified', async () => {
  const server = closing(await startServer((_asked, response) => void response.end(XML)));
  expect(await readVersionXml(at(server.port), 3_000)).toEqual({ ok: true, value: XML });
  expect(server.asked).toMatchObject([{ method: 'GET', path: '/vasa/version.xml?a=b', headers: { host: 'vp1.lab.test:8084' } }]);
  expect(server.asked[0]?.headers).not.toHaveProperty('authorization');
});

test('the server name that was asked for, or none', async () => {
  const server = closing(await startServer((_asked, response) => void response.end(XML)));
  for (const sni of ['vc65.array1', undefined, '192.0.2.7']) {
    expect((await readVersionXml(at(server.port, sni === undefined ? {} : { sni }), 3_000)).ok).toBe(true);
  }
  expect(server.names).toEqual(['vc65.array1', false, false]);
});

describe('what goes wrong', () => {
  test('a text without end is not read to its end', async () => {
    const server = closing(
      await startServer((_asked, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write(Buffer.alloc(16_384)));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      }),
    );
    expect(await code(server.port)).toBe('too-large');
  });

  test('no such page', async () => {
    const server = closing(await startServer((_asked, response) => void response.writeHead(404).end()));
    expect(await code(server.port)).toBe('bad-answer');
  });

  test('silence before or within the answer', async () => {
    const silent = closing(await startRaw(() => {}));
    const half = closing(await startServer((_asked, response) => void response.write('half')));
    expect([await code(silent.port, 200), await code(half.port, 200)]).toEqual(['timeout', 'timeout']);
  });

  test('nobody there, and no TLS', async () => {
    const gone = await startRaw(() => {});
    await gone.close();
    const plain = closing(await startRaw((socket) => void socket.write('SSH-2.0-x\r\n')));
    expect([await code(gone.port), await code(plain.port)]).toEqual(['unreachable', 'tls-failed']);
  });

  test('an address that is none', async () => {
    for (const url of ['http://vp1.lab.test/version.xml', 'vp1', '', 'https://']) {
      const result = await readVersionXml({ url }, 1_000);
      expect(result.ok ? 'read' : result.error.code).toBe('not-supported');
    }
  });
});
