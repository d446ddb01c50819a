/**
 * Which modules are loaded together. The bundler splits by what imports a module, which gives many small files: they compress
 * worse, and each is a request. What is not listed is split like that.
 */
export const chunks = [
  { name: 'runtime', test: isRuntime },
  // What the start page and the way into a room share.
  {
    name: 'shell',
    test: /\/src\/(App|browser\/device\.|state\/app|session\/|util\/backoff|text\/(common|failures)|components\/(ServerAway|Notice|Logo|Toasts|CodeForm)\.)/,
  },
  { name: 'gate', test: /\/src\/(pages\/RoomGate|text\/access)|\/typescript\/protocol\.ts$/ },
  // What a room shares with other pages.
  {
    name: 'shared',
    test: /\/svelte\/src\/|\/src\/(text\/(connection|intl|room|devices|identity)\.|util\/|browser\/shortcuts\.|providers\/spotify\/sdk\.|components\/(ConfirmButton|LinkQr|Dialog|Switcher|Avatar|Icon)\.)/,
  },
  { name: 'room', test: /\/src\/(pages\/Room\.|text\/refusals\.)/ },
];

/** What every page uses before its texts are loaded, and of the libraries; what only rooms use of them is loaded there. */
function isRuntime(id: string): boolean {
  if (/\/@lingui\/core\/|vite\/preload-helper|rolldown\/runtime|\/src\/language\/\w+\.ts$/.test(id)) return true;
  if (/\/src\/browser\/(ahead|install|offline|storage|theme)\.ts$/.test(id)) return true;
  const [, part = ''] = /\/svelte\/src\/(.+)\.js$/.exec(id) ?? [];
  return part !== '' && !ROOMS_ONLY.test(part);
}

/** Of Svelte's runtime; and its indexes, which import everything. */
const ROOMS_ONLY =
  /(^|\/)index$|transitions|animations|bindings\/(select|window|media|size)|^reactivity|svelte-(boundary|element)/;
