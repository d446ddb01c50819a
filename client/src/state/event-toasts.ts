import { groupedByKind, type News } from '../room/news';
import { newsText } from '../text/news';
import { app } from './app.svelte';

/** Events within this time are reported together. */
const GATHER_MS = 400;
/** After a long absence a lot may have happened: only the latest kinds are reported. */
const KINDS_MAX = 3;

interface ShownToast {
  all: News[];
  toast: number;
}

/** Shows toasts about room events: one toast per kind at a time, which counts further events. */
export class EventToasts {
  #pending: News[] = [];
  #shown = new Map<News['kind'], ShownToast>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(news: News[]): void {
    if (news.length === 0) return;
    this.#pending.push(...news);
    this.#timer ??= setTimeout(() => this.#showGathered(), GATHER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #showGathered(): void {
    this.#timer = undefined;
    const kinds = groupedByKind(this.#pending, KINDS_MAX);
    this.#pending = [];
    for (const news of kinds) if (news[0] !== undefined) this.#showKind(news[0].kind, news);
  }

  #showKind(kind: News['kind'], news: News[]): void {
    const shown = this.#shown.get(kind);
    const isShown = shown !== undefined && app.toasts.some(({ id }) => id === shown.toast);
    const all = isShown ? [...shown.all, ...news] : news;
    if (isShown) app.dismiss(shown.toast);
    this.#shown.set(kind, { all, toast: app.showToast(newsText(all)) });
  }
}
