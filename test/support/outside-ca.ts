import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A CA as somebody outside runs it with OpenSSL: a root and an issuing CA, in files of a folder of their own. */
export class OutsideCa {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async found(folder: string): Promise<OutsideCa> {
    mkdirSync(folder);
    const ca = new OutsideCa(folder);
    writeFileSync(join(folder, 'ca.ext'), CA_EXTENSIONS);
    const key = (name: string) => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
    const root = ['-x509', '-days', '3650', '-config', 'ca.ext', '-extensions', 'root', '-subj', '/O=Example/CN=Example Root CA'];
    await ca.#openssl('req', ...root, ...key('root'), '-out', 'root.pem');
    await ca.#openssl(
      'req',
      '-new',
      '-config',
      'ca.ext',
      '-subj',
      '/O=Example/CN=Example Issuing CA',
      ...key('issuing'),
      '-out',
      'issuing.csr',
    );
    await ca.#sign('issuing.csr', 'root', 'issuing.pem', ['-days', '1825', '-extfile', 'ca.ext', '-extensions', 'issuing']);
    writeFileSync(
      join(folder, 'chain.pem'),
      ['issuing', 'root'].map((name) => readFileSync(join(folder, `${name}.pem`), 'utf8')).join(''),
    );
    return ca;
  }

  /** Issuing CA first, root last. */
  get chainFile(): string {
    return join(this.#folder, 'chain.pem');
  }

  /** Signs a request for a year, with the names it asks for; the answer holds leaf and issuing CA, as many CAs send it. */
  async answer(request: string, answer: string): Promise<void> {
    await this.#sign(request, 'issuing', 'leaf.pem', [
      '-days',
      '365',
      '-copy_extensions',
      'copy',
      '-extfile',
      'ca.ext',
      '-extensions',
      'leaf',
    ]);
    writeFileSync(answer, ['leaf', 'issuing'].map((name) => readFileSync(join(this.#folder, `${name}.pem`), 'utf8')).join(''));
  }

  async #sign(request: string, by: string, out: string, options: readonly string[]): Promise<void> {
    await this.#openssl(
      'x509',
      '-req',
      '-sha256',
      '-in',
      request,
      '-CA',
      `${by}.pem`,
      '-CAkey',
      `${by}.key`,
      ...options,
      '-out',
      out,
    );
  }

  async #openssl(...args: readonly string[]): Promise<void> {
    await run('openssl', [...args], { cwd: this.#folder, timeout: 60_000 });
  }
}

const CA_EXTENSIONS = `[req]
distinguished_name = name
[name]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[issuing]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[leaf]
authorityKeyIdentifier = keyid
`;
