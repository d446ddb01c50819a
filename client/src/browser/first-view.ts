/**
 * Orders what a page loads on a slow network: what the first view of a room does not need waits until that view is shown, or
 * takes too long. Other pages wait for nothing.
 */

/** A cover that takes longer does not keep back the rest. */
const WAIT_MS_MAX = 3_000;

let resolve = () => {};
/** Resolves once the first view is shown. */
export const firstView = new Promise<void>((done) => {
  resolve = done;
});

/** A room opens: its page calls `firstViewShown`. */
export function awaitFirstView(): void {
  setTimeout(firstViewShown, WAIT_MS_MAX);
}

export function firstViewShown(): void {
  resolve();
}
