import { z } from 'zod';
import { parseAddress, parseHostKey, parseHostPort, parseProviderUrl, parseTlsFingerprint } from './parse-values.js';

/**
 * What may stand in estate.yaml, as written: one schema for checking, for the published JSON Schema and for its descriptions.
 * What concerns several fields at once (exactly one of, unique ids) is checked by `cross-check.ts`.
 */

/** A string checked by one of our parsers, which say what is wrong and what to write instead. */
function text(parse: (text: string) => { ok: true } | { ok: false; error: { message: string; remedy: string } }) {
  return z.string().check((context) => {
    const parsed = parse(context.value);
    if (!parsed.ok) {
      const { message, remedy } = parsed.error;
      context.issues.push({ code: 'custom', message, params: { remedy }, input: context.value });
    }
  });
}

const filled = z.string().min(1);

const secret = z
  .strictObject({
    env: filled.optional().describe('Name of an environment variable that holds the secret.'),
    file: filled.optional().describe('File that holds the secret; a line end after it is ignored.'),
    command: z
      .array(filled)
      .min(1)
      .optional()
      .describe('Program and arguments, run without a shell; the first line it prints is the secret.'),
  })
  .meta({
    description: 'Where the secret comes from: exactly one of env, file, command. Plain text is refused.',
    oneOf: [{ required: ['env'] }, { required: ['file'] }, { required: ['command'] }],
  });

const port = z.int().min(1).max(65_535);
const connectTo = text(parseHostPort).describe(
  'host:port to open the TCP connection to; names and certificates are still checked against the address.',
);

const tls = z
  .strictObject({
    fingerprint: text(parseTlsFingerprint)
      .optional()
      .describe('SHA-256 fingerprint of the certificate on port 443: "SHA256 AB:CD:…" or plain hex.'),
    caFile: filled.optional().describe('PEM file with the CA certificates to trust.'),
  })
  .describe("How to know this vCenter: its fingerprint or its CA. Without it: the system's trust store.");

const ssh = z
  .strictObject({
    host: text(parseAddress).optional().describe('Default: the address of the vCenter.'),
    port: port.optional().describe('Default: 22, or what ~/.ssh/config says.'),
    username: filled.optional().describe('Default: root, or what ~/.ssh/config says.'),
    privateKeyFile: filled.optional(),
    passphrase: secret.optional().describe('Passphrase of the private key.'),
    agent: z.boolean().optional().describe('Use the keys of the SSH agent (SSH_AUTH_SOCK).'),
    password: secret.optional().describe('Password of the account, also used for keyboard-interactive.'),
    hostKey: text(parseHostKey).optional().describe('SHA-256 fingerprint of the host key as OpenSSH prints it: "SHA256:…".'),
    knownHostsFile: filled.optional().describe('known_hosts file that has the host key.'),
  })
  .describe('Shell access to the appliance. Without it the audit says what it cannot prove.');

const vcenter = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,62}$/, 'an id has letters, digits and . _ : - and at most 63 of them')
    .optional()
    .describe('Short name in reports and on the command line. Default: the first label of the address.'),
  address: text(parseAddress).describe(
    'Host name or IP address, with :port where it is not 443; an IPv6 address in brackets when a port follows.',
  ),
  connectTo: connectTo.optional(),
  username: filled.optional().describe('Account for vCenter Server, as in administrator@vsphere.local. Default: GOVC_USERNAME.'),
  password: secret.optional().describe('Default: GOVC_PASSWORD.'),
  tls: tls.optional(),
  ssh: ssh.optional(),
});

const provider = z.strictObject({
  url: text(parseProviderUrl).optional().describe('URL the provider is registered under.'),
  match: z
    .strictObject({
      url: text(parseProviderUrl).optional(),
      uid: filled.optional().describe('uid of the registration in SMS.'),
      arrayId: filled.optional().describe('Id of an array that the provider manages.'),
    })
    .optional()
    .describe('Which provider is meant, where the URL does not say it: exactly one of url, uid, arrayId.'),
  connectTo: connectTo.optional(),
  serverName: filled.optional().describe('Server name to indicate (SNI), for a virtual host of VASA 5.'),
  registration: z
    .strictObject({ name: filled, username: filled, password: secret })
    .optional()
    .describe('What registering this provider again needs.'),
});

export const estateSchema = z
  .strictObject({
    vcenters: z.array(vcenter).min(1).optional().describe('Default: one vCenter, from GOVC_URL.'),
    providers: z.array(provider).optional(),
    externalCa: z.strictObject({ certificateFile: filled.describe('PEM file with the chain of the external CA.') }).optional(),
  })
  .describe('The estate: every vCenter Server that shares VASA providers.');

export type EstateFile = z.infer<typeof estateSchema>;
export type VcenterEntry = NonNullable<EstateFile['vcenters']>[number];
export type ProviderEntry = NonNullable<EstateFile['providers']>[number];
export type SecretEntry = z.infer<typeof secret>;

/** The JSON Schema that editors read; `schemas/estate.schema.json` is this, written down. */
export function estateJsonSchema(): unknown {
  const schema = z.toJSONSchema(estateSchema, { target: 'draft-7', io: 'input' });
  return { $schema: schema.$schema, title: 'vasatrust estate.yaml', ...schema };
}
