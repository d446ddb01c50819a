/*
 * Runs before the app, in every browser: ES5 only, because old ones must understand it. Where something is missing that
 * the pages cannot do without, it keeps the app from starting. Then the wall screen is loaded as built for old browsers;
 * other pages show a sentence. The versions are put in by the build.
 */
(function () {
  var OLDEST = __OLDEST__;
  var TEXTS = {
    en: [
      'This browser is too old for Tutti',
      'Update it, or use another one: {browsers} or newer. On iPhones and iPads, update iOS to {ios} or newer.',
      'Use this device as a wall screen'
    ],
    de: [
      'Dieser Browser ist zu alt für Tutti',
      'Aktualisiere ihn oder nimm einen anderen: {browsers} oder neuer. Auf iPhones und iPads brauchst du iOS {ios} oder neuer.',
      'Dieses Gerät als Wandbildschirm nutzen'
    ],
    es: [
      'Este navegador es demasiado antiguo para Tutti',
      'Actualízalo o usa otro: {browsers} o posterior. En iPhone y iPad, actualiza a iOS {ios} o posterior.',
      'Usar este dispositivo como pantalla de pared'
    ],
    fr: [
      'Ce navigateur est trop ancien pour Tutti',
      'Mets-le à jour ou utilises-en un autre : {browsers} ou plus récent. Sur iPhone et iPad, installe iOS {ios} ou plus récent.',
      'Utiliser cet appareil comme écran mural'
    ],
    it: [
      'Questo browser è troppo vecchio per Tutti',
      'Aggiornalo o usane un altro: {browsers} o più recente. Su iPhone e iPad, aggiorna iOS alla versione {ios} o successiva.',
      'Usa questo dispositivo come schermo a parete'
    ],
    ja: [
      'このブラウザーは古いため、Tutti を使えません',
      '更新するか、別のブラウザーを使ってください。対応しているのは {browsers} 以降です。iPhone と iPad では iOS {ios} 以降に更新してください。',
      'この端末を壁の画面として使う'
    ],
    pl: [
      'Ta przeglądarka jest za stara dla Tutti',
      'Zaktualizuj ją albo użyj innej: {browsers} lub nowszej. Na iPhonie i iPadzie zaktualizuj system do iOS {ios} lub nowszego.',
      'Użyj tego urządzenia jako ekranu na ścianie'
    ],
    pt: [
      'Este navegador é antigo demais para o Tutti',
      'Atualize-o ou use outro: {browsers} ou mais recente. No iPhone e no iPad, atualize para o iOS {ios} ou mais recente.',
      'Usar este dispositivo como tela de parede'
    ]
  };

  /* The part of the site's path that is this server's; src/util/base.ts. */
  var BASE = document.documentElement.getAttribute('data-base') || '';
  var PATH = location.pathname.indexOf(BASE + '/') === 0 ? location.pathname.slice(BASE.length) : location.pathname;

  function supports(property, value) {
    return 'CSS' in window && 'supports' in CSS && CSS.supports(property, value);
  }

  /* The newest of what the pages need, in every engine. Browsers that have these have the rest. */
  function isSupported() {
    return (
      'noModule' in document.createElement('script') &&
      /* Chrome 111, Firefox 113, Safari 16.2 */
      supports('color', 'color-mix(in srgb, red, blue)') &&
      /* Firefox 121 */
      CSS.supports('selector(:has(a))') &&
      /* Safari 16.4, together with static blocks of classes, which only a parser would notice */
      'supports' in HTMLScriptElement &&
      HTMLScriptElement.supports('importmap')
    );
  }

  /* What the wall screen's build cannot do without: Chrome 57, Firefox 52, Safari 10.1. */
  function canShowScreen() {
    return 'Proxy' in window && 'fetch' in window && supports('display', 'grid');
  }

  function language() {
    var preferred = navigator.languages || [navigator.language || ''];
    var primary;
    var n;
    for (n = 0; n < preferred.length; n += 1) {
      primary = preferred[n].toLowerCase().split('-')[0];
      if (Object.prototype.hasOwnProperty.call(TEXTS, primary)) return primary;
    }
    return 'en';
  }

  function append(parent, name, text) {
    var element = document.createElement(name);
    element.appendChild(document.createTextNode(text));
    parent.appendChild(element);
    return element;
  }

  /* Instead of the app's, which old browsers read in part. */
  function replaceStyles() {
    var style = document.querySelector('link[rel=stylesheet]');
    if (style === null) {
      style = document.createElement('link');
      document.head.appendChild(style);
    }
    style.rel = 'stylesheet';
    style.href = BASE + '/legacy/screen.css';
  }

  function loadScreen() {
    var script = document.createElement('script');
    script.src = BASE + '/legacy/screen.js';
    document.head.appendChild(script);
  }

  function explain() {
    var words = TEXTS[language()];
    var browsers = 'Chrome ' + OLDEST.chrome + ', Edge ' + OLDEST.edge + ', Firefox ' + OLDEST.firefox;
    browsers += ', Safari ' + OLDEST.safari;
    var main = document.createElement('main');
    main.className = 'narrow';
    main.setAttribute('data-testid', 'too-old');
    append(main, 'h1', words[0]);
    append(main, 'p', words[1].replace('{browsers}', browsers).replace('{ios}', OLDEST.ios_saf));
    var room = /^\/r\/[^/]+/.exec(PATH);
    if (canShowScreen()) {
      append(append(main, 'p', ''), 'a', words[2]).href = BASE + (room === null ? '' : room[0]) + '/screen';
    }
    document.documentElement.lang = language();
    document.getElementById('app').appendChild(main);
  }

  if (isSupported()) return;
  document.documentElement.setAttribute('data-browser', 'old');
  replaceStyles();
  if (/^\/(r\/[^/]+\/)?screen\/?$/.test(PATH) && canShowScreen()) loadScreen();
  else explain();
})();
