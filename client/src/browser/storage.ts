/** What this browser remembers. Private windows may forbid storage: then it is remembered until the page closes. */
export interface Memory {
  recall(key: string): string | null;
  remember(key: string, value: string | null): void;
}

/** For all pages of this browser, for good. */
export const device = memory(() => localStorage);
/** For this tab, through reloads and journeys to other sites. */
export const tab = memory(() => sessionStorage);

export const { recall, remember } = device;

function memory(storage: () => Storage): Memory {
  const fallback = new Map<string, string>();
  return {
    recall(key) {
      try {
        return storage().getItem(key) ?? fallback.get(key) ?? null;
      } catch {
        return fallback.get(key) ?? null;
      }
    },
    remember(key, value) {
      try {
        if (value === null) storage().removeItem(key);
        else storage().setItem(key, value);
      } catch {
        if (value === null) fallback.delete(key);
        else fallback.set(key, value);
      }
    },
  };
}
