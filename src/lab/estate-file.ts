import { stringify } from 'yaml';
import { fingerprint } from './pki.js';
import type { LabProvider, LabVcenter, LabWorld } from './world.js';

export interface EstateEndpoints {
  /** vCenter id → port of its 443 on 127.0.0.1. */
  readonly vcenters: ReadonlyMap<string, number>;
  /** Provider name → where its URL leads. */
  readonly providers: ReadonlyMap<string, { readonly host: string; readonly port: number }>;
  /** vCenter id → SSH; missing: no `ssh` in the file. */
  readonly appliances: ReadonlyMap<string, { readonly port: number; readonly hostKeySha256: string; readonly auth: SshLogin }>;
  readonly account: 'administrator' | 'auditor';
}

export type SshLogin =
  | { readonly kind: 'key'; readonly privateKeyFile: string }
  | { readonly kind: 'password' }
  /** Key first, then the password. */
  | { readonly kind: 'key-and-password'; readonly privateKeyFile: string };

/** An estate.yaml that reaches the lab: addresses as in the world, connections to this machine, pins instead of trust, secrets by variable. */
export function estateYaml(world: LabWorld, at: EstateEndpoints): string {
  const vcenters = world.vcenters.map((vcenter) => {
    const ssh = at.appliances.get(vcenter.id);
    return {
      id: vcenter.id,
      address: vcenter.address,
      connectTo: `127.0.0.1:${at.vcenters.get(vcenter.id)}`,
      username: accountOf(vcenter, at.account).username,
      password: { env: ssoVariable(vcenter) },
      tls: { fingerprint: `SHA256 ${fingerprint(vcenter.machineSsl.certificate)}` },
      ...(ssh ? { ssh: sshEntry(vcenter, ssh) } : {}),
    };
  });
  const providers = providerUrls(world).flatMap(({ url, provider, name }) => {
    const to = at.providers.get(provider.name);
    if (!to) return [];
    return [
      {
        url,
        connectTo: to.host.includes(':') ? `[${to.host}]:${to.port}` : `${to.host}:${to.port}`,
        registration: { name, username: provider.credentials.username, password: { env: providerVariable(provider) } },
      },
    ];
  });
  return stringify({ vcenters, providers }, { lineWidth: 0 });
}

/** Every secret that the file names, with its value. */
export function estateSecrets(world: LabWorld, account: EstateEndpoints['account']): Record<string, string> {
  const secrets: Record<string, string> = {};
  for (const vcenter of world.vcenters) {
    const refused = world.faults.some((fault) => fault.kind === 'wrong-password' && fault.where === vcenter.id);
    secrets[ssoVariable(vcenter)] = refused ? 'not the password' : accountOf(vcenter, account).password;
    secrets[rootVariable(vcenter)] = vcenter.appliance.rootPassword;
  }
  for (const { provider } of providerUrls(world)) secrets[providerVariable(provider)] = provider.credentials.password;
  return secrets;
}

/** External URLs, each spelling once, in the order the vCenters have them. Internal providers are nobody's to configure. */
function providerUrls(world: LabWorld): { url: string; provider: LabProvider; name: string }[] {
  const found = new Map<string, { url: string; provider: LabProvider; name: string }>();
  const byName = new Map(world.providers.map((provider) => [provider.name, provider]));
  for (const registration of world.vcenters.flatMap((vcenter) => vcenter.registrations)) {
    const provider = byName.get(registration.provider);
    if (!provider || registration.category === 'internal' || found.has(registration.url)) continue;
    found.set(registration.url, { url: registration.url, provider, name: registration.name });
  }
  return [...found.values()];
}

function sshEntry(vcenter: LabVcenter, at: { port: number; hostKeySha256: string; auth: SshLogin }): Record<string, unknown> {
  return {
    host: '127.0.0.1',
    port: at.port,
    username: 'root',
    ...(at.auth.kind === 'password' ? {} : { privateKeyFile: at.auth.privateKeyFile }),
    ...(at.auth.kind === 'key' ? {} : { password: { env: rootVariable(vcenter) } }),
    hostKey: at.hostKeySha256,
  };
}

function accountOf(vcenter: LabVcenter, which: EstateEndpoints['account']): LabVcenter['accounts'][number] {
  const account = vcenter.accounts.find((one) => one.username.startsWith(`${which}@`));
  if (!account) throw new Error(`${vcenter.id} has no account ${which}`);
  return account;
}

const variable = (name: string, rest: string): string => `LAB_${name.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}_${rest}`;
const ssoVariable = (vcenter: LabVcenter): string => variable(vcenter.id, 'PASSWORD');
const rootVariable = (vcenter: LabVcenter): string => variable(vcenter.id, 'ROOT_PASSWORD');
const providerVariable = (provider: LabProvider): string => variable(provider.name, 'VASA_PASSWORD');
