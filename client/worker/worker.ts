/**
 * The service worker: opens the app without the server. It answers two kinds of requests:
 *
 * - **Pages** come from the server, always. Only if the server does not answer, they are the page that was kept, which says
 *   so. An update is therefore applied at the next navigation.
 * - **Hashed files** (`/assets/…`) never change, so they are taken from the cache and kept when they are loaded.
 *
 * Everything else goes to the network as if there was no worker: the API, covers, audio, the socket. Nothing about a room, a
 * user or an invitation is kept: the one page is stored under `/`. Paths are below the worker's scope.
 *
 * A new worker waits until no page of the earlier version is open, then removes that version's files.
 */

// A module, so that `self` is its own.
export {};

declare const self: ServiceWorkerGlobalScope;
/** The files of this build; `tools/service-worker.ts` writes them. */
declare const __FILES__: {
  /** What the start page needs. */
  start: string[];
  /** What other pages and parts need. */
  parts: string[];
  /** The texts, by language. */
  languages: Record<string, string[]>;
};

/** The part of the site's path that is this server's, such as `/tutti`; empty at the root. */
const BASE = new URL(self.registration.scope).pathname.replace(/\/$/, '');
const CACHE = `tutti${BASE}`;
const PAGE = `${BASE}/`;
/** Then the server counts as away: addresses of a network that one has left answer nothing, not even an error. */
const PAGE_WAIT_MS = 4_000;
/** A proxy answers for a server that is away. */
const AWAY = new Set([502, 503, 504]);

const start = __FILES__.start.map(below);
const parts = __FILES__.parts.map(below);
const all = new Set([...start, ...parts, ...Object.values(__FILES__.languages).flat().map(below)]);
const language = new URL(self.location.href).searchParams.get('language') ?? 'en';
/** Those of the first pages come first. */
const texts = (__FILES__.languages[language] ?? []).map(below);

self.addEventListener('install', (event) => event.waitUntil(install()));
self.addEventListener('activate', (event) => event.waitUntil(activate()));
self.addEventListener('message', (event) => event.waitUntil(keep([...parts, ...texts])));
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== self.location.origin) return;
  if (pathname.startsWith(below('/assets/'))) event.respondWith(file(event, pathname));
  else if (request.mode === 'navigate' && !/^\/(api|ws)(\/|$)/.test(pathname.slice(BASE.length)))
    event.respondWith(page(event));
});

function below(path: string): string {
  return BASE + path;
}

async function install(): Promise<void> {
  await keep([...start, ...texts.slice(0, 1)]);
  const response = await fetch(PAGE, { cache: 'no-cache' });
  // Another version, when the server was updated in between: the browser installs that one soon.
  if (!(await keepPage(response))) throw new Error('the page is of another version');
}

async function activate(): Promise<void> {
  const cache = await caches.open(CACHE);
  const paths = (await cache.keys()).map(({ url }) => new URL(url).pathname);
  await Promise.all(paths.filter((path) => path !== PAGE && !all.has(path)).map((path) => cache.delete(path)));
  // The server starts to answer while the worker starts.
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

async function page(event: FetchEvent): Promise<Response> {
  const answer = answerOf(event);
  const response = await Promise.race([answer.catch(() => null), afterMs(PAGE_WAIT_MS)]);
  if (response === null || AWAY.has(response.status)) return (await match(PAGE)) ?? answer;
  // The server's settings are in the headers of the page.
  if (response.ok) event.waitUntil(keepPage(response.clone()));
  return response;
}

async function answerOf(event: FetchEvent): Promise<Response> {
  return ((await event.preloadResponse) as Response | undefined) ?? fetch(event.request);
}

async function file(event: FetchEvent, path: string): Promise<Response> {
  const kept = await match(path);
  if (kept !== undefined) return kept;
  const response = await fetch(event.request);
  if (response.ok) event.waitUntil(put(path, response.clone()));
  return response;
}

/** Keeps the page if it is of this worker's version, whose files are here; false otherwise. */
async function keepPage(response: Response): Promise<boolean> {
  const html = await response.clone().text();
  const files = html.match(/\bassets\/[^"\s]+/g) ?? [];
  const isOurs = response.ok && files.length > 0 && files.every((name) => all.has(below(`/${name}`)));
  if (isOurs) await put(PAGE, response);
  return isOurs;
}

async function keep(paths: readonly string[]): Promise<void> {
  const cache = await caches.open(CACHE);
  const missing = await Promise.all(paths.map(async (path) => ((await match(path)) === undefined ? [path] : [])));
  await cache.addAll(missing.flat());
}

async function match(path: string): Promise<Response | undefined> {
  return (await caches.open(CACHE)).match(path, { ignoreVary: true });
}

async function put(path: string, response: Response): Promise<void> {
  await (await caches.open(CACHE)).put(path, response);
}

function afterMs(ms: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), ms));
}
