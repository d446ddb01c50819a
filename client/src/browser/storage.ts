/**
 * What this browser remembers. Where storage is forbidden (private windows), it is remembered until the page closes.
 */
export interface Memory {
  recall(key: string): string | null;
  remember(key: string, value: string | null): void;
}

/** The slot of the user: of this tab, and of the last user of this device. */
export const SLOT_KEY = 'tutti.slot';

/** Shared by all pages of this browser, permanently. */
export const device = memory(() => localStorage);
/** For this tab, across reloads and visits to other sites. */
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
