import type { z } from 'zod';
import { err, ok, type Result } from '../model/problem.js';
import { crossCheck } from './cross-check.js';
import { type EstateFile, estateSchema } from './estate-schema.js';
import type { ConfigMistake } from './mistake.js';
import { nearest } from './nearest.js';
import { readYaml, type YamlPath, type YamlText } from './read-yaml.js';

/**
 * The text of an estate.yaml → its checked content, or every mistake in it, in the order of the file.
 * @param fallback what the environment provides, so that it may be missing here
 */
export function readEstate(
  text: string,
  fallback: { readonly username: boolean; readonly password: boolean; readonly url: boolean },
): Result<EstateFile, readonly ConfigMistake[]> {
  const { yaml, slips } = readYaml(text);
  if (!yaml) return err(slips);
  const value = yaml.value ?? {};
  const parsed = estateSchema.safeParse(value, { reportInput: true });
  const crossed = crossCheck(value, fallback).map(
    ({ path, at, message, remedy }): ConfigMistake => ({ ...yaml.locate(path, at), path: pathText(path), message, remedy }),
  );
  const mistakes = [...slips, ...(parsed.error?.issues ?? []).flatMap((issue) => mistakesOf(issue, yaml)), ...crossed];
  if (mistakes.length > 0) return err(mistakes.sort((a, b) => a.line - b.line || a.column - b.column));
  return parsed.success ? ok(parsed.data) : err(mistakes);
}

function mistakesOf(issue: z.core.$ZodIssue, yaml: YamlText): ConfigMistake[] {
  const path = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
  if (issue.code === 'unrecognized_keys') {
    const known = keysAt(path);
    return issue.keys.map((key) => {
      const where = [...path, key];
      return {
        ...yaml.locate(where, 'key'),
        path: pathText(where),
        message: 'is not a key that means anything here',
        remedy: unknownKey(key, known),
      };
    });
  }
  return [{ ...yaml.locate(path), path: pathText(path), ...wordsFor(issue, path) }];
}

function wordsFor(issue: z.core.$ZodIssue, path: YamlPath): { readonly message: string; readonly remedy: string } {
  const key = path.at(-1);
  const isSecret = key === 'password' || key === 'passphrase';
  if (issue.code === 'custom') {
    return { message: issue.message, remedy: String(issue.params?.remedy ?? 'Check this value.') };
  }
  if (issue.code === 'invalid_type') {
    if (issue.input === undefined) return { message: 'is missing', remedy: `Write \`${String(key)}:\` here.` };
    if (isSecret && issue.expected === 'object') {
      const remedy = 'Take the secret out of the file: write { env: NAME }, { file: PATH } or { command: [program, argument] }.';
      return { message: 'is written in plain text', remedy };
    }
    if (issue.input === null) return { message: 'is empty', remedy: 'Write its value, or remove the key.' };
    if (issue.expected === 'string') return { message: 'is not text', remedy: 'Put it in quotes.' };
    return {
      message: `must be ${EXPECTED[issue.expected] ?? issue.expected}`,
      remedy: 'See the examples that come with vasatrust.',
    };
  }
  if (issue.code === 'too_small' && issue.origin !== 'array' && issue.origin !== 'string')
    return { message: `is less than ${issue.minimum}`, remedy: 'Write a larger number.' };
  if (issue.code === 'too_small') return { message: 'is empty', remedy: 'Write at least one, or remove the key.' };
  if (issue.code === 'too_big') return { message: `is more than ${issue.maximum}`, remedy: 'Write a smaller number.' };
  return { message: issue.message, remedy: 'Check this value.' };
}

const EXPECTED: Readonly<Record<string, string>> = {
  object: 'a block of keys',
  array: 'a list (lines that begin with "- ")',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

/** Keys people bring along from other tools, with what to write here. */
const BROUGHT_ALONG: Readonly<Record<string, string>> = {
  insecure: 'There is no way to skip the check: write `tls: { fingerprint: "SHA256 …" }` or `tls: { caFile: … }`.',
  thumbprint: 'Write `fingerprint:` with the SHA-256 fingerprint; the SHA-1 thumbprint of vSphere is no pin.',
  host: 'Write `address:`.',
  user: 'Write `username:`.',
  strictHostKeyChecking: 'Write `hostKey:` or `knownHostsFile:`; an unknown host is never accepted.',
};

function unknownKey(key: string, known: readonly string[]): string {
  const close = nearest(key, known);
  const brought = Object.hasOwn(BROUGHT_ALONG, key) ? BROUGHT_ALONG[key] : undefined;
  return brought ?? (close ? `Did you mean \`${close}\`?` : `Known here: ${known.join(', ')}.`);
}

/** The keys that the schema knows at a path. */
function keysAt(path: YamlPath): string[] {
  let schema: unknown = estateSchema;
  for (const step of path) {
    schema = plain(schema);
    schema =
      typeof step === 'number'
        ? (schema as { element?: unknown }).element
        : (schema as { shape?: Record<string, unknown> }).shape?.[step];
  }
  return Object.keys((plain(schema) as { shape?: object } | undefined)?.shape ?? {});
}

/** Without `optional` around it. */
function plain(schema: unknown): unknown {
  const wrapped = schema as { unwrap?: () => unknown; element?: unknown } | undefined;
  return wrapped?.unwrap && wrapped.element === undefined ? plain(wrapped.unwrap()) : schema;
}

/** `vcenters[0].tls.fingerprint` */
export function pathText(path: YamlPath): string {
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : text === '' ? step : `${text}.${step}`),
    '',
  );
}
