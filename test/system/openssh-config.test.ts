import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SshEnvironment } from '../../src/wire/ssh-environment.js';
import { resolveSshTarget } from '../../src/wire/ssh-target.js';
import { missingSystemParts } from '../support/system.js';

describe.skipIf(missingSystemParts('ssh'))('our reading of ~/.ssh/config and ssh -G', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'vasatrust-config-'));
    mkdirSync(join(folder, '.ssh'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const HOSTS = ['vc1', 'vc2.lab', 'VC3', 'gate', '10.0.0.5'];
  const setting = fc.oneof(
    fc.constantFrom('10.9.9.9', '%h.lab.example', 'other.lab').map((value) => `HostName ${value}`),
    fc.integer({ min: 1, max: 65_535 }).map((port) => `Port ${port}`),
    fc.constantFrom('root', 'admin', '"quoted"').map((user) => `user ${user}`),
    fc.constantFrom('alias', 'alias2').map((alias) => `HostKeyAlias=${alias}`),
    fc.constantFrom('/keys/a', '"/keys/with space"', '/keys/b').map((file) => `IdentityFile ${file}`),
    fc.constantFrom('# comment', '', 'ServerAliveInterval 30', 'Compression yes'),
  );
  const head = fc.oneof(
    fc
      .array(fc.constantFrom('vc1', 'vc*', '*.lab', '*', 'gate', '!vc1', '!*.lab', '10.0.0.?', 'vc?'), {
        minLength: 1,
        maxLength: 3,
      })
      .map((patterns) => `Host ${patterns.join(' ')}`),
    fc.constantFrom('Match host 10.9.9.9', 'Match originalhost vc1', 'Match all', 'Match user admin', 'Match host *.lab.example'),
  );
  const block = fc
    .tuple(head, fc.array(setting, { maxLength: 4 }))
    .map(([first, lines]) => [first, ...lines.map((line) => `  ${line}`)].join('\n'));
  const file = fc
    .tuple(
      fc.array(setting, { maxLength: 2 }),
      fc.boolean(),
      fc.array(block, { maxLength: 4 }),
      fc.array(block, { maxLength: 2 }),
    )
    .map(([first, includes, blocks, included]) => ({
      text: [...first, ...(includes ? ['Include included'] : []), ...blocks].join('\n'),
      included: included.join('\n'),
    }));

  test('agree on host, port, user, alias and keys of generated files', async () => {
    await fc.assert(
      fc.asyncProperty(file, fc.constantFrom(...HOSTS), async ({ text, included }, host) => {
        const config = join(folder, '.ssh', 'config');
        writeFileSync(config, `${text.replace('Include included', `Include ${join(folder, '.ssh', 'included')}`)}\n`);
        writeFileSync(join(folder, '.ssh', 'included'), `${included}\n`);
        const asked = spawnSync('ssh', ['-G', '-F', config, host], { encoding: 'utf8' });
        expect(asked.status).toBe(0);
        const theirs = new Map<string, string[]>();
        for (const line of asked.stdout.split('\n')) {
          const [, key = '', value = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
          theirs.set(key, [...(theirs.get(key) ?? []), value]);
        }
        const ours = await resolveSshTarget(
          { host, auth: [], hostKey: { kind: 'known-hosts', files: [] } },
          host,
          environment(folder),
        );
        if (!ours.ok) throw new Error(ours.error.summary);
        const one = (key: string) => theirs.get(key)?.[0];
        const userSaid = /^\s*user /im.test(`${text}\n${included}`);
        const { value } = ours;
        expect({
          host: value.host.toLowerCase(),
          port: value.port,
          // Where nobody says, ours is root.
          ...(userSaid && value.username !== 'root' ? { user: value.username } : {}),
          alias: value.trust.kind === 'known-hosts' && value.trust.port === undefined ? value.trust.name : undefined,
          keys: value.auth.flatMap((method) => (method.kind === 'key' && method.file.startsWith('/keys/') ? [method.file] : [])),
        }).toEqual({
          host: one('hostname'),
          port: Number(one('port')),
          ...(userSaid && value.username !== 'root' ? { user: one('user') } : {}),
          alias: one('hostkeyalias'),
          keys: (theirs.get('identityfile') ?? []).filter((key) => key.startsWith('/keys/')),
        });
      }),
      { seed: 20261122, numRuns: 300 },
    );
  });
});

function environment(home: string): SshEnvironment {
  return {
    home,
    localUser: 'nobody-here',
    readText: (path) => (path.startsWith(home) ? readFile(path, 'utf8').catch(() => undefined) : Promise.resolve(undefined)),
    listFolder: (path) => readdir(path).catch(() => []),
  };
}
