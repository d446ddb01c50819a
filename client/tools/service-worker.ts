import type { Plugin, Rolldown } from 'vite';

const WORKER = 'sw.js';
const CATALOG = /\/catalogs\/([^/]+)\/(start|rest)\.po/;
/** Fonts that pages load only for letters outside of Latin-1 are kept when they are used. */
const KEPT = /\.(js|css)$|-latin-wght-normal-.*\.woff2$/;

/** Builds `worker/worker.ts` as `/sw.js`, and writes into it which files the build has. */
export function serviceWorker(): Plugin {
  return {
    name: 'service-worker',
    apply: 'build',
    // After the page.
    enforce: 'post',
    buildStart() {
      this.emitFile({ type: 'chunk', id: 'worker/worker.ts', fileName: WORKER });
    },
    generateBundle(_, bundle) {
      const worker = bundle[WORKER];
      if (worker?.type !== 'chunk') throw new Error(`no ${WORKER}`);
      worker.code = worker.code.replaceAll('__FILES__', JSON.stringify(filesOf(bundle)));
    },
  };
}

interface Files {
  start: string[];
  parts: string[];
  languages: Record<string, string[]>;
}

function filesOf(bundle: Rolldown.OutputBundle): Files {
  const languages: Record<string, string[]> = {};
  const others = new Set<string>();
  for (const [name, output] of Object.entries(bundle)) {
    if (name === WORKER || !name.startsWith('assets/')) continue;
    const [, language, part] = CATALOG.exec(output.type === 'chunk' ? (output.facadeModuleId ?? '') : '') ?? [];
    if (language !== undefined) {
      const files = languages[language] ?? [];
      // The texts of the first pages come first.
      languages[language] = part === 'start' ? [`/${name}`, ...files] : [...files, `/${name}`];
    } else if (KEPT.test(name)) others.add(name);
  }
  const start = startOf(bundle);
  return {
    start: [...start].filter((name) => others.has(name)).map((name) => `/${name}`),
    parts: [...others].filter((name) => !start.has(name)).map((name) => `/${name}`),
    languages,
  };
}

/** What the entry, the app and its start page load, with their styles and the font. */
function startOf(bundle: Rolldown.OutputBundle): Set<string> {
  const start = new Set<string>();
  const add = (name: string): void => {
    const output = bundle[name];
    if (output === undefined || start.has(name)) return;
    start.add(name);
    if (output.type !== 'chunk') return;
    output.imports.forEach(add);
    for (const style of output.viteMetadata?.importedCss ?? []) start.add(style);
  };
  for (const [name, output] of Object.entries(bundle)) {
    if (
      output.type === 'chunk' &&
      (output.isEntry || output.moduleIds.some((id) => /\/(App|Landing)\.svelte$/.test(id)))
    )
      add(name);
    else if (/\.woff2$|\/browser-check-/.test(name)) start.add(name);
  }
  start.delete(WORKER);
  return start;
}
