/**
 * The package as users get it: packed, installed without optional native add-ons, and run, on this Node and on the newest even release.
 * `--this-node` leaves the second out. Needs a package registry.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'vasatrust-smoke-'));
const npm = (args, cwd = folder) => execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

try {
  npm(['pack', '--silent', '--pack-destination', folder], root);
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  npm(['install', '--silent', '--omit=optional', '--ignore-scripts', join(folder, `vasatrust-${version}.tgz`)]);
  smoke(process.execPath);
  if (!process.argv.includes('--this-node')) smoke(newestEvenNode());
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function smoke(node) {
  const name = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const command = join(folder, 'node_modules/vasatrust/dist/vasatrust.cjs');
  for (const { args, code, says } of [
    { args: ['--version'], code: 0, says: new RegExp(`^${version}$`, 'm') },
    { args: ['--help'], code: 0, says: /audit/ },
    { args: ['explain', 'trust-lost'], code: 0, says: /trust-lost/ },
    { args: ['audit', '-f', 'nowhere.yaml', '-o', 'json'], code: 2, says: /"config-invalid"/ },
    { args: ['start'], code: 0, says: /vmca-clash/ },
  ]) {
    const ran = spawnSync(node, [command, ...args], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
    check(`${name}: vasatrust ${args.join(' ')}`, ran.status === code && says.test(ran.stdout), ran);
  }
  const library =
    "import { loadConfig, judge } from 'vasatrust'; import { startLab } from 'vasatrust/lab'; console.log(typeof loadConfig, typeof judge, typeof startLab);";
  const ran = spawnSync(node, ['--input-type=module', '-e', library], { cwd: folder, encoding: 'utf8', timeout: 60_000 });
  check(`${name}: the library and its lab can be imported`, ran.stdout.trim() === 'function function function', ran);
}

function check(what, worked, ran) {
  if (!worked) {
    console.error(`FAILED  ${what}\nexit code ${ran.status}\n${ran.stdout}\n${ran.stderr}`);
    process.exitCode = 1;
    throw new Error(what);
  }
  console.log(`ok  ${what}`);
}

/** Node's binary of the newest even major, from the registry's package for this platform. */
function newestEvenNode() {
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const versions = JSON.parse(npm(['view', name, 'versions', '--json']));
  const even = versions.filter((one) => /^\d+\.\d+\.\d+$/.test(one) && Number(one.split('.')[0]) % 2 === 0);
  const newest = even.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1);
  npm(['install', '--silent', '--no-save', '--ignore-scripts', `${name}@${newest}`]);
  return join(folder, 'node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}
