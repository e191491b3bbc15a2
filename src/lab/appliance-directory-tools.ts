import type { DerBase64 } from '../model/ids.js';
import { absolutePath } from './appliance-files.js';
import { type Call, complain, type Outcome, type Program, print } from './appliance-program.js';
import { readAll } from './appliance-streams.js';
import { certificateInText, keyIdentifier, readCertificate } from './sps-trust.js';

export const directoryTools: readonly (readonly [string, Program])[] = [
  ['dir-cli', { run: dirCli, folders: ['/usr/lib/vmware-vmafd/bin'], onPath: false }],
];

/** What the published source reads of a password that is typed; the rest is left in the pipe. Not tried on an appliance. */
const LONGEST_PASSWORD = 32;

/**
 * `dir-cli trustedcert publish|list`: the directory, which in the lab is TRUSTED_ROOTS itself. Formats of `list`: the open-source tool. The
 * password is prompted for and read from stdin, terminal or not; the texts of success and failure are from memory.
 */
async function dirCli(call: Call): Promise<Outcome> {
  const [object, verb, ...options] = call.args;
  if (object !== 'trustedcert' || (verb !== 'publish' && verb !== 'list')) return complain('Usage: dir-cli { arguments }');
  const login = after(options, '--login') ?? '';
  const given = after(options, '--password');
  const prompt = given === undefined ? `Enter password for ${login}: \n` : '';
  const password = given ?? (await readAll(call.stdin)).toString('utf8').split('\n', 1)[0]?.slice(0, LONGEST_PASSWORD);
  const account = call.vcenter.accounts.find((one) => one.username.toLowerCase() === login.toLowerCase());
  if (account === undefined || account.password !== password) {
    return {
      code: 1,
      stdout: prompt,
      stderr: 'dir-cli failed. Error 9234: Possible errors:\nLDAP error: Invalid credentials\n',
    };
  }
  return verb === 'list' ? print(`${prompt}${listText(call.vcenter.trustedRoots)}`) : publish(call, options, prompt);
}

function publish(call: Call, options: readonly string[], prompt: string): Outcome {
  const { vcenter, world } = call;
  const file = after(options, '--cert');
  const text = file === undefined ? undefined : call.files.read(absolutePath(call.cwd, file))?.content.toString('latin1');
  if (text === undefined) return { code: 1, stdout: prompt, stderr: `dir-cli failed. Error 2: cannot open ${file ?? ''}\n` };
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  // Without --chain only the first certificate of the file is taken.
  const wanted = (options.includes('--chain') ? blocks : blocks.slice(0, 1)).map(certificateInText);
  const certificates = wanted.flatMap((der) => der ?? []);
  if (
    certificates.length === 0 ||
    certificates.length < wanted.length ||
    !certificates.every((der) => readCertificate(der)?.ca)
  ) {
    return { code: 1, stdout: prompt, stderr: 'dir-cli failed. Error 382312518: not a CA certificate\n' };
  }
  vcenter.trustedRoots = [...new Set([...vcenter.trustedRoots, ...certificates])];
  for (const der of certificates)
    world.record.push({
      at: world.now().toISOString(),
      where: vcenter.id,
      kind: 'change',
      what: `trusted root ${keyIdentifier(der) ?? ''} published`,
      outcome: 'done',
    });
  return print(`${prompt}Certificate published successfully\n`);
}

function listText(roots: readonly DerBase64[]): string {
  const entries = roots.map((der, index) => {
    const subject = readCertificate(der)?.subject.split('\n').reverse().join(', ') ?? '';
    return `#${index + 1}:\nCN(id):\t\t${(keyIdentifier(der) ?? '').toUpperCase()}\nSubject DN:\t${subject}\nCRL present:\tno\n`;
  });
  return `Number of certificates:\t${roots.length}\n${entries.join('')}`;
}

const after = (args: readonly string[], name: string): string | undefined =>
  args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
