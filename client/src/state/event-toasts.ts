import { gathered, type News } from '../room/news';
import { newsWords } from '../text/news';
import { app, TOAST_MS } from './app.svelte';

/** Events within this time are reported together. */
const GATHER_MS = 400;
/** After a long absence a lot may have happened: only the latest kinds are reported. */
const KINDS_MAX = 3;

interface Told {
  all: News[];
  toast: number;
  atMs: number;
}

/** Shows toasts about room events: one toast per kind at a time, which counts further events. */
export class EventToasts {
  #gathered: News[] = [];
  #told = new Map<News['kind'], Told>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  show(news: News[]): void {
    if (news.length === 0) return;
    this.#gathered.push(...news);
    this.#timer ??= setTimeout(() => this.#print(), GATHER_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #print(): void {
    this.#timer = undefined;
    const kinds = gathered(this.#gathered, KINDS_MAX);
    this.#gathered = [];
    for (const news of kinds) if (news[0] !== undefined) this.#say(news[0].kind, news);
  }

  #say(kind: News['kind'], news: News[]): void {
    const told = this.#told.get(kind);
    const isShown = told !== undefined && performance.now() - told.atMs < TOAST_MS;
    const all = isShown ? [...told.all, ...news] : news;
    if (isShown) app.dismiss(told.toast);
    this.#told.set(kind, { all, toast: app.say(newsWords(all)), atMs: performance.now() });
  }
}
