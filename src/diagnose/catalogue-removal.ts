import { type Signature, spsLine } from './signature.js';

const SMS = 'com.vmware.vim.sms';
const UID = '453d453a-ac19-4bf5-b1f7-7252ad84950a';
const BACKUP = 'b1801691-98a2-4484-b156-f91e55ca54c6';
const TASK = 'ManagedObjectReference: type = SmsTask, value = SmsTask-22, serverGuid = 126f5b2d-ae91-4173-bdb6-1fbefcc7e6e2';
const ARTICLE = 'Published case, vSphere 6.5: the log of a failed removal.';
const documented = { source: ARTICLE, mark: 'documented' } as const;

/** What SPS logs while it removes a registration, in the order of the published log. */
export const REMOVAL_SIGNATURES: readonly Signature[] = [
  {
    id: 'C1',
    logger: 'TaskImpl',
    literals: ['Created a task - '],
    pattern:
      /^Created a task - ManagedObjectReference: type = SmsTask, value = (?<task>SmsTask-\d+)(?:, serverGuid = (?<guid>[0-9a-fA-F-]+))?/,
    meaning: 'SMS accepted a request and made a task for it. Which request is told by the worker that takes it up.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.task.TaskImpl`, `Created a task - ${TASK}`, 'pool-22-thread-10', 'StorageProvidersView-1'),
  },
  {
    id: 'C2',
    logger: 'StorageManagerImpl',
    literals: ['unregisterProvider() called'],
    pattern: /^unregisterProvider\(\) called for provider - (?<uid>\S+)/,
    meaning: 'The removal of a registration begins.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.StorageManagerImpl`, `unregisterProvider() called for provider - ${UID}`),
  },
  {
    id: 'C3',
    logger: 'TaskImpl',
    literals: ['Updated progress to '],
    pattern:
      /^Updated progress to (?<percent>\d+)% for task .*value = (?<task>SmsTask-\d+)(?:, serverGuid = (?<guid>[0-9a-fA-F-]+))?/,
    meaning: 'A task goes on; ties the worker thread to its task.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.task.TaskImpl`, `Updated progress to 10% for task ${TASK}`),
  },
  {
    id: 'C4',
    logger: 'ProviderFactory',
    literals: ['[removeProvider] Removing provider - '],
    pattern: /^\[removeProvider\] Removing provider - (?<uid>\S+)/,
    meaning: 'The removal reached the registry of providers.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.provider.ProviderFactory`, `[removeProvider] Removing provider - ${UID}`),
  },
  {
    id: 'C5',
    logger: 'ProviderCache',
    literals: ['[removeEntry] Remove the cache entry'],
    pattern: /^\[removeEntry\] Remove the cache entry for the provider - (?<uid>\S+)/,
    meaning: 'The removal reached the cache of providers, where it can fail.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.provider.ProviderCache`, `[removeEntry] Remove the cache entry for the provider - ${UID}`),
  },
  {
    id: 'C6',
    logger: 'ProviderCache',
    literals: ['[removeFdMappingForProvider]'],
    // The misspelling is SPS's own; a release that mends it still matches.
    pattern: /^\[removeFdMappingForProvider\] No FaultDomainMapping objects found for given f\w+DomainId list/,
    meaning: 'The provider belonged to no replication fault domain. Harmless.',
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.ProviderCache`,
      '[removeFdMappingForProvider] No FaultDomainMapping objects found for given fualtDomainId list []',
    ),
  },
  {
    id: 'C7',
    logger: 'ProviderFailoverHandler',
    literals: ['[removeProvider] Removing provider: '],
    pattern: /^\[removeProvider\] Removing provider: (?<uid>\S+) from priority cache/,
    meaning: 'The provider is taken out of the order in which providers of an array stand in for each other.',
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.failover.ProviderFailoverHandler`,
      `[removeProvider] Removing provider: ${UID} from priority cache`,
    ),
  },
  {
    id: 'C8',
    logger: 'ProviderFailoverEngine',
    literals: ['[FAILOVER] Provider failover started'],
    pattern: /^\[FAILOVER\] Provider failover started: \[provider: (?<uid>[^;\]\s]+); array: (?<array>[^\]\s]+)\]/,
    meaning:
      'The provider to be removed was the active one of that array: SPS looks for another first. This is where removals fail.',
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.failover.ProviderFailoverEngine`,
      `[FAILOVER] Provider failover started: [provider: ${UID}; array: com.purestorage:d4d78052-ea56-4a7e-9df9-67d1a1634faf]`,
    ),
  },
  {
    id: 'C9',
    logger: 'ProviderFailoverEngine',
    literals: ['[getBackupProvider] Looking for'],
    pattern: /^\[getBackupProvider\] Looking for the new backup provider/,
    meaning: 'SPS looks for a provider of the same array that can take over.',
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.failover.ProviderFailoverEngine`,
      '[getBackupProvider] Looking for the new backup provider...',
    ),
  },
  {
    id: 'C10',
    logger: 'ProviderFailoverEngine',
    literals: ['Check backup provider '],
    pattern: /^Check backup provider (?<backup>\S+) \.\.\./,
    meaning: 'A provider of the same array is considered.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.provider.failover.ProviderFailoverEngine`, `Check backup provider ${BACKUP} ...`),
  },
  {
    id: 'C11',
    logger: 'ProviderFailoverEngine',
    literals: ['NeedsExplicitActivation is not set'],
    pattern: /^NeedsExplicitActivation is not set\. Skipping activating provider/,
    meaning: 'The provider that takes over needs no word from vCenter to become active. Harmless.',
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.failover.ProviderFailoverEngine`,
      'NeedsExplicitActivation is not set. Skipping activating provider...',
    ),
  },
  {
    id: 'C12',
    logger: 'ProviderFailoverEngine',
    literals: ['[getBackupProvider] Found new backup'],
    pattern: /^\[getBackupProvider\] Found new backup provider: (?<backup>\S+)/,
    meaning: 'The provider that takes over was found.',
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.failover.ProviderFailoverEngine`,
      `[getBackupProvider] Found new backup provider: ${BACKUP}`,
    ),
  },
  {
    id: 'C13',
    logger: 'ProviderFailoverEngine',
    literals: ['[updateActiveProvider] Flush event'],
    pattern: /^\[updateActiveProvider\] Flush event queue for the provider/,
    meaning:
      "The old provider's queue of events is emptied. Where that provider never had a session, the next line is the exception.",
    ...documented,
    sample: spsLine(
      'DEBUG',
      `${SMS}.provider.failover.ProviderFailoverEngine`,
      '[updateActiveProvider] Flush event queue for the provider.',
    ),
  },
  {
    id: 'C14',
    logger: 'ProviderCache',
    literals: ['Error while removing an entry for the provider'],
    pattern:
      /^Error while removing an entry for the provider in the providerCache - (?<exception>(?:java\.lang\.)?NullPointerException)/,
    meaning: 'The removal died: the registration is still there, whatever becomes of the task.',
    cause: 'The provider was the active one although it had no session, usually because it lost the trust of this vCenter.',
    remedy: 'See the verdict STALE_VP_NPE.',
    source: `${ARTICLE} The cause is read from the stack.`,
    mark: 'documented',
    sample: `${spsLine(
      'ERROR',
      `${SMS}.provider.ProviderCache`,
      'Error while removing an entry for the provider in the providerCache - java.lang.NullPointerException',
    )}
        at com.vmware.vim.sms.provider.vasa.VasaProviderImpl.flushEventQueue(VasaProviderImpl.java:1562)
        at com.vmware.vim.sms.provider.failover.ProviderFailoverEngine.removeOldActiveProvider(ProviderFailoverEngine.java:296)`,
  },
  {
    id: 'C14b',
    logger: 'ProviderCache',
    literals: ['Error while removing an entry for the provider'],
    pattern:
      /^Error while removing an entry for the provider in the providerCache - (?!(?:java\.lang\.)?NullPointerException)(?<exception>[\w.$]+)/,
    meaning: 'The removal died of something else than the known NullPointerException: the registration is still there.',
    cause: 'Not known.',
    remedy: 'Collect a support bundle. Nothing says that the published procedure helps here.',
    source: 'The form is that of the published log with another exception.',
    mark: 'inferred',
    sample: spsLine(
      'ERROR',
      `${SMS}.provider.ProviderCache`,
      'Error while removing an entry for the provider in the providerCache - java.lang.IllegalStateException: closed',
    ),
  },
  {
    id: 'C14f',
    literals: ['VasaProviderImpl.flushEventQueue('],
    pattern: /^\s*at com\.vmware\.vim\.sms\.provider\.vasa\.VasaProviderImpl\.flushEventQueue\(/,
    meaning: 'A frame of the stack of C14 whose head is not in the log: the log begins, or was cut, in the middle of it.',
    remedy: 'Add the older part of the log (sps.log.1), so that the provider and the array are told.',
    source: ARTICLE,
    mark: 'documented',
    sample: '        at com.vmware.vim.sms.provider.vasa.VasaProviderImpl.flushEventQueue(VasaProviderImpl.java:1562)',
  },
  {
    id: 'C15',
    logger: 'TaskManagerImpl',
    literals: ['[markTaskCompleted] Marked'],
    pattern: /^\[markTaskCompleted\] Marked (?<task>SmsTask-\d+) as complete/,
    meaning: 'The task ended. It says so after a failed removal too: this line is no proof of success.',
    ...documented,
    sample: spsLine('DEBUG', `${SMS}.task.TaskManagerImpl`, '[markTaskCompleted] Marked SmsTask-22 as complete'),
  },
];

/**
 * C16 has no line of its own: no published log shows a removal that worked. It is concluded from the lines that are there and from the
 * error that is not; proof is a fresh query without the uid.
 */
export const REMOVAL_WITHOUT_ERROR = {
  id: 'C16',
  meaning: 'The removal went from beginning to end without an error on its thread.',
  remedy: 'Query the providers again: only a list without the uid proves that it is gone.',
  source: 'No published log shows a successful removal.',
  mark: 'inferred',
  sample: [
    spsLine('DEBUG', `${SMS}.StorageManagerImpl`, `unregisterProvider() called for provider - ${UID}`),
    spsLine('DEBUG', `${SMS}.task.TaskImpl`, `Updated progress to 10% for task ${TASK}`),
    spsLine('DEBUG', `${SMS}.provider.ProviderFactory`, `[removeProvider] Removing provider - ${UID}`),
    spsLine('DEBUG', `${SMS}.task.TaskManagerImpl`, '[markTaskCompleted] Marked SmsTask-22 as complete'),
  ].join('\n'),
} as const;
