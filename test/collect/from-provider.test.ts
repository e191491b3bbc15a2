import { expect, test } from 'vitest';
import { probeProvider, wishesForUrl } from '../../src/collect/from-provider.js';
import { providerUrl } from '../../src/model/ids.js';
import { DEFAULT_TIMING } from '../../src/model/timing.js';
import { collectDeps } from '../support/audit-lab.js';

test('a registration whose URL leads nowhere leaves a gap that says so, and nothing is contacted', async () => {
  const context = {
    ...collectDeps({ estateYaml: () => '', env: {} }),
    timing: DEFAULT_TIMING,
    ssoVerdicts: new Map(),
    rootVerdicts: new Map(),
  };
  const looks = await Promise.all(wishesForUrl(providerUrl('https://'), undefined).map((wish) => probeProvider(wish, context)));
  expect(looks).toMatchObject([{ handshake: { state: 'unknown', problem: { code: 'bad-answer' } } }]);
});
