/** The browser APIs used here, replaceable in tests. */
export interface PageReturnHost {
  page: Pick<Document, 'visibilityState' | 'addEventListener' | 'removeEventListener'>;
  view: Pick<Window, 'addEventListener' | 'removeEventListener'>;
}

/**
 * Calls back when this page may have been asleep: it became visible, was thawed, or came out of the back/forward cache.
 * One return can call more than once. Returns a function that stops listening.
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
  // Hidden pages are thawed as well, for a notification or because they play sound.
  page.addEventListener('resume', call);
  view.addEventListener('pageshow', onShow);
  return () => {
    page.removeEventListener('visibilitychange', onVisibility);
    page.removeEventListener('resume', call);
    view.removeEventListener('pageshow', onShow);
  };
}
