/**
 * Which modules are loaded together. The bundler splits by what imports a module, which gives many small files: they compress
 * worse, and each is a request. What is not listed is split like that.
 */
export const chunks = [
  { name: 'runtime', test: isRuntime },
  // What rooms need before any text: the values of the protocol, and a returning member's connection.
  { name: 'protocol', test: /\/typescript\/protocol\.ts$/ },
  { name: 'connection', test: /\/src\/connection\/(head-start|connection)\.ts$/ },
  // What the start page and the way into a room share.
  {
    name: 'shell',
    test: /\/src\/(App|state\/app|text\/(common|failures)|components\/(ServerAway|Notice|Logo|Toasts)\.)/,
  },
  { name: 'gate', test: /\/src\/(pages\/RoomGate|text\/access)/ },
  // What the first view of a room shares with other pages.
  {
    name: 'shared',
    test: /\/svelte\/src\/|\/src\/(text\/(connection|intl|room)\.|util\/(?!cover-colors|row-window|scroller)|browser\/shortcuts\.|providers\/spotify\/sdk\.|components\/(ConfirmButton|Dialog|Switcher|Avatar|Icon)\.)/,
  },
  { name: 'room', test: /\/src\/(pages\/Room\.|text\/refusals\.)/ },
  { name: 'files', test: /\/src\/providers\/files\/(file-player|segment-decoder)\.ts$/ },
  { name: 'views', test: /\/src\/components\/room\/views\.ts$/ },
];

/** What every page uses before its texts are loaded, and of the libraries; what only rooms use of them is loaded there. */
function isRuntime(id: string): boolean {
  if (/\/@lingui\/core\/|vite\/preload-helper|rolldown\/runtime|\/src\/(language|session)\/\w[\w-]*\.ts$/.test(id))
    return !/screen-pairing|spotify-api|credentials/.test(id);
  if (/\/src\/browser\/(ahead|device|first-view|install|offline|route|storage|theme|web-font)\.ts$/.test(id))
    return true;
  if (/\/src\/util\/(backoff|uuid)\.ts$/.test(id)) return true;
  const [, part = ''] = /\/svelte\/src\/(.+)\.js$/.exec(id) ?? [];
  return part !== '' && !ROOMS_ONLY.test(part);
}

/** Of Svelte's runtime; and its indexes, which import everything. */
const ROOMS_ONLY =
  /(^|\/)index$|transitions|animations|bindings\/(select|window|media|size)|^reactivity|svelte-(boundary|element)/;
