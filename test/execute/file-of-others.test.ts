import { describe, expect, test } from 'vitest';
import { playStory } from '../campaign/story.js';
import { RUN } from '../campaign/worlds.js';

const FILE = '/usr/lib/vmware-vpx/sps/conf/sms-config.xml';

/** Another administrator saves his own sms-config.xml when the command that renames ours is about to be run, the `nth` time. */
function edited(nth: number) {
  const fault = { trigger: { at: `${FILE}.vasatrust-${RUN}-new ${FILE}`, nth }, trouble: { kind: 'edit-file' } } as const;
  return playStory({ seed: 0, variant: 0, sessions: [{ mode: 'run', afterS: 0, faults: [fault] }] }, { verbose: true });
}

describe('sms-config.xml that another administrator saved after the last look at it', () => {
  test('is not overwritten by the changed copy', async () => {
    const { sessions, broken, trace } = await edited(1);
    expect(trace.filter((line) => line.includes('edit-file'))).not.toEqual([]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions[0]).toMatch(/^run: left-changed \(.*sms-config\.xml/);
  });

  test('is not overwritten by the original that goes back', async () => {
    const { sessions, broken, trace } = await edited(2);
    expect(trace.filter((line) => line.includes('edit-file'))).not.toEqual([]);
    expect(broken, trace.join('\n')).toEqual([]);
    expect(sessions[0]).toMatch(/^run: left-changed \(.*sms-config\.xml/);
  });
});
