import { at } from './base';

/** Longer edges of the covers that the server makes smaller, in pixels. */
const EDGES = [96, 320, 640, 1000] as const;

/** A cover in one size. Pictures of other sites are as they are. */
export function coverUrl(url: string, edge: (typeof EDGES)[number]): string {
  return isOurs(url) ? at(`${url}?size=${edge}`) : url;
}

/** The `srcset` by which a browser chooses the size for its screen; `undefined` for pictures of other sites. */
export function coverSet(url: string): string | undefined {
  return isOurs(url) ? EDGES.map((edge) => `${coverUrl(url, edge)} ${edge}w`).join(', ') : undefined;
}

/** How wide the cover of what plays is shown, as in HTML. */
export const STAGE_SIZES = '(min-width: 700px) 22rem, 100vw';

/** Loads that cover before the page that shows it. */
export function preloadStage(url: string | null): void {
  if (url === null) return;
  const srcset = coverSet(url) ?? '';
  Object.assign(new Image(), { fetchPriority: 'high', sizes: STAGE_SIZES, srcset, src: coverUrl(url, 320) });
}

/** Served by this server, in any of these sizes. */
function isOurs(url: string): boolean {
  return url.startsWith('/');
}
