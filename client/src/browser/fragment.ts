/** Takes what the fragment of the address says out of it: neither the address nor the history should keep a secret. */
export function takeFragment(): string {
  const taken = location.hash.slice(1);
  if (taken !== '') history.replaceState(null, '', location.pathname);
  return taken;
}
