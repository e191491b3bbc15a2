import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startAppliance } from '../../src/lab/appliance-server.js';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { ok } from '../../src/model/problem.js';
import { openShell } from '../../src/wire/ssh.js';
import type { VcenterShell } from '../../src/wire/vcenter-shell.js';

/** The product's own SSH client against the lab's appliance: what both must agree on whatever the login shell is. */
describe.each(['bash', 'appliancesh'] as const)('an appliance with %s', (kind) => {
  let world: LabWorld;
  let vcenter: LabVcenter;
  let shell: VcenterShell;
  let close: () => Promise<void>;

  beforeAll(async () => {
    world = await buildScenario('clash');
    const found = world.vcenters.find((one) => one.appliance.shell === kind);
    if (!found) throw new Error('no such appliance');
    vcenter = found;
    const appliance = await startAppliance(world, vcenter);
    const opened = await openShell(
      {
        label: vcenter.id,
        host: '127.0.0.1',
        port: appliance.port,
        username: 'root',
        trust: { kind: 'pin', sha256: appliance.hostKeySha256 },
        auth: [{ kind: 'password' }],
        jumps: [],
      },
      { password: async () => ok(vcenter.appliance.rootPassword) },
      {},
    );
    if (!opened.ok) throw new Error(opened.error.summary);
    shell = opened.value;
    close = async () => {
      await shell.close();
      await appliance.close();
    };
  });
  afterAll(() => close?.());

  const run = async (argv: string[], stdin?: string) => {
    const said = await shell.run(argv, stdin === undefined ? {} : { stdin });
    if (!said.ok) throw new Error(said.error.summary);
    return said.value;
  };

  test('is seen through', () => expect(shell.kind).toBe(kind));

  test('gives back bytes, exit codes and both streams apart', async () => {
    const awkward = 'a \'b\' "c" $HOME `id` \\ \n\n  d;e&f|g <h> ü';
    expect(await run(['printf', '%s', awkward])).toEqual({ code: 0, stdout: awkward, stderr: '' });
    expect(await run(['false'])).toEqual({ code: 1, stdout: '', stderr: '' });
    expect(await run(['cat'], awkward)).toEqual({ code: 0, stdout: awkward, stderr: '' });
    const missing = await run(['cat', '/no/such/file']);
    expect(missing).toEqual({ code: 1, stdout: '', stderr: 'cat: /no/such/file: No such file or directory\n' });
    const unknown = await run(['frobnicate', 'now']);
    expect(unknown.code).toBe(127);
    expect(unknown.stderr).toContain('frobnicate: command not found');
  });

  test('carries a long answer whole', async () => {
    const lines = Array.from({ length: 4000 }, (_none, at) => `${at} ${'x'.repeat(at % 90)}\n`).join('');
    vcenter.appliance.files.set('/tmp/long', { content: Buffer.from(lines), mode: 0o644, owner: 'root:root', mtimeMs: 0 });
    expect((await run(['cat', '/tmp/long'])).stdout).toBe(lines);
    expect((await run(['tail', '-c', '100', '/tmp/long'])).stdout).toBe(lines.slice(-100));
  });

  test('records each command that touches the appliance, by its arguments', async () => {
    const before = world.record.length;
    await run(['/usr/lib/vmware-vmafd/bin/vecs-cli', 'entry', 'list', '--store', 'SMS']);
    await run(['nosuch', 'a b']);
    expect(world.record.slice(before).map(({ kind: what, what: text, outcome }) => [what, text, outcome])).toEqual([
      ['ssh-exec', '/usr/lib/vmware-vmafd/bin/vecs-cli entry list --store SMS', 'exit 0'],
      ['ssh-exec', "nosuch 'a b'", 'command not found, exit 127'],
    ]);
  });
});
