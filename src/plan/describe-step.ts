import type { Plan, Step } from '../model/plan.js';
import { unreachable } from '../model/problem.js';
import {
  describeInstallCertificate,
  describeObtainCertificates,
  describePublishRoots,
  describePushHostRoots,
  describeRegisterProvider,
  describeRemoveRegistration,
} from './describe-step/changes.js';
import {
  describeConfirmBackup,
  describeConfirmCertificate,
  describeConfirmClocks,
  describeConfirmController,
  describeConfirmEvidence,
  describeConfirmNames,
  describeConfirmOnline,
  describeConfirmRetained,
  describeConfirmRoots,
  describeFinalAudit,
  describeHoldAutomation,
  describeLookAfter,
} from './describe-step/checks.js';
import { PlanWords } from './describe-step/plan-words.js';
import type { Named, StepText } from './describe-step/step-text.js';
import { shellWord } from './quote-command.js';

/** Words for one step of a plan: the one place they are made, whatever shows them. */
export function describeStep(step: Step, plan: Plan, named: Named): StepText {
  const words = new PlanWords(plan, shellWord(named.planFile));
  switch (step.kind) {
    case 'confirm-evidence':
      return describeConfirmEvidence(words);
    case 'confirm-clocks':
      return describeConfirmClocks(step);
    case 'confirm-names':
      return describeConfirmNames(step, words);
    case 'confirm-backup':
      return describeConfirmBackup(step);
    case 'hold-automation':
      return describeHoldAutomation(step, words);
    case 'obtain-certificates':
      return describeObtainCertificates(step, words);
    case 'publish-roots':
      return describePublishRoots(step, words);
    case 'confirm-roots':
      return describeConfirmRoots(step, words);
    case 'push-host-roots':
      return describePushHostRoots(step, words);
    case 'install-certificate':
      return describeInstallCertificate(step, words);
    case 'confirm-certificate':
      return describeConfirmCertificate(step, words);
    case 'remove-registration':
      return describeRemoveRegistration(step, words);
    case 'register-provider':
      return describeRegisterProvider(step, words);
    case 'confirm-retained':
      return describeConfirmRetained(step, words);
    case 'confirm-online':
      return describeConfirmOnline(step, words);
    case 'confirm-controller':
      return describeConfirmController(step, words);
    case 'final-audit':
      return describeFinalAudit();
    case 'look-after':
      return describeLookAfter(step);
    default:
      return unreachable(step);
  }
}
