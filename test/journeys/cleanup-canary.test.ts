import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canary, excerpt, formsOf, spoil } from '../support/canary.js';
import { ALL, CleanupStage, CT0, CT1 } from '../support/cleanup-stage.js';

/** A cleanup with passwords and names made to get out, and every place they could get out at. */
describe.each(['publickey', 'password', 'keyboard-interactive'] as const)('a cleanup over SSH by %s', (method) => {
  let stage: CleanupStage;
  const texts: [string, string][] = [];
  const files = new Set<string>();
  beforeAll(async () => {
    stage = await CleanupStage.open({
      prepare: (world) => {
        spoil(world);
        for (const { appliance } of world.vcenters) appliance.methods.splice(0, Infinity, method);
      },
    });
    // What lies on the appliance while it is done: the guard, what it writes, what SPS logs.
    const watching = setInterval(() => {
      for (const [path, { content }] of stage.vc65.appliance.files) files.add(`${path}: ${content.toString('latin1')}`);
      for (const line of stage.vc65.appliance.sps.log) files.add(line);
    }, 100);
    try {
      const ran = await stage.cli([...ALL.filter((one) => one !== '--no-progress'), '--yes', '-o', 'json']);
      expect([ran.code, ran.stderr.slice(-2_000)]).toEqual([0, expect.anything()]);
      texts.push(['stdout', ran.stdout], ['stderr', ran.stderr]);
    } finally {
      clearInterval(watching);
    }
    for (const format of ['table', 'json', 'md'])
      for (const command of [['list'], ['show', 'vc65'], ['revert', 'vc65', '--yes']]) {
        const ran = await stage.cli(['runs', ...command, '-o', format]);
        texts.push([`runs ${command[0]} -o ${format}`, ran.stdout], [`stderr of runs ${command[0]}`, ran.stderr]);
      }
    const state = join(stage.folder, 'vasatrust/runs');
    for (const name of readdirSync(state)) texts.push(['the journal', readFileSync(join(state, name), 'utf8')]);
  }, 120_000);
  afterAll(() => stage?.close());

  test('does what it was to do', () => {
    expect(stage.uids.filter((uid) => uid === CT0 || uid === CT1)).toEqual([]);
  });

  test('lets no secret out: not in what it says, not in its journal, not on the appliance, not in any command there', () => {
    const secrets = [...new Set(Object.values(stage.lab.env))];
    expect(secrets.length).toBeGreaterThan(2);
    const usernames = stage.lab.world.vcenters.flatMap(({ accounts }) => accounts.map(({ username }) => username));
    const places: [string, string][] = [
      ...texts,
      ...stage.lab.record.map(({ kind, what, outcome }): [string, string] => [`${kind} at the lab`, `${what} ${outcome}`]),
      ...[...files].map((text): [string, string] => ['on the appliance', text]),
    ];
    expect(files.size).toBeGreaterThan(3);
    const found = places.flatMap(([where, text]) =>
      secrets.flatMap((secret) =>
        formsOf(secret, usernames)
          .filter((form) => text.includes(form))
          .map((form) => [where, form]),
      ),
    );
    expect(found).toEqual([]);
  });

  test('says and writes nothing that a terminal would obey', () => {
    expect(texts.some(([, text]) => text.includes('\\u{9b}2J'))).toBe(true);
    for (const [where, text] of texts) expect(excerpt(text), where).toBe('');
  });
});

test('the canaries would be seen', () => {
  expect(formsOf(canary('x'), ['u']).length).toBeGreaterThan(8);
});
