/**
 * The part of the site's path that is this server's, such as `/tutti` of `https://home.example/tutti`; empty where the whole
 * site is. The server writes it into the page. Addresses in code are without it.
 */
export const base = baseOf(typeof document === 'undefined' ? undefined : document);

export function baseOf(page: Pick<Document, 'documentElement'> | undefined): string {
  return page?.documentElement.dataset.base ?? '';
}

/** The address of a path of this server, for links, requests and the browser's history. */
export function at(path: string): string {
  return base + path;
}

/** The path of an address of the browser without the base. */
export function withoutBase(pathname: string, below = base): string {
  if (pathname === below) return '/';
  return pathname.startsWith(`${below}/`) ? pathname.slice(below.length) : pathname;
}
