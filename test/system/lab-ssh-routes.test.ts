import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildScenario } from '../../src/lab/start-lab.js';
import type { LabWorld } from '../../src/lab/world.js';
import { runOnAppliance } from '../support/lab-shell.js';
import { missingRoot, missingSystemParts } from '../support/system.js';

/** In this order, each with what is there by then: in a namespace of the kernel, and in the lab. */
const COMMANDS = [
  'ip route add unreachable 10.9.0.5/32',
  'ip route add unreachable 10.9.0.5/32',
  'ip route show exact 10.9.0.5/32',
  'ip route show exact 10.9.0.6/32',
  'ip route get 10.9.0.5',
  'route del -host 10.9.0.5 reject',
  'ip route del unreachable 10.9.0.5/32',
  'ip route del unreachable 10.9.0.5/32',
  'route add -host 10.9.0.6 reject',
  'route add -host 10.9.0.6 reject',
  'ip route show exact 10.9.0.6/32',
  'ip route add unreachable 10.9.0.6/32',
  'ip route get 10.9.0.6',
  'route del -host 10.9.0.6 reject',
  'route del -host 10.9.0.6 reject',
  'route add -host 10.9.0.7 reject',
  'ip route del unreachable 10.9.0.7/32',
  'ip -6 route add unreachable fd00::5/128',
  'ip -6 route add unreachable fd00::5/128',
  'ip -6 route show exact fd00::5/128',
  'ip -6 route get fd00::5',
  'ip -6 route del unreachable fd00::5/128',
  'ip -6 route del unreachable fd00::5/128',
  'ip route add blackhole 10.9.0.8/32',
  'ip route get 10.9.0.8',
  'ip route add prohibit 10.9.0.9/32',
  'ip route get 10.9.0.9',
  'ip route show type blackhole',
];

const skipped = missingSystemParts('ip', 'route') || missingRoot() || noNamespaces();

/** Some containers have root and no network namespaces. */
function noNamespaces(): boolean {
  const name = `vt-try-${randomBytes(3).toString('hex')}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  if (made) spawnSync('ip', ['netns', 'del', name]);
  if (!made && process.env.VASATRUST_REQUIRE_SYSTEM_TESTS === '1') throw new Error('network namespaces are required');
  return !made;
}

describe.skipIf(skipped)("reject routes of the lab and of the kernel's own tools", () => {
  const namespace = `vt-routes-${randomBytes(3).toString('hex')}`;
  let world: LabWorld;

  beforeAll(async () => {
    execFileSync('ip', ['netns', 'add', namespace]);
    execFileSync('ip', ['netns', 'exec', namespace, 'ip', 'link', 'set', 'lo', 'up']);
    world = await buildScenario('estate-of-2');
  });
  afterAll(() => {
    spawnSync('ip', ['netns', 'del', namespace]);
  });

  test('answer alike, command by command', async () => {
    const [vcenter] = world.vcenters;
    if (!vcenter) throw new Error('no vCenter');
    const real: unknown[] = [];
    const ours: unknown[] = [];
    for (const command of COMMANDS) {
      const {
        status: code,
        stdout,
        stderr,
      } = spawnSync('ip', ['netns', 'exec', namespace, ...command.split(' ')], { encoding: 'utf8' });
      real.push({ command, code, stdout, stderr });
      ours.push({ command, ...(await runOnAppliance(world, vcenter, command)) });
    }
    expect(ours.map(trimmed)).toEqual(real.map(trimmed));
  });
});

/** Blanks at line ends differ between releases of iproute2. */
function trimmed(said: unknown): unknown {
  return JSON.parse(JSON.stringify(said).replace(/ +\\n/g, '\\n'));
}
