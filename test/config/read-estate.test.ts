import { describe, expect, test } from 'vitest';
import { readEstate } from '../../src/config/read-estate.js';

const NOTHING = { username: false, password: false, url: false };
const vcenter = (extra: string) =>
  `vcenters:\n  - address: vc65.lab.example\n    username: a\n    password: { env: P }\n${extra}`;

/** `line:column path` of every mistake. */
function places(text: string, fallback = NOTHING): string[] {
  const read = readEstate(text, fallback);
  return read.ok ? [] : read.error.map(({ line, column, path }) => `${line}:${column} ${path}`);
}

function onlyMistake(text: string, fallback = NOTHING) {
  const read = readEstate(text, fallback);
  if (read.ok) throw new Error('accepted');
  expect(read.error.map(({ path }) => path)).toHaveLength(1);
  const [mistake] = read.error;
  if (!mistake) throw new Error('no mistake');
  return mistake;
}

test('five mistakes of five kinds are reported at once, each with its line', () => {
  const text = `vcenters:
  - address: vc65.lab.example
    usrname: administrator@vsphere.local
    password: hunter2-in-the-file
    tls: { fingerprint: "5D:0C:6B:1F" }
  - address: vc65.other.example
    username: a
    password: { env: P, file: f }
    ssh: { username: root }
`;
  expect(places(text)).toEqual([
    '2:5 vcenters[0]', // username is missing
    '3:5 vcenters[0].usrname',
    '4:15 vcenters[0].password',
    '5:25 vcenters[0].tls.fingerprint',
    '6:14 vcenters[1].address', // the id vc65 is taken
    '8:5 vcenters[1].password',
    '9:5 vcenters[1].ssh',
  ]);
});

describe('each mistake has its remedy', () => {
  for (const { name, text, message, remedy } of [
    { name: 'an empty file', text: '', message: /no vCenter/, remedy: /GOVC_URL/ },
    { name: 'an empty list', text: 'vcenters: []', message: /empty/, remedy: /at least one/ },
    { name: 'a scalar instead of an estate', text: 'hello', message: /must be a block/, remedy: /examples/ },
    { name: 'a misspelt key', text: vcenter('    adress: x\n'), message: /not a key/, remedy: /Did you mean `address`/ },
    { name: 'an unknown key', text: vcenter('    flavour: x\n'), message: /not a key/, remedy: /Known here: id, address/ },
    { name: 'insecure', text: vcenter('    insecure: true\n'), message: /not a key/, remedy: /no way to skip the check/ },
    { name: 'a key at the top', text: `provider: []\n${vcenter('')}`, message: /not a key/, remedy: /`providers`/ },
    {
      name: 'a number as text',
      text: 'vcenters: [{ address: a, username: 5, password: { env: P } }]',
      message: /not text/,
      remedy: /quotes/,
    },
    {
      name: 'a port of zero',
      text: vcenter('    ssh: { port: 0, agent: true, knownHostsFile: x }\n'),
      message: /is less than 1/,
      remedy: /larger number/,
    },
    { name: 'an empty value', text: vcenter('    tls: { caFile: }\n'), message: /is empty/, remedy: /remove the key/ },
    { name: 'an empty tls', text: vcenter('    tls: {}\n'), message: /says nothing/, remedy: /trust store/ },
    {
      name: 'two kinds of TLS trust',
      text: vcenter(`    tls: { caFile: x, fingerprint: "${'ab'.repeat(32)}" }\n`),
      message: /both/,
      remedy: /Keep one/,
    },
    {
      name: 'a SHA-1 pin',
      text: vcenter(`    tls: { fingerprint: "${'AB:'.repeat(19)}AB" }\n`),
      message: /SHA-1/,
      remedy: /SHA-256/,
    },
    {
      name: 'SSH without a pin',
      text: vcenter('    ssh: { agent: true }\n'),
      message: /hostKey or knownHostsFile/,
      remedy: /no accept-new/,
    },
    {
      name: 'SSH with two pins',
      text: vcenter(`    ssh: { hostKey: "SHA256:${'a'.repeat(43)}", knownHostsFile: x }\n`),
      message: /both/,
      remedy: /Keep one/,
    },
    {
      name: 'an MD5 host key',
      text: vcenter(`    ssh: { hostKey: "MD5:${'ab:'.repeat(15)}ab" }\n`),
      message: /MD5/,
      remedy: /ssh-keygen/,
    },
    {
      name: 'a port out of range',
      text: vcenter('    ssh: { port: 70000, knownHostsFile: x }\n'),
      message: /more than 65535/,
      remedy: /smaller/,
    },
    {
      name: 'a passphrase without a key',
      text: vcenter('    ssh: { knownHostsFile: x, passphrase: { env: A } }\n'),
      message: /no private key/,
      remedy: /privateKeyFile/,
    },
    {
      name: 'a URL as address',
      text: 'vcenters: [{ address: "https://vc/", username: a, password: { env: P } }]',
      message: /URL/,
      remedy: /host name alone/,
    },
    {
      name: 'a provider without a name',
      text: vcenter('providers: [{ serverName: x }]\n'),
      message: /which provider/,
      remedy: /url: https/,
    },
    { name: 'an http provider', text: vcenter('providers: [{ url: "http://a/" }]\n'), message: /https/, remedy: /8084/ },
    {
      name: 'a provider named twice',
      text: vcenter('providers: [{ match: { uid: a, arrayId: b } }]\n'),
      message: /exactly one/,
      remedy: /Keep/,
    },
    { name: 'a tab', text: 'vcenters:\n\t- address: a\n', message: /tab/, remedy: /spaces/ },
    { name: 'an open quote', text: 'vcenters:\n  - address: "a\n', message: /missing/, remedy: /Close/ },
    { name: 'a second document', text: `${vcenter('')}---\nvcenters: []\n`, message: /second document/, remedy: /---/ },
    { name: 'a duplicate key', text: vcenter('    username: b\n'), message: /twice/, remedy: /Keep one/ },
    { name: 'an id with blanks', text: vcenter('    id: "vc 65"\n'), message: /an id has/, remedy: /./ },
  ]) {
    test(name, () => {
      const mistake = onlyMistake(text);
      expect(mistake.message).toMatch(message);
      expect(mistake.remedy).toMatch(remedy);
      expect(mistake.line).toBeGreaterThan(0);
    });
  }
});

describe('a password in plain text is refused and never repeated', () => {
  for (const written of [
    'hunter2-canary',
    '"hunter2-canary"',
    '[hunter2-canary]',
    'hunter2-canary: x',
    '"hunter2-canary',
    "'hunter2-canary",
    '!hunter2-canary x',
  ]) {
    test(written, () => {
      const read = readEstate(`vcenters:\n  - address: a\n    username: b\n    password: ${written}\n`, NOTHING);
      expect(read.ok).toBe(false);
      const { error } = read as { error: readonly { message: string; remedy: string }[] };
      expect(JSON.stringify(error.map(({ message, remedy }) => [message, remedy]))).not.toContain('hunter2-canary');
    });
  }
  test('says where a secret may come from', () => {
    expect(onlyMistake('vcenters: [{ address: a, username: b, password: secret }]').remedy).toMatch(
      /env: NAME.*file: PATH.*command/,
    );
  });
});

describe('what the environment provides may be missing in the file', () => {
  test('user name and password', () => {
    expect(places('vcenters: [{ address: a }]', { username: true, password: true, url: false })).toEqual([]);
    expect(places('vcenters: [{ address: a }]')).toEqual(['1:12 vcenters[0]', '1:12 vcenters[0]']);
  });
  test('the vCenter itself', () => {
    expect(places('providers: []', { username: true, password: true, url: true })).toEqual([]);
  });
});

describe('files made to exhaust us', () => {
  test('aliases that multiply', () => {
    const rows = Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
    expect(onlyMistake(`a0: &a0 [x]\n${rows.join('\n')}`).message).toMatch(/aliases or nesting/);
  });
  test('nesting without end', () => {
    expect(readEstate(`vcenters: ${'['.repeat(200_000)}`, NOTHING).ok).toBe(false);
  });
  test('a few aliases are fine, and mistakes behind them are found', () => {
    const text = `vcenters:
  - &base
    address: vc65.a.example
    username: a
    password: { env: P }
  - <<: *base
    address: vc66.a.example
    tls: { fingerprint: nonsense }
`;
    expect(places(text)).toEqual(['8:25 vcenters[1].tls.fingerprint']);
  });
  test('keys that objects have anyway are unknown keys', () => {
    expect(places(`constructor: 1\ntoString: 2\n${vcenter('')}`)).toEqual(['1:1 constructor', '2:1 toString']);
  });
});

test('one vCenter under two names is one mistake', () => {
  const text = `vcenters:
  - { address: VC65.lab.example, username: a, password: { env: P } }
  - { id: other, address: vc65.lab.example:443, username: a, password: { env: P } }
`;
  expect(onlyMistake(text).message).toMatch(/address of vcenters\[0\] too/);
});
