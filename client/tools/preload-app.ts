import type { HtmlTagDescriptor, Plugin, Rolldown } from 'vite';

/**
 * Lets the page load the app's modules while the entry loads its texts, before which they cannot be evaluated. The parts of
 * a room are listed for `browser/ahead.ts`, which loads them for those who are in one: those of the first view, and the others.
 */
export function preloadApp(): Plugin {
  return {
    name: 'preload-app',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle = {} }) {
        const app = closureOf(bundle, '/App.svelte').filter((file) => !html.includes(file));
        // What a returning member's connection needs is evaluated beside the texts.
        const early = [...closureOf(bundle, '/src/main.ts'), ...closureOf(bundle, '/connection/head-start.ts')];
        const tooEarly = early.filter((file) => modulesOf(bundle, file).some((id) => /\/src\/text\//.test(id)));
        if (tooEarly.length > 0) throw new Error(`texts are evaluated before their language is loaded: ${tooEarly}`);
        const filesOf = (parts: string[], known: string[]) => {
          const files = new Set(parts.flatMap((part) => closureOf(bundle, part)));
          return [...files].filter((file) => !known.includes(file) && !html.includes(file));
        };
        const room = filesOf(['/head-start.ts', '/RoomGate.svelte', '/pages/Room.svelte', '/text/refusals.ts'], app);
        const views = filesOf(['/room/Upcoming.svelte', '/room/Search.svelte', '/room/Chat.svelte'], [...app, ...room]);
        return [
          ...app.map((file) =>
            file.endsWith('.css') ? link(file, { rel: 'preload', as: 'style' }) : link(file, { rel: 'modulepreload' }),
          ),
          list('room-files', room),
          list('view-files', views),
        ];
      },
    },
  };
}

function list(name: string, files: string[]): HtmlTagDescriptor {
  return { tag: 'meta', attrs: { name, content: files.join(' ') }, injectTo: 'head' };
}

function link(file: string, attrs: Record<string, string>): HtmlTagDescriptor {
  return { tag: 'link', attrs: { ...attrs, crossorigin: true, href: `/${file}` }, injectTo: 'head' };
}

/** The files of a module, of what it imports, and of their styles. */
function closureOf(bundle: Rolldown.OutputBundle, module: string): string[] {
  const files = new Set<string>();
  const add = (file: string): void => {
    const output = bundle[file];
    if (output?.type !== 'chunk' || files.has(file)) return;
    files.add(file);
    output.imports.forEach(add);
    for (const style of output.viteMetadata?.importedCss ?? []) files.add(style);
  };
  const holder = Object.values(bundle).find(({ fileName }) =>
    modulesOf(bundle, fileName).some((id) => id.endsWith(module)),
  );
  if (holder === undefined) throw new Error(`no chunk of ${module}`);
  add(holder.fileName);
  return [...files];
}

function modulesOf(bundle: Rolldown.OutputBundle, file: string): readonly string[] {
  const output = bundle[file];
  return output?.type === 'chunk' ? output.moduleIds : [];
}
