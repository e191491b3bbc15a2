import type { Config } from '../../config/config.js';
import { buildInventory } from '../../inventory/build-inventory.js';
import { checkRegistration, findVcenter } from '../../plan/check-registration.js';
import { renderRegistrationCheck } from '../../report/registration-check.js';
import { type EvidenceOptions, evidenceFor } from '../evidence.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Surroundings } from '../surroundings.js';

export interface CheckRegistrationOptions extends EvidenceOptions {
  readonly provider: string;
}

/** 0 nobody is hurt, 1 somebody is, 3 cannot tell. */
export async function checkRegistrationCommand(
  text: string,
  options: CheckRegistrationOptions,
  around: Surroundings,
): Promise<ExitCode> {
  const { out } = around;
  const bundle = await evidenceFor(options, around, (config) => alsoLookAt(config, options.provider));
  if (around.interrupted.aborted) return EXIT.interrupted;
  if (!bundle.ok) {
    out.fail(bundle.error);
    return EXIT.usage;
  }
  const inventory = buildInventory(bundle.value);
  const vcenter = findVcenter(inventory, text);
  if (vcenter === undefined) {
    const ids = inventory.vcenters.map(({ id }) => id).slice(0, 12);
    out.fail({ code: 'usage', summary: `the estate has no vCenter ${text}`, remedy: `There are: ${ids.join(', ')}.` });
    return EXIT.usage;
  }
  const check = checkRegistration(inventory, vcenter, options.provider);
  out.write(renderRegistrationCheck(check, options.output, out.width));
  return check.hurts === true ? EXIT.findings : check.hurts === false ? EXIT.clean : EXIT.gaps;
}

/** A provider that nobody registered yet is looked at all the same. */
function alsoLookAt(config: Config, url: string): Config {
  const isKnown = config.providers.some(({ match }) => 'url' in match && match.url === url);
  return isKnown || !/^https?:\/\//i.test(url) ? config : { ...config, providers: [...config.providers, { match: { url } }] };
}
