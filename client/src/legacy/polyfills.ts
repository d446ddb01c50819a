/**
 * What the wall screen and its libraries call, and browsers since Chromium 68 may lack. Only as much of each as they
 * use: indexes are whole numbers, and `replaceAll` gets a string, or a pattern with the flag `g`.
 */

type Missing = Record<string, (this: never, ...parameters: never[]) => unknown>;

const ofArrays = {
  at(this: unknown[], index: number) {
    return this[index < 0 ? this.length + index : index];
  },
  findLast(this: unknown[], matches: (value: unknown, index: number) => unknown) {
    for (let index = this.length - 1; index >= 0; index -= 1) if (matches(this[index], index)) return this[index];
    return undefined;
  },
  flat(this: unknown[]) {
    return ([] as unknown[]).concat(...this);
  },
  flatMap(this: unknown[], map: (value: unknown, index: number) => unknown) {
    return ([] as unknown[]).concat(...this.map((value, index) => map(value, index)));
  },
};

const ofStrings = {
  at(this: string, index: number) {
    return this[index < 0 ? this.length + index : index];
  },
  replaceAll(this: string, pattern: string | RegExp, replacement: string | ((found: string) => string)) {
    const all =
      typeof pattern === 'string' ? new RegExp(pattern.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&'), 'g') : pattern;
    return this.replace(all, replacement as string);
  },
};

const ofObjects = {
  fromEntries(entries: Iterable<[string, unknown]>) {
    const found: Record<string, unknown> = {};
    for (const [key, value] of entries) found[key] = value;
    return found;
  },
  hasOwn(object: object, key: PropertyKey) {
    return Object.prototype.hasOwnProperty.call(object, key);
  },
};

const ofPromises = {
  allSettled(promises: Iterable<unknown>) {
    const settled = [...promises].map((promise) =>
      Promise.resolve(promise).then(
        (value) => ({ status: 'fulfilled', value }),
        (reason: unknown) => ({ status: 'rejected', reason }),
      ),
    );
    return Promise.all(settled);
  },
};

/** For the texts of other pages, which are evaluated here too and never shown. */
const ofIntl = {
  ListFormat: class {
    format(items: Iterable<string>) {
      return [...items].join(', ');
    }
  },
  RelativeTimeFormat: class {
    format(value: number, unit: string) {
      return `${value} ${unit}`;
    }
  },
};

const ofPages = {
  queueMicrotask(task: () => void) {
    Promise.resolve()
      .then(task)
      // As an error that nothing catches.
      .catch((error: unknown) =>
        setTimeout(() => {
          throw error;
        }),
      );
  },
};

/** Not enumerable, as the browser's own. */
function complete(object: object, missing: Missing | object): void {
  for (const [name, value] of Object.entries(missing)) {
    if (!(name in object)) Object.defineProperty(object, name, { value, writable: true, configurable: true });
  }
}

complete(window, { globalThis: window, ...ofPages });
complete(Array.prototype, ofArrays);
complete(String.prototype, ofStrings);
complete(Object, ofObjects);
complete(Promise, ofPromises);
complete(Intl, ofIntl);

export const polyfills = { ofArrays, ofStrings, ofObjects, ofPromises };
