import type { Surroundings } from './surroundings.js';
import type { Failure } from './terminal.js';

/** Why nobody can confirm; undefined where somebody can, or has. */
export function nobodyToAsk(
  yes: boolean,
  { asking }: { readonly asking?: Surroundings['asking'] | undefined },
): Failure | undefined {
  if (yes || asking !== undefined) return undefined;
  return {
    code: 'not-confirmed',
    summary: 'there is no terminal to ask at, and --yes was not given; nothing was changed',
    remedy: 'Run it at a terminal, or add --yes where somebody has decided already.',
  };
}

/**
 * Whoever restarts a service or removes a registration types the vCenter's name first, or said `--yes`. Where nobody can be asked,
 * nothing is done.
 */
export async function confirmName(
  vcenter: { readonly id: string; readonly address: string },
  yes: boolean,
  { out, asking }: Surroundings,
): Promise<'typed' | 'yes' | Failure> {
  if (yes || asking === undefined) return nobodyToAsk(yes, { asking }) ?? 'yes';
  out.say('');
  const typed = (await asking.ask(`To go on, type the name of the vCenter (${vcenter.id}); anything else leaves: `))?.trim();
  if (typed === vcenter.id || typed === vcenter.address) return 'typed';
  return {
    code: 'declined',
    summary: typed === undefined ? 'not confirmed; nothing was changed' : `"${typed}" is not ${vcenter.id}; nothing was changed`,
    remedy: 'Run it again when you are ready.',
  };
}
