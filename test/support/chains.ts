import type { KeyPairKeyObjectResult } from 'node:crypto';
import { explicit, implicit, sequence } from './der.js';
import { extension, type Minted, type MintOptions, mintCa, mintLeaf, nameDer, newKeys } from './mint.js';

/** The moment at which chains are judged; everything ordinary is valid then. */
export const JUDGED_AT = new Date('2026-01-01T00:00:00Z');

/** One leaf, what was served with it and what is trusted, made from a seed; see `chainsFrom`. */
export interface Chain {
  /** What was done to an ordinary chain, in words. */
  readonly mutations: readonly string[];
  readonly leaf: Minted;
  readonly pool: readonly Minted[];
  readonly anchors: readonly Minted[];
}

export interface ChainOptions {
  /** Mint the same chain with every key identifier there and telling the truth; in version 3, which alone has them. */
  readonly honestKeyIds?: boolean;
}

/** Small, fast, repeatable; good enough to choose among cases. */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PAST = { notBefore: new Date('2015-01-01T00:00:00Z'), notAfter: new Date('2020-01-01T00:00:00Z') };
const FUTURE = { notBefore: new Date('2030-01-01T00:00:00Z'), notAfter: new Date('2040-01-01T00:00:00Z') };
const UNKNOWN_CRITICAL = extension('1.3.6.1.4.1.99999.1', Buffer.from('0500', 'hex'), true);

let keyPool: KeyPairKeyObjectResult[] | undefined;
/** Keys differ from run to run; who shares one with whom does not. The ranges keep keys apart that are meant to differ. */
function keysOf(n: number): KeyPairKeyObjectResult {
  keyPool ??= Array.from({ length: 60 }, (_, i) => newKeys(i === 5 ? 'rsa' : i % 12 === 3 ? 'ec384' : 'ec'));
  return keyPool[n] as KeyPairKeyObjectResult;
}
const LEVEL_KEYS = 24; // and the next few
const OTHER_SIGNERS = 30;
const REBUILT = 36;
const STRANGERS = 42;
const CROSS_SIGNERS = 48;
const ROLLED_OVER = 54;

/** What a level of the chain is minted with; `signer` replaces the key of the level above. */
interface Level {
  options: MintOptions;
  key: number;
  signer?: number;
}

/** Everything a mutation may change before anything is minted, and afterwards who is served and trusted. */
interface Draft {
  /** [0] is the root, the last one the leaf. */
  readonly levels: Level[];
  readonly added: ((minted: readonly Minted[]) => { pool?: Minted[]; anchors?: Minted[] })[];
  drop: number[];
  shuffle: boolean;
  serveRoot: boolean;
  trust: (minted: readonly Minted[]) => Minted[];
}

interface Dice {
  /** 0 … n-1 */
  below(n: number): number;
  pick<T>(list: readonly T[]): T;
  chance(p: number): boolean;
}

/** The n-th chain of a seed. The same arguments give the same chain, but for the keys. */
export function chainFrom(seed: number, n: number, options: ChainOptions = {}): Chain {
  const random = mulberry32(seed * 1_000_003 + n);
  const dice: Dice = {
    below: (limit) => Math.floor(random() * limit),
    pick: (list) => list[Math.floor(random() * list.length)] as (typeof list)[number],
    chance: (p) => random() < p,
  };
  const draft = ordinaryDraft(dice);
  const mutations: string[] = [];
  for (let left = dice.pick([0, 1, 1, 1, 2, 2, 3]); left > 0; left--) {
    const [name, mutate] = dice.pick(MUTATIONS);
    mutations.push(name + mutate(draft, dice));
  }
  const minted = mintLevels(draft.levels, options.honestKeyIds === true);
  const leaf = minted.at(-1) as Minted;
  const pool = minted.slice(draft.serveRoot ? 0 : 1, -1).filter((_, i) => !draft.drop.includes(i + (draft.serveRoot ? 0 : 1)));
  pool.reverse();
  const anchors = draft.trust(minted);
  for (const add of draft.added) {
    const more = add(minted);
    if (more.pool) pool.splice(dice.below(pool.length + 1), 0, ...more.pool);
    if (more.anchors) anchors.splice(dice.below(anchors.length + 1), 0, ...more.anchors);
  }
  if (draft.shuffle) pool.sort(() => dice.below(3) - 1);
  return { mutations, leaf, pool, anchors };
}

function ordinaryDraft(dice: Dice): Draft {
  const first = dice.below(LEVEL_KEYS);
  const cas = 1 + dice.pick([0, 0, 1, 1, 1, 2, 2, 3]);
  const levels: Level[] = [];
  for (let i = 0; i < cas; i++) {
    const name = i === 0 ? `CN=Root ${first},DC=vsphere,DC=local` : `CN=CA ${i} of ${first},O=Lab`;
    levels.push({ key: first + i, options: { name, basicConstraints: 'ca', keyUsage: ['keyCertSign', 'cRLSign'] } });
  }
  const host = dice.pick([
    'array1.lab.example',
    'array1.lab.example',
    'ARRAY1.Lab.Example',
    'lab.example',
    'xlab.example',
    'a.b.lab.example',
  ]);
  const address = dice.pick(['10.0.0.5', '10.0.0.5', '11.0.0.5', '2001:db8::5']);
  const mailbox = dice.pick(['admin@lab.example', 'Admin@LAB.example', 'admin@mail.lab.example']);
  const san = [host, address, `email:${mailbox}`, `uri:https://${dice.pick([host, `u@${host}:8084`])}/version.xml`];
  levels.push({
    key: first + cas,
    options: { name: 'CN=array1.lab.example,O=Lab', san: san.slice(0, 1 + dice.below(4)), keyUsage: ['digitalSignature'] },
  });
  return { levels, added: [], drop: [], shuffle: false, serveRoot: dice.chance(0.3), trust: (minted) => minted.slice(0, 1) };
}

function mintLevels(levels: readonly Level[], honest: boolean): Minted[] {
  const minted: Minted[] = [];
  for (const [i, { options, key, signer }] of levels.entries()) {
    const issuer = minted.at(-1);
    const { aki: _aki, ski: _ski, rawAki: _rawAki, version: _version, ...truthful } = options;
    const full: MintOptions = {
      ...(honest ? truthful : options),
      keys: keysOf(key),
      serial: 1 + i,
      ...(issuer ? { issuer } : {}),
      ...(signer === undefined ? {} : { signWith: keysOf(signer) }),
    };
    minted.push(i < levels.length - 1 ? mintCa(full) : mintLeaf(full));
  }
  return minted;
}

const change = (level: Level | undefined, options: MintOptions): void => {
  if (level) level.options = { ...level.options, ...options };
};

/** An AKI that names its issuer by name and serial number (RFC 5280 section 4.2.1.1), wrongly. */
const WRONG_SERIAL_AKI = sequence(explicit(1, explicit(4, nameDer('CN=Somebody Else'))), implicit(2, Buffer.from([6, 121, 58])));

type Mutation = (draft: Draft, dice: Dice) => string;
/** A mutation with nothing more to tell. */
const plain =
  (mutate: (draft: Draft) => void): Mutation =>
  (draft) => {
    mutate(draft);
    return '';
  };
const anyLevel = (draft: Draft, dice: Dice): number => dice.below(draft.levels.length);
const anyCa = (draft: Draft, dice: Dice): number => dice.below(draft.levels.length - 1);
const anyBelowRoot = (draft: Draft, dice: Dice): number =>
  Math.min(1 + dice.below(draft.levels.length - 1), draft.levels.length - 1);

/** Options for one level, chosen at random. */
const at =
  (where: (draft: Draft, dice: Dice) => number, options: (dice: Dice) => MintOptions): Mutation =>
  (draft, dice) => {
    const level = where(draft, dice);
    change(draft.levels[level], options(dice));
    return ` at level ${level}`;
  };

const MUTATIONS: readonly (readonly [string, Mutation])[] = [
  [
    'signed with another key',
    (draft, dice) => {
      const level = anyBelowRoot(draft, dice);
      (draft.levels[level] as Level).signer = OTHER_SIGNERS + dice.below(6);
      return ` at level ${level}`;
    },
  ],
  ['no AKI', at(anyBelowRoot, () => ({ aki: false }))],
  ['no SKI', at(anyLevel, () => ({ ski: false }))],
  ['wrong AKI', at(anyBelowRoot, () => ({ aki: 'c0ffee'.padEnd(40, '0') }))],
  ['wrong SKI', at(anyCa, () => ({ ski: 'beef'.padEnd(40, '0'), aki: false }))],
  ['AKI with a wrong issuer and serial number', at(anyBelowRoot, () => ({ rawAki: WRONG_SERIAL_AKI }))],
  ['path length', at(anyCa, (dice) => ({ pathLength: dice.below(3) }))],
  ['no basicConstraints', at(anyCa, () => ({ basicConstraints: false }))],
  ['cA false', at(anyCa, () => ({ basicConstraints: 'not-ca' }))],
  ['path length on a non-CA', at(anyLevel, () => ({ basicConstraints: 'not-ca', pathLength: 0 }))],
  ['key usage without keyCertSign', at(anyCa, () => ({ keyUsage: ['digitalSignature', 'cRLSign'] }))],
  ['no key usage', at(anyLevel, () => ({ keyUsage: false }))],
  [
    'keyCertSign on the leaf',
    at(
      (draft) => draft.levels.length - 1,
      () => ({ keyUsage: ['keyCertSign', 'digitalSignature'] }),
    ),
  ],
  [
    'a leaf that is a CA',
    at(
      (draft) => draft.levels.length - 1,
      () => ({ basicConstraints: 'ca', keyUsage: ['keyCertSign'] }),
    ),
  ],
  ['expired', at(anyLevel, () => PAST)],
  ['not yet valid', at(anyLevel, () => FUTURE)],
  ['version 1', at(anyLevel, () => ({ version: 1 }))],
  ['extended key usage', at(anyLevel, (dice) => ({ extendedKeyUsage: [dice.pick(['serverAuth', 'clientAuth', '1.2.3.4'])] }))],
  ['an unknown critical extension', at(anyLevel, () => ({ extraExtensions: [UNKNOWN_CRITICAL] }))],
  ['SHA-1', at(anyBelowRoot, () => ({ hash: 'sha1' }))],
  ['two algorithms that contradict', at(anyBelowRoot, () => ({ innerAlgorithm: '1.2.840.10045.4.3.4' }))],
  [
    'issuer in capitals',
    (draft, dice) =>
      renameIssuer(draft, dice, (name) => name.toUpperCase().replace(/CN=|DC=|O=/gi, (type) => type.toUpperCase())),
  ],
  [
    'issuer with more spaces',
    (draft, dice) => renameIssuer(draft, dice, (name) => name.replace(/ /g, '   ').replace(/=/g, '= ')),
  ],
  ['another issuer name', (draft, dice) => renameIssuer(draft, dice, (name) => `${name} II`)],
  [
    'an empty subject',
    at(
      (draft) => draft.levels.length - 1,
      () => ({ name: '' }),
    ),
  ],
  [
    'no alternative names',
    at(
      (draft) => draft.levels.length - 1,
      () => ({ san: [] }),
    ),
  ],
  ['name constraints', at(anyCa, (dice) => ({ nameConstraints: randomConstraints(dice) }))],
  ['name constraints', at(anyCa, (dice) => ({ nameConstraints: randomConstraints(dice) }))],
  [
    'an intermediate is missing',
    (draft, dice) => {
      draft.drop.push(anyBelowRoot(draft, dice));
      return '';
    },
  ],
  [
    'served in odd order',
    plain((draft) => {
      draft.shuffle = true;
    }),
  ],
  ['served twice', plain((draft) => draft.added.push((minted) => ({ pool: minted.slice(0, -1) })))],
  ['leaf among the served', plain((draft) => draft.added.push((minted) => ({ pool: minted.slice(-1) })))],
  ['strangers served', (draft, dice) => addStranger(draft, dice, 'pool')],
  ['strangers trusted', (draft, dice) => addStranger(draft, dice, 'anchors')],
  [
    'nothing trusted',
    plain((draft) => {
      draft.trust = () => [];
    }),
  ],
  [
    'everything trusted',
    plain((draft) => {
      draft.trust = (minted) => minted.slice(0, -1);
    }),
  ],
  [
    'the lowest CA trusted',
    plain((draft) => {
      draft.trust = (minted) => minted.slice(-2, -1);
    }),
  ],
  ['the lowest CA trusted, too', plain((draft) => draft.added.push((minted) => ({ anchors: minted.slice(-2, -1) })))],
  ['the leaf trusted', plain((draft) => draft.added.push((minted) => ({ anchors: minted.slice(-1) })))],
  ['a self-signed leaf', plain((draft) => draft.levels.splice(0, draft.levels.length - 1))],
  ['a rebuilt twin', (draft, dice) => addTwin(draft, dice, (level) => ({ ...level, key: REBUILT + dice.below(6) }))],
  [
    'a rebuilt twin without SKI',
    (draft, dice) => addTwin(draft, dice, (level) => withOptions({ ...level, key: REBUILT + dice.below(6) }, { ski: false })),
  ],
  [
    'a renewed twin',
    (draft, dice) => addTwin(draft, dice, (level) => withOptions(level, { notAfter: new Date('2039-01-01T00:00:00Z') })),
  ],
  ['an expired twin', (draft, dice) => addTwin(draft, dice, (level) => withOptions(level, PAST))],
  ['a cross-signed twin', addCrossSigned],
  ['a self-issued CA in between', addSelfIssued],
];

const withOptions = (level: Level, options: MintOptions): Level => ({ ...level, options: { ...level.options, ...options } });

function renameIssuer(draft: Draft, dice: Dice, rename: (name: string) => string): string {
  const level = anyBelowRoot(draft, dice);
  change(draft.levels[level], { issuerName: rename(draft.levels[level - 1]?.options.name ?? 'CN=Nobody') });
  return ` at level ${level}`;
}

function randomConstraints(dice: Dice): { permitted?: string[]; excluded?: string[] } {
  const some = () =>
    dice.pick([
      ['lab.example'],
      ['.lab.example'],
      ['elsewhere.example'],
      ['array1.lab.example'],
      ['10.0.0.0/255.0.0.0'],
      ['192.168.0.0/255.255.0.0'],
      ['2001:db8::/ffff:ffff::'],
      ['email:lab.example'],
      ['email:.lab.example'],
      ['email:admin@lab.example'],
      ['email:elsewhere.example'],
      ['uri:array1.lab.example'],
      ['uri:.lab.example'],
      ['dir:CN=array1.lab.example'],
      ['dir:O=Lab'],
      ['lab.example', '10.0.0.0/255.0.0.0'],
      ['elsewhere.example', 'lab.example'],
      ['other:x'],
    ]);
  return dice.chance(0.6)
    ? { permitted: some() }
    : dice.chance(0.7)
      ? { excluded: some() }
      : { permitted: some(), excluded: some() };
}

function addStranger(draft: Draft, dice: Dice, where: 'pool' | 'anchors'): string {
  const key = STRANGERS + dice.below(5);
  draft.added.push(() => ({
    [where]: [mintCa({ name: `CN=Stranger ${key}`, keys: keysOf(key) }), mintLeaf({ keys: keysOf(key + 1) })],
  }));
  return '';
}

/** A second certificate of one CA, by the same issuer, served or trusted, before or after the first. */
function addTwin(draft: Draft, dice: Dice, vary: (level: Level) => Level): string {
  const n = anyCa(draft, dice);
  const where = dice.pick(['pool', 'anchors'] as const);
  const { options, key } = vary(draft.levels[n] as Level);
  draft.added.push((minted) => {
    const issuer = n > 0 ? minted[n - 1] : undefined;
    return { [where]: [mintCa({ ...options, keys: keysOf(key), serial: 100 + n, ...(issuer ? { issuer } : {}) })] };
  });
  return ` of level ${n} in ${where}`;
}

/** The same CA, certified by a stranger, who may be trusted; the stranger may in turn be certified by the CA. */
function addCrossSigned(draft: Draft, dice: Dice): string {
  const n = anyCa(draft, dice);
  const key = CROSS_SIGNERS + dice.below(6);
  const trusted = dice.chance(0.5);
  const loop = dice.chance(0.3);
  const { options, key: ownKey } = draft.levels[n] as Level;
  draft.added.push((minted) => {
    const other = mintCa({ name: `CN=Other Root ${key}`, keys: keysOf(key), serial: 200 });
    const cross = mintCa({ ...options, keys: keysOf(ownKey), issuer: other, serial: 201 });
    const back = mintCa({ name: `CN=Other Root ${key}`, keys: keysOf(key), issuer: minted[n] as Minted, serial: 202 });
    return { pool: loop ? [cross, back] : [cross], anchors: trusted ? [other] : [] };
  });
  return ` of level ${n}${trusted ? ', trusted' : ''}${loop ? ', in a loop' : ''}`;
}

/** A CA that certified a new key of its own: it does not count for path lengths. */
function addSelfIssued(draft: Draft, dice: Dice): string {
  const n = anyCa(draft, dice);
  const level = draft.levels[n] as Level;
  const below = draft.levels.length - 2 - n;
  if (dice.chance(0.5) && below >= 0) change(level, { pathLength: below });
  draft.levels.splice(n + 1, 0, { key: ROLLED_OVER + dice.below(6), options: { ...level.options } });
  return ` below level ${n}`;
}
