import ts from 'typescript';

/** One import, export-from or `import()` of a source file. */
export interface ImportOf {
  /** As written: `../model/ids.js`, `node:fs`, `zod`. */
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly names: readonly string[];
  readonly line: number;
}

export interface SourceModule {
  /** Relative to the repository, with slashes: `src/model/ids.ts`. */
  readonly path: string;
  readonly imports: readonly ImportOf[];
  /** `Date.now`, `new Date()`, `Math.random`, `process.…`: what a pure function must be given instead. */
  readonly impure: readonly { readonly what: string; readonly line: number }[];
  readonly defaultExport: boolean;
  /** Nothing but re-exports. */
  readonly barrel: boolean;
  readonly lines: number;
}

/** Which folders of src/ each folder may import; `types` means `import type` alone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  model: [],
  x509: ['model'],
  config: ['model'],
  lab: ['model'],
  inventory: ['model', 'x509'],
  findings: ['model', 'x509'],
  plan: ['model', 'x509'],
  diagnose: ['model', 'x509'],
  ca: ['model', 'x509'],
  report: ['model', 'findings/explain', 'plan/describe-step', 'plan/describe-cleanup', 'diagnose'],
  wire: ['model', 'x509'],
  collect: ['model', 'x509', 'wire', 'config (types)', 'inventory', 'diagnose'],
  execute: ['model', 'x509', 'wire', 'plan', 'collect', 'inventory', 'findings', 'diagnose', 'config (types)'],
  cli: ['model', 'x509', 'config', 'inventory', 'findings', 'plan', 'diagnose', 'ca', 'report', 'wire', 'collect', 'execute'],
};
const MAY_IMPORT_LAB = /^src\/cli\/commands\/(lab|rehearse|start)\.ts$/;

const PURE = new Set(['model', 'x509', 'inventory', 'findings', 'plan', 'diagnose', 'ca', 'report']);
const EDGE_BUILT_INS =
  /^node:(fs|net|tls|http|https|http2|dgram|dns|child_process|cluster|os|process|worker_threads|readline|timers|perf_hooks|repl|tty|v8|vm)(\/|$)/;
const X509_LIBRARY = /^(@peculiar\/|pkijs|asn1js|node-forge|reflect-metadata)/;
const READS_CERTIFICATES = /^src\/(x509|ca)\/|^src\/lab\/pki\.ts$/;
const VAGUE_NAME = /\/(utils?|helpers?|common|misc)(\/|\.ts$)/;
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*\.ts$/;
const MAX_LINES = 400;

export function readModule(path: string, text: string): SourceModule {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  const lineOf = (node: ts.Node) => source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const imports: ImportOf[] = [];
  const impure: { what: string; line: number }[] = [];
  let defaultExport = false;

  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push({ specifier: node.moduleSpecifier.text, line: lineOf(node), ...importedNames(node.importClause) });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      imports.push({ specifier: node.moduleSpecifier.text, line: lineOf(node), typeOnly: node.isTypeOnly, names: [] });
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [target] = node.arguments;
      const specifier = target && ts.isStringLiteralLike(target) ? target.text : '(computed)';
      imports.push({ specifier, line: lineOf(node), typeOnly: false, names: [] });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument) && ts.isStringLiteral(node.argument.literal)) {
      imports.push({ specifier: node.argument.literal.text, line: lineOf(node), typeOnly: true, names: [] });
    }
    if (isDefaultExport(node)) defaultExport = true;
    const what = impurity(node);
    if (what) impure.push({ what, line: lineOf(node) });
    ts.forEachChild(node, visit);
  };
  visit(source);

  const barrel =
    source.statements.length > 0 && source.statements.every((s) => ts.isExportDeclaration(s) && s.moduleSpecifier !== undefined);
  return { path, imports, impure, defaultExport, barrel, lines: text.replace(/\n$/, '').split('\n').length };
}

/**
 * Everything that is against section 2 of the style guide, one sentence each, with file and line.
 * @param longFiles files that may pass 400 lines, each with the reason
 */
export function violations(modules: readonly SourceModule[], longFiles: Readonly<Record<string, string>> = {}): string[] {
  return [...modules.flatMap((module) => violationsIn(module, longFiles)), ...cycles(modules)];
}

function violationsIn(module: SourceModule, longFiles: Readonly<Record<string, string>>): string[] {
  const { path } = module;
  const found: string[] = [];
  const folder = folderOf(path);
  const pure = PURE.has(folder);

  if (!(folder in MAY_IMPORT) && path !== 'src/index.ts') found.push(`${path}: no rule says what folder "${folder}" may import`);
  if (module.defaultExport) found.push(`${path}: has a default export`);
  if (path !== 'src/index.ts' && (module.barrel || path.endsWith('/index.ts'))) found.push(`${path}: is a barrel file`);
  if (VAGUE_NAME.test(path)) found.push(`${path}: name it after what it holds`);
  if (!KEBAB.test(path.slice(path.lastIndexOf('/') + 1))) found.push(`${path}: file names are kebab-case`);
  if (module.lines > MAX_LINES && !(path in longFiles)) found.push(`${path}: ${module.lines} lines, more than ${MAX_LINES}`);
  if (pure) for (const { what, line } of module.impure) found.push(`${path}:${line}: ${what} in a pure folder`);

  for (const one of module.imports) {
    const at = `${path}:${one.line}`;
    if (one.specifier.startsWith('.')) {
      if (!one.specifier.endsWith('.js')) found.push(`${at}: relative imports end in .js: ${one.specifier}`);
      const target = resolveImport(path, one.specifier);
      if (!arrowAllowed(path, target, one.typeOnly)) found.push(`${at}: ${folder} may not import ${target}`);
      continue;
    }
    if (one.specifier === '(computed)') found.push(`${at}: the target of import() is computed`);
    if (pure && (EDGE_BUILT_INS.test(one.specifier) || one.specifier === 'ssh2' || one.specifier === 'undici')) {
      found.push(`${at}: ${one.specifier} in a pure folder`);
    }
    if (X509_LIBRARY.test(one.specifier) && !READS_CERTIFICATES.test(path)) {
      found.push(`${at}: ${one.specifier} outside x509, ca and lab/pki.ts`);
    }
    if (one.specifier === 'node:crypto' && pure && folder !== 'x509' && folder !== 'ca') {
      const hashOnly = (folder === 'inventory' || folder === 'plan') && one.names.every((name) => name === 'createHash');
      if (!hashOnly) found.push(`${at}: node:crypto in ${folder}`);
    }
  }
  return found;
}

function arrowAllowed(from: string, to: string, typeOnly: boolean): boolean {
  if (from === 'src/index.ts') return folderOf(to) !== 'cli' && folderOf(to) !== 'lab';
  const [source, target] = [folderOf(from), folderOf(to)];
  if (source === target) return true;
  if (target === 'lab') return MAY_IMPORT_LAB.test(from);
  return (MAY_IMPORT[source] ?? []).some((allowed) => {
    if (allowed.endsWith(' (types)')) return typeOnly && target === allowed.slice(0, -' (types)'.length);
    return to.startsWith(`src/${allowed}/`) || to === `src/${allowed}.ts`;
  });
}

/** Cycles over all imports, types included: two files that need each other are one subject. */
function cycles(modules: readonly SourceModule[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (state.get(path) === 'done') return;
    if (state.get(path) === 'open') {
      found.push(`cycle: ${[...trail.slice(trail.indexOf(path)), path].join(' → ')}`);
      return;
    }
    state.set(path, 'open');
    for (const one of byPath.get(path)?.imports ?? []) {
      const target = one.specifier.startsWith('.') ? resolveImport(path, one.specifier) : undefined;
      if (target && byPath.has(target)) walk(target, [...trail, path]);
    }
    state.set(path, 'done');
  };
  for (const module of modules) walk(module.path, []);
  return found;
}

const folderOf = (path: string): string => path.split('/')[1] ?? '';

function resolveImport(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/').replace(/\.js$/, '.ts');
}

function importedNames(clause: ts.ImportClause | undefined): { typeOnly: boolean; names: string[] } {
  if (!clause) return { typeOnly: false, names: [] };
  const typeOnlyClause = clause.phaseModifier === ts.SyntaxKind.TypeKeyword;
  const bindings = clause.namedBindings;
  if (!bindings || !ts.isNamedImports(bindings)) return { typeOnly: typeOnlyClause, names: ['*'] };
  const names = bindings.elements.map((element) => (element.propertyName ?? element.name).text);
  return { typeOnly: typeOnlyClause || bindings.elements.every((element) => element.isTypeOnly), names };
}

function isDefaultExport(node: ts.Node): boolean {
  if (ts.isExportAssignment(node)) return true;
  if (ts.isExportSpecifier(node)) return node.name.text === 'default';
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((m) => m.kind === ts.SyntaxKind.DefaultKeyword);
}

function impurity(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) && isNamed(node.expression, 'Date') && !node.arguments?.length) return 'new Date()';
  if (ts.isCallExpression(node) && isNamed(node.expression, 'Date')) return 'Date()';
  if (!ts.isPropertyAccessExpression(node)) return undefined;
  const name = `${ts.isIdentifier(node.expression) ? node.expression.text : ''}.${node.name.text}`;
  if (['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'crypto.getRandomValues'].includes(name)) return name;
  return isNamed(node.expression, 'process') ? name : undefined;
}

const isNamed = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name;
