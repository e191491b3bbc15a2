import type { Link, Way } from '../../src/execute/ports.js';
import { startAppliance } from '../../src/lab/appliance-server.js';
import type { LabVcenter, LabWorld } from '../../src/lab/world.js';
import { ok, type Result } from '../../src/model/problem.js';
import { openShell } from '../../src/wire/ssh.js';
import type { VcenterShell } from '../../src/wire/vcenter-shell.js';
import { openMemoryWay } from './memory-link.js';
import type { VirtualClock } from './virtual-clock.js';

/** A command of a run answers at once; one that waits for something in the lab must not hold up the lab's time. */
const PATIENCE_MS = 150;

export interface SshWay extends Way {
  close(): Promise<void>;
}

/**
 * The product's own SSH client, host key, login, appliancesh and all, over a socket to the lab's appliance, whose time is virtual. SMS is
 * reached without sockets.
 */
export async function openSshWay(world: LabWorld, vcenter: LabVcenter, clock: VirtualClock): Promise<SshWay> {
  const running = await clock.during(startAppliance(world, vcenter));
  const memory = openMemoryWay(world, vcenter.id);
  const shells = new Set<VcenterShell>();
  const outside = async <T>(work: Promise<T>): Promise<T> => {
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PATIENCE_MS);
    });
    await clock.during(Promise.race([work, patience]));
    clearTimeout(timer);
    return work;
  };
  return {
    label: vcenter.id,
    async open(): Promise<Result<Link>> {
      const link = await memory.open();
      if (!link.ok) return link;
      const shell = await outside(
        openShell(
          {
            label: vcenter.id,
            host: '127.0.0.1',
            port: running.port,
            username: 'root',
            trust: { kind: 'pin', sha256: running.hostKeySha256 },
            auth: [{ kind: 'password' }],
            jumps: [],
          },
          { password: async () => ok(vcenter.appliance.rootPassword) },
          {},
        ),
      );
      if (!shell.ok) {
        await link.value.close();
        return shell;
      }
      shells.add(shell.value);
      const { kind, hostKeySha256 } = shell.value;
      return ok({
        shell: { kind, hostKeySha256, run: (argv, options) => outside(shell.value.run(argv, options)) },
        sms: link.value.sms,
        async close() {
          shells.delete(shell.value);
          await outside(shell.value.close());
          await link.value.close();
        },
      });
    },
    async close() {
      await Promise.all([...shells].map((shell) => shell.close()));
      await running.close();
    },
  };
}
