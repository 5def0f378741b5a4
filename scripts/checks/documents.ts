import { posix } from 'node:path';
import type { Check, Tree, Violation } from './check.ts';

const isDocument = /^(?:(?:README|ARCHITECTURE|AGENTS|CHANGELOG)\.md|(?:docs|skills)\/.+\.md)$/;

/** What in backticks is taken for a path of the repository: `src/…`, `./src/…`, also behind a command. */
const repositoryPath = /^(?:\.\/)?(?:src|docs|test|scripts|bin|bench|skills)\/\S*$/;

/** Stands for more than one path, or for one the reader fills in. */
const placeholder = /[<>*…{}$|]|\.\.\./;

/**
 * Files and folders that a document names, in backticks or as a link target, exist; so does each `npm run NAME`.
 * Fenced code is read for `npm run` only: it may show the tree of another project.
 */
export const documents: Check = (tree) => {
  const places = placesOf(tree);
  const scripts = scriptsOf(tree);
  return [...tree.files].flatMap(([file, text]) => {
    if (!isDocument.test(file)) return [];
    return prose(text).flatMap(({ line, words, fenced }) => [
      ...(fenced ? [] : missingPaths(file, line, words, places)),
      ...missingScripts(file, line, words, scripts),
    ]);
  });
};

interface Line {
  readonly line: number;
  readonly words: string;
  readonly fenced: boolean;
}

function prose(text: string): Line[] {
  let fence: string | null = null;
  return text.split('\n').map((words, index) => {
    const mark = /^\s*(`{3,}|~{3,})/.exec(words)?.[1] ?? null;
    const fenced = fence !== null || mark !== null;
    if (fence === null) fence = mark;
    else if (mark?.startsWith(fence)) fence = null;
    return { line: index + 1, words, fenced };
  });
}

function missingPaths(file: string, line: number, words: string, places: ReadonlySet<string>): Violation[] {
  const folder = posix.dirname(file);
  const named = codePaths(words).map(
    (path) => [path, [posix.normalize(path), posix.join(folder, path)]] as const,
  );
  const linked = linkTargets(words).map((path) => {
    return [
      path,
      [path.startsWith('/') ? posix.normalize(path.slice(1)) : posix.join(folder, path)],
    ] as const;
  });
  return [...named, ...linked].flatMap(([path, candidates]) => {
    if (placeholder.test(path) || candidates.some((one) => places.has(one.replace(/\/$/, '')))) return [];
    const message = `names ${path}, which does not exist`;
    return { file, line, rule: 'documents', message, remedy: 'name what is there, or rewrite the paragraph' };
  });
}

function codePaths(words: string): string[] {
  const spans = [...words.matchAll(/(`+)(.+?)\1(?!`)/g)].map((match) => match[2] ?? '');
  return spans
    .flatMap((span) => span.split(/[\s,;"'()]+/))
    .filter((word) => repositoryPath.test(word))
    .map((word) => word.replace(/[#?].*$/, '').replace(/(?::\d+)*[.:]?$/, ''));
}

function linkTargets(words: string): string[] {
  const visible = words.replace(/(`+).+?\1(?!`)/g, '');
  const inline = [...visible.matchAll(/\]\(\s*<?([^)\s>]+)>?[^)]*\)/g)].map((match) => match[1] ?? '');
  const defined = /^\s*\[[^\]]+\]:\s+<?([^\s>]+)/.exec(visible)?.[1];
  return [...inline, ...(defined === undefined ? [] : [defined])]
    .filter((target) => !/^(?:[a-z][a-z0-9+.-]*:|#|\/\/)/i.test(target))
    .map((target) => decodeURI(target.replace(/[#?].*$/, '')));
}

function missingScripts(
  file: string,
  line: number,
  words: string,
  scripts: ReadonlySet<string>,
): Violation[] {
  return [...words.matchAll(/\bnpm run ([\w:.-]*\w)/g)].flatMap(([, name = '']) => {
    if (scripts.has(name)) return [];
    const message = `names "npm run ${name}", which package.json does not have`;
    return { file, line, rule: 'documents', message, remedy: 'name a script that is there' };
  });
}

/** All files and their folders. */
function placesOf({ files }: Tree): Set<string> {
  const places = new Set<string>(['.']);
  for (const path of files.keys()) {
    for (let place = path; place !== '.'; place = posix.dirname(place)) places.add(place);
  }
  return places;
}

function scriptsOf({ files }: Tree): Set<string> {
  const manifest: unknown = JSON.parse(files.get('package.json') ?? '{}');
  const scripts: unknown =
    typeof manifest === 'object' && manifest !== null && 'scripts' in manifest ? manifest.scripts : {};
  return new Set(Object.keys(scripts ?? {}));
}
