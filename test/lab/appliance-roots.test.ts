import { X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { mintCa, mintLeaf } from '../../src/lab/pki.js';
import { SMS_CONFIG } from '../../src/lab/sps-life.js';
import { runOnAppliance } from '../support/lab-shell.js';
import { type Estate, estate } from '../support/sps-estate.js';

const DIR = '/usr/lib/vmware-vmafd/bin/dir-cli';
const VECS = '/usr/lib/vmware-vmafd/bin/vecs-cli';

const on = (at: Estate, script: string, stdin?: string) => runOnAppliance(at.world, at.loser, script, stdin);

async function opened() {
  const at = await estate();
  const root = await mintCa({ subject: 'CN=Outside Root, OU=LAB', keyKind: 'ec' });
  const issuing = await mintCa({ subject: 'CN=Outside Issuing, OU=LAB', issuer: root, keyKind: 'ec' });
  const [account] = at.loser.accounts;
  if (!account) throw new Error('nobody may log in');
  await on(at, `cat > /tmp/ca.pem <<'END'\n${issuing.certificatePem}\n${root.certificatePem}\nEND`);
  return { at, root, issuing, account, publish: `${DIR} trustedcert publish --cert /tmp/ca.pem --login ${account.username}` };
}

const keyId = (pem: string): string => {
  const hex = new X509Certificate(pem).raw.toString('hex');
  return hex
    .slice(hex.indexOf('0603551d0e04160414') + 18)
    .slice(0, 40)
    .toUpperCase();
};

describe('dir-cli trustedcert', () => {
  test('publishes the chain, which the store then shows with its key identifiers', async () => {
    const { at, root, issuing, account, publish } = await opened();
    expect(await on(at, `${publish} --chain`, `${account.password}\n`)).toMatchObject({ code: 0, stderr: '' });
    expect(at.loser.trustedRoots).toEqual(expect.arrayContaining([issuing.certificate, root.certificate]));
    const text = (await on(at, `${VECS} force-refresh; ${VECS} entry list --store TRUSTED_ROOTS --text`)).stdout;
    for (const { certificatePem } of [root, issuing])
      expect(text).toContain((keyId(certificatePem).match(/../g) ?? []).join(':'));
    const listed = (await on(at, `${DIR} trustedcert list --login ${account.username}`, `${account.password}\n`)).stdout;
    expect(listed).toContain(`Number of certificates:\t${at.loser.trustedRoots.length}\n#1:\nCN(id):\t\t`);
    expect(listed).toContain(`CN(id):\t\t${keyId(root.certificatePem)}\n`);
    expect(at.world.record.filter(({ kind, what }) => kind === 'change' && what.startsWith('trusted root'))).toHaveLength(2);
  });

  test('without --chain the first certificate of the file alone', async () => {
    const { at, root, issuing, account, publish } = await opened();
    await on(at, publish, `${account.password}\n`);
    expect(at.loser.trustedRoots).toContain(issuing.certificate);
    expect(at.loser.trustedRoots).not.toContain(root.certificate);
  });

  test('a wrong password, a password cut at 32 characters, and what is no CA change nothing', async () => {
    const { at, account, publish } = await opened();
    const before = [...at.loser.trustedRoots];
    expect((await on(at, `${publish} --chain`, 'wrong\n')).stderr).toContain('Invalid credentials');
    at.loser.accounts.splice(0, 1, { ...account, password: 'x'.repeat(33) });
    expect((await on(at, `${publish} --chain`, `${'x'.repeat(33)}\n`)).code).toBe(1);
    at.loser.accounts.splice(0, 1, account);
    const leaf = await mintLeaf({ subject: 'CN=leaf, OU=LAB', issuer: at.loser.vmca, keyKind: 'ec' });
    await on(at, `cat > /tmp/ca.pem <<'END'\n${leaf.certificatePem}\nEND`);
    expect((await on(at, publish, `${account.password}\n`)).stderr).toContain('not a CA certificate');
    expect(at.loser.trustedRoots).toEqual(before);
  });
});

test('grep shows the lines around a hit, and a line between groups', async () => {
  const at = await estate();
  await on(at, "printf '%s\\n' a b HIT c d e HIT f > /tmp/lines");
  for (const [options, says] of [
    ['-A1', 'HIT\nc\n--\nHIT\nf\n'],
    ['-B1', 'b\nHIT\n--\ne\nHIT\n'],
    ['-C2', 'a\nb\nHIT\nc\nd\ne\nHIT\nf\n'],
    ['-n -A1', '3:HIT\n4-c\n--\n7:HIT\n8-f\n'],
    ['-c -A1', '2\n'],
  ])
    expect((await on(at, `grep ${options} HIT /tmp/lines`)).stdout).toBe(says);
  expect((await on(at, `grep -A1 retryAttempt ${SMS_CONFIG}`)).stdout).toContain('retryInterval');
});
