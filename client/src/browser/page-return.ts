/** What of the browser is used; tests bring their own. */
export interface PageReturnHost {
  page: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  view: Pick<Window, 'addEventListener' | 'removeEventListener'>;
}

/**
 * Calls when this page may have been asleep: it is looked at again, thawed, or taken out of the browser's cache of pages.
 * More than one of these can come for one return. Returns the way to stop listening.
 */
export function onPageReturn(call: () => void, host: PageReturnHost = { page: document, view: window }): () => void {
  const { page, view } = host;
  const onVisibility = () => {
    if (page.visibilityState === 'visible') call();
  };
  const onShow = (event: Event) => {
    if ((event as PageTransitionEvent).persisted) call();
  };
  page.addEventListener('visibilitychange', onVisibility);
  // Hidden pages are thawed, too: for a notification, or because sound comes from them.
  page.addEventListener('resume', call);
  view.addEventListener('pageshow', onShow);
  return () => {
    page.removeEventListener('visibilitychange', onVisibility);
    page.removeEventListener('resume', call);
    view.removeEventListener('pageshow', onShow);
  };
}
