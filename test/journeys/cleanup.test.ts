import { statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startAppliance } from '../../src/lab/appliance-server.js';
import { cutConnections } from '../../src/lab/connections.js';
import type { LabOptions } from '../../src/lab/start-lab.js';
import type { LabVcenter } from '../../src/lab/world.js';
import { ACCEPT, ALL, CleanupStage, CT0, CT1 } from '../support/cleanup-stage.js';
import { labTiming } from '../support/run-cli.js';

let stage: CleanupStage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

async function open(options: LabOptions = {}, scenario?: string): Promise<CleanupStage> {
  stage = await CleanupStage.open(options, scenario);
  return stage;
}

const onFirst =
  (change: Partial<LabVcenter['appliance']>): NonNullable<LabOptions['prepare']> =>
  ({ vcenters: [first] }) =>
    Object.assign(first?.appliance ?? {}, change);

describe.each([
  { shell: 'bash', init: 'systemd' },
  { shell: 'appliancesh', init: 'systemd' },
  { shell: 'bash', init: 'other' },
  { shell: 'appliancesh', init: 'other' },
] as const)('on $shell, $init', (appliance) => {
  test('the stale registrations are removed, and all else is as before', async () => {
    const at = await open({ prepare: onFirst(appliance) });
    const before = at.standing([CT0, CT1]);
    const ran = await at.cli([...ALL, '--yes', '-o', 'json']);
    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining('To be removed from vc65')]);
    const report = JSON.parse(ran.stdout);
    expect(report).toMatchObject({ formatVersion: 1, result: 'done', left: [], vcenter: 'vc65' });
    expect(report.removed.map(({ uid }: { uid: string }) => uid).sort()).toEqual([CT0, CT1].sort());
    expect(at.uids).not.toContain(CT0);
    expect(at.uids).not.toContain(CT1);
    expect(at.standing([CT0, CT1])).toEqual(before);
    expect(report.journal).toBe(join(at.folder, 'vasatrust/runs', `${report.run}.jsonl`));
    expect(statSync(report.journal).mode & 0o777).toBe(0o600);
    expect(at.files('locks')).toEqual([]);
    const list = JSON.parse((await at.cli(['runs', 'list', '-o', 'json'])).stdout);
    expect(list).toMatchObject([{ id: report.run, vcenter: 'vc65', state: 'done' }]);
    expect((await at.cli(['audit', '--no-progress'])).stdout).not.toContain('stale-registration');
  });
});

test('of two stale registrations the named one goes, by name, URL or uid; where nothing is stale that is said', async () => {
  const at = await open();
  const gone: string[] = [];
  for (const [wanted, uid] of [
    ['array1-CT1', CT1],
    ['https://array1-ct0.lab.example:8084/version.xml', CT0],
  ] as const) {
    const args = [
      'cleanup',
      'vc65',
      '--provider',
      wanted,
      '--second-look',
      '1',
      '--no-progress',
      ...ACCEPT,
      '--yes',
      '-o',
      'json',
    ];
    const ran = await at.cli(args);
    gone.push(uid);
    expect(ran.code).toBe(0);
    expect(JSON.parse(ran.stdout).removed).toMatchObject([{ uid }]);
    expect(at.uids.filter((one) => gone.includes(one))).toEqual([]);
  }
  const nothing = await at.cli([...ALL, '--yes']);
  expect(nothing).toMatchObject({ code: 0, stdout: expect.stringContaining('no stale registration') });
  expect(at.files('runs')).toHaveLength(2);
});

describe('before anything is changed', () => {
  const unchanged = (at: CleanupStage) => {
    expect(at.lab.record.filter(({ kind }) => kind === 'change')).toEqual([]);
    expect([at.files('runs'), at.files('locks')]).toEqual([[], []]);
  };

  test('every reason against it is told at once: 6', async () => {
    const at = await open();
    const ran = await at.cli(['cleanup', 'vc65', '--all-stale', '--second-look', '1', '--yes', '-o', 'json']);
    expect(ran.code).toBe(6);
    const { refusals } = JSON.parse(ran.stdout);
    expect(refusals.map(({ code, name }: { code: string; name?: string }) => [code, name])).toEqual(
      expect.arrayContaining([
        ['dependents-running', 'vvol-gold'],
        ['dependents-running', 'vvol-silver'],
        ['backup-unconfirmed', undefined],
      ]),
    );
    unchanged(at);
  });

  test('without a terminal and without --yes: 6', async () => {
    const at = await open();
    const ran = await at.cli(ALL);
    expect(ran).toMatchObject({ code: 6, stdout: '' });
    expect(ran.stderr).toMatch(/--yes/);
    unchanged(at);
  });

  test('another name than the vCenter’s declines: 6; its own name begins', async () => {
    const at = await open();
    const declined = await at.cli(ALL, { typed: ['yes'] });
    expect([declined.code, declined.stderr]).toEqual([6, expect.stringContaining('"yes" is not vc65')]);
    unchanged(at);
    const begun = await at.cli(ALL, { typed: [' vc65 '] });
    expect(begun.code).toBe(0);
    expect(at.journals[0]).toContain('"confirmed":"typed"');
  });

  describe('a question that was left open for long', () => {
    // The clock jumps while somebody thinks it over.
    async function answerLate(at: CleanupStage, meanwhile: () => void = () => {}) {
      let late = 0;
      return at.cli(ALL, {
        typed: ['vc65'],
        now: () => new Date(Date.now() + late),
        onErrors(stderr) {
          if (late > 0 || !stderr.includes('type the name')) return;
          late = 600 * labTiming().secondMs;
          meanwhile();
        },
      });
    }

    test('is answered about what is there now: looked at once more, and done', async () => {
      const at = await open();
      const ran = await answerLate(at);
      expect([ran.code, ran.stderr]).toEqual([
        0,
        expect.stringMatching(/looking once more: what was confirmed was seen \d+ minutes ago/),
      ]);
      expect(at.uids).not.toContain(CT0);
    });

    test('is no yes to anything else: 6', async () => {
      const at = await open();
      const ran = await answerLate(at, () => {
        const { registrations } = at.vc65;
        registrations.splice(
          registrations.findIndex(({ uid }) => uid === CT1),
          1,
        );
      });
      expect(ran).toMatchObject({ code: 6, stdout: '' });
      expect(ran.stderr).toContain(
        'what was confirmed is not how vc65 is now: what is done, or what it costs, is not the same any more; nothing was changed',
      );
      expect(at.uids).toContain(CT0);
      expect(at.journals).toEqual([]);
    });
  });

  test('Ctrl-C at the question, or while it looks, is 130', async () => {
    const at = await open();
    for (const words of ['looking a second time', 'type the name']) {
      const ran = await at.cli(ALL, { typed: [], onErrors: (stderr, interrupt) => stderr.includes(words) && interrupt() });
      expect([ran.code, ran.stdout]).toEqual([130, '']);
    }
    unchanged(at);
  });

  for (const [name, args, code, says] of [
    ['saved evidence', ['--evidence', 'seen.json'], 2, /nothing is removed by saved evidence/],
    ['one look', ['--second-look', '0'], 2, /two looks/],
    ['a time that is none', ['--deadline', '25:00'], 2, /no time of day/],
  ] as const)
    test(`${name} does not do: ${code}`, async () => {
      const at = await open();
      const ran = await at.cli([...ALL, '--yes', ...args]);
      expect(ran.code).toBe(code);
      expect(ran.stderr).toMatch(says);
      expect(at.lab.record).toEqual([]);
    });

  test('a deadline before its shortest course: 6, and it is told in full', async () => {
    const at = await open();
    const soon = new Date(Date.now() + 60_000);
    const hhmm = `${soon.getHours()}:${String(soon.getMinutes()).padStart(2, '0')}`;
    const ran = await at.cli([...ALL, '--yes', '--deadline', hhmm], { timing: { ...labTiming(), secondMs: 1_000 } });
    expect(ran.code).toBe(6);
    expect(ran.stderr).toMatch(/Deadline \d{4}-\d\d-\d\d \d\d:\d\d here \(.* UTC\)/);
    unchanged(at);
  });

  test('a run that nobody brought to an end stands in the way, by its id', async () => {
    const at = await open();
    const first = await at.cli([...ALL, '--yes', '-o', 'json']);
    const { journal, run } = JSON.parse(first.stdout);
    const [text = ''] = at.journals;
    writeFileSync(journal, text.slice(0, text.indexOf('"event":"outcome"')).replace(/[^\n]*$/, ''));
    const ran = await at.cli(['cleanup', 'vc65', '--provider', 'array2-CT0', '--second-look', '1', '--yes', '-o', 'json']);
    expect(ran.code).toBe(6);
    expect(JSON.parse(ran.stdout).refusals).toEqual(
      expect.arrayContaining([expect.objectContaining({ code: 'another-run', name: run, acceptable: true })]),
    );
  });

  test('a wrong root password is sent once, and nothing else happens', async () => {
    const at = await open({
      prepare: ({ vcenters }) => {
        for (const { appliance } of vcenters) appliance.methods.splice(0, Infinity, 'password');
      },
    });
    at.vc65.appliance.rootPassword = 'changed meanwhile';
    const ran = await at.cli([...ALL, '--yes']);
    // Whether it is stale cannot be seen without the appliance.
    expect(ran.code).toBe(3);
    const sent = at.lab.record.filter(
      ({ kind, where, what }) => kind === 'ssh-login' && where === 'vc65' && what.startsWith('password'),
    );
    expect(sent).toHaveLength(1);
    unchanged(at);
  });
});

describe('Ctrl-C', () => {
  for (const { words, code, removed } of [
    { words: 'step 2: ', code: 130, removed: [] },
    { words: 'step 4: ', code: 130, removed: [] },
    { words: 'step 6: ', code: 130, removed: [] },
    { words: 'step 8: ', code: 0, removed: [CT0, CT1] },
  ])
    test(`at "${words}" ends with ${code}, and all else is as before`, async () => {
      const at = await open();
      const before = at.standing(removed);
      let told = '';
      const ran = await at.cli([...ALL.filter((one) => one !== '--no-progress'), '--yes', '-o', 'json'], {
        watch: (now) => {
          told = 'watching';
          watchNow = now;
        },
        onErrors: (stderr, interrupt) => {
          if (!stderr.includes(words) || told === 'told') return;
          told = 'told';
          expect(watchNow()?.stopping()).toMatch(code === 0 ? /the run goes to its end/ : /everything is taken back/);
          const leaving = watchNow()?.leaving();
          expect(leaving?.code).toBe(words === 'step 2: ' ? 130 : 5);
          if (leaving?.code === 5)
            expect(leaving.words).toMatch(/vc65 begins to take itself back by \d\d:\d\d:\d\d UTC.*runs show/);
          interrupt();
        },
      });
      expect(told).toBe('told');
      expect([ran.code, JSON.parse(ran.stdout).left]).toEqual([code, []]);
      expect(ran.stderr.split('taking back what was done').length - 1).toBe(code === 0 ? 0 : 1);
      expect(ran.stderr.includes('taken back: sms-config.xml is as before')).toBe(code === 130);
      expect(at.standing(removed)).toEqual(before);
      expect(at.files('locks')).toEqual([]);
    });
});
let watchNow: () => { stopping(): string; leaving(): { words: string; code: number } } | undefined = () => undefined;

test('two at once: the second is refused, with who has it and since when, here and from another machine', async () => {
  const at = await open();
  const others: Promise<{ code: number; stdout: string; stderr: string }>[] = [];
  const ran = await at.cli([...ALL.filter((one) => one !== '--no-progress'), '--yes'], {
    onErrors: (stderr) => {
      if (!stderr.includes('step 6: ') || others.length > 0) return;
      others.push(at.cli([...ALL, '--yes', '-o', 'json']));
      others.push(at.cli([...ALL, '--yes', '-o', 'json'], { env: { XDG_STATE_HOME: join(at.folder, 'elsewhere') } }));
    },
  });
  expect(ran.code).toBe(0);
  const [here, elsewhere] = await Promise.all(others);
  for (const other of [here, elsewhere]) {
    expect(other?.code).toBe(6);
    expect(other?.stdout).toMatch(/another-run/);
  }
  // Nobody is told how to remove what the first one needs.
  expect(here?.stdout).toMatch(/works on vc65/);
  expect(here?.stdout).not.toMatch(/leftover-route|ip route del/);
});

describe('in the middle of it', () => {
  const telling = ALL.filter((one) => one !== '--no-progress');

  test('a deadline that comes close takes everything back: 4', async () => {
    const at = await open();
    const before = at.standing();
    let ahead = 0;
    const now = () => new Date(Date.now() + ahead);
    const later = new Date(Date.now() + 3_600_000);
    later.setSeconds(0, 0);
    const hhmm = `${later.getHours()}:${String(later.getMinutes()).padStart(2, '0')}`;
    const ran = await at.cli([...telling, '--yes', '-o', 'json', '--deadline', hhmm], {
      now,
      onErrors: (stderr) => {
        if (ahead === 0 && stderr.includes('step 5: ')) ahead = later.getTime() - Date.now() - 1_000;
      },
    });
    expect([ran.code, JSON.parse(ran.stdout)]).toEqual([4, expect.objectContaining({ result: 'taken-back', left: [] })]);
    expect(ran.stderr).toMatch(/before the deadline/);
    expect(at.standing()).toEqual(before);
  });

  for (const words of ['step 4: ', 'step 6: '])
    test(`a connection that breaks at "${words}" is opened anew, and the run goes on: 0`, async () => {
      const at = await open();
      const before = at.standing([CT0, CT1]);
      let isCut = false;
      const ran = await at.cli([...telling, '--yes', '-o', 'json'], {
        onErrors: (stderr) => {
          if (isCut || !stderr.includes(words)) return;
          isCut = true;
          cutConnections(at.lab.world, at.vc65);
        },
      });
      expect([isCut, ran.code]).toEqual([true, 0]);
      expect(ran.stderr).toMatch(/the connection is lost/);
      expect(at.standing([CT0, CT1])).toEqual(before);
    });

  test('another host key ends it without another word: 5, no password is sent, and the appliance takes itself back', async () => {
    const at = await open({
      prepare: ({ vcenters }) => {
        for (const { appliance } of vcenters) appliance.methods.splice(0, Infinity, 'password');
      },
    });
    const gate = await openGate(at);
    try {
      const before = at.standing();
      const logins = () => at.lab.record.filter(({ kind, where }) => kind === 'ssh-login' && where === 'vc65').length;
      let sent = -1;
      const ran = await at.cli([...telling, '--yes', '-o', 'json'], {
        onErrors: (stderr) => {
          if (sent >= 0 || !stderr.includes('step 6: ')) return;
          sent = logins();
          gate.switchOver();
          cutConnections(at.lab.world, at.vc65);
        },
      });
      expect([ran.code, logins()]).toEqual([5, sent]);
      expect(JSON.parse(ran.stdout)).toMatchObject({ result: 'left-changed', problem: { code: 'host-key-mismatch' } });
      await expect
        .poll(() => at.standing().map(({ sps, routes }) => [sps, routes]), { timeout: 20_000, interval: 100 })
        .toEqual(before.map(({ sps, routes }) => [sps, routes]));
      gate.switchBack();
      expect((await at.cli(['runs', 'revert', 'vc65', '--yes'])).code).toBe(0);
      expect(at.standing()).toEqual(before);
    } finally {
      await gate.close();
    }
  });
});

/** Two appliances behind the address that estate.yaml has for vc65, both keys known: as after a fail-over. */
async function openGate(at: CleanupStage) {
  const [active, partner] = [await startAppliance(at.lab.world, at.vc65), await startAppliance(at.lab.world, at.vc65)];
  let to = active.port;
  const gate = createServer((socket) => {
    const onward = connect(to, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    const end = () => {
      socket.destroy();
      onward.destroy();
    };
    for (const side of [socket, onward]) side.on('error', end).on('close', end);
  });
  await new Promise<void>((resolve) => gate.listen(0, '127.0.0.1', resolve));
  const { port } = gate.address() as AddressInfo;
  const known = join(at.folder, 'known_hosts');
  writeFileSync(known, [active, partner].map(({ hostPublicKey }) => `[127.0.0.1]:${port} ${hostPublicKey}\n`).join(''));
  const [before, own = ''] = [at.lab.estateYaml(), String(at.lab.ports.ssh.get('vc65'))];
  const entry = new RegExp(`(port: )${own}([\\s\\S]*?)hostKey: .*`);
  expect(before).toMatch(entry);
  writeFileSync(join(at.folder, 'estate.yaml'), before.replace(entry, `$1${port}$2knownHostsFile: ${known}`));
  return {
    switchOver: () => {
      to = partner.port;
    },
    switchBack: () => {
      to = active.port;
    },
    close: async () => {
      await new Promise((resolve) => gate.close(resolve));
      await Promise.all([active.close(), partner.close()]);
    },
  };
}
