/** The tab that a key moves to from another one; `null` when the key does nothing here. */
export function tabAfter<Id>(shown: readonly Id[], current: Id, key: string): Id | null {
  const at = shown.indexOf(current);
  const to = {
    ArrowRight: at + 1,
    ArrowDown: at + 1,
    ArrowLeft: at - 1,
    ArrowUp: at - 1,
    Home: 0,
    End: shown.length - 1,
  }[key];
  return to === undefined ? null : (shown[(to + shown.length) % shown.length] ?? null);
}
