import type { LabWorld } from '../../src/lab/world.js';

/** Characters that XML, JSON, YAML, URLs, shells and Markdown each treat in their own way. */
export const canary = (what: string) => `Ca"n'a$(r)\\y &amp;<b> %41 ünï→日本 ${what}`;

/** Without ESC and BEL where XML carries it: XML 1.0 cannot. */
const OVER_XML = '\u009b2J\u202egnp.exe\u200b<script>';
const OVER_SSH = '\u001b[31mred\u001b]0;title\u0007\u009b2J\u202e';

export function spoil(world: LabWorld): void {
  for (const vcenter of world.vcenters) {
    for (const [index, account] of vcenter.accounts.entries())
      Object.assign(account, { password: canary(`sso-${vcenter.id}-${index}`) });
    vcenter.appliance.rootPassword = canary(`root-${vcenter.id}`);
    for (const registration of vcenter.registrations) registration.name += OVER_XML;
    for (const vm of vcenter.vms) Object.assign(vm, { name: vm.name + OVER_XML });
    for (const datastore of vcenter.datastores) Object.assign(datastore, { name: datastore.name + OVER_XML });
    const store = vcenter.vecs.get('SMS') ?? [];
    const [first] = store;
    if (first !== undefined) store.push({ ...first, alias: `alias ${OVER_SSH}` });
  }
  for (const provider of world.providers) Object.assign(provider.credentials, { password: canary(`provider-${provider.name}`) });
}

/** How a secret may look after it went through something. */
export function formsOf(secret: string, usernames: readonly string[]): string[] {
  const xml = secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const markdown = secret.replace(/[\\`*_[\]|~$]/g, '\\$&').replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
  const basic = [...usernames, 'root'].map((name) => Buffer.from(`${name}:${secret}`).toString('base64'));
  const base64 = Buffer.from(secret).toString('base64');
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    xml,
    xml.replaceAll('"', '&quot;').replaceAll("'", '&apos;'),
    markdown,
    base64,
    base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
    ...basic,
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
    new URLSearchParams({ '': secret }).toString().slice(1),
  ];
}

/** What a terminal would obey or a reader not see: C0 but for line end and tab, DEL, C1, bidirectional and zero-width characters. */
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]/;

/** What stands around the first such character, itself spelled out; empty where there is none. */
export function excerpt(text: string): string {
  const at = text.search(OBEYED);
  return at < 0
    ? ''
    : JSON.stringify(text.slice(Math.max(0, at - 60), at + 20)).replace(
        /[^ -~]/g,
        (char) => `<${char.charCodeAt(0).toString(16)}>`,
      );
}
