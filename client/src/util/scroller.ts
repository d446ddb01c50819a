/** What scrolls the list: a part of the page, or the page. */
export function scrollerOf(list: HTMLElement): Element {
  for (let element = list.parentElement; element !== null; element = element.parentElement) {
    const scrolls = /auto|scroll/.test(getComputedStyle(element).overflowY);
    if (scrolls && element.scrollHeight > element.clientHeight) return element;
  }
  return document.scrollingElement ?? document.documentElement;
}
