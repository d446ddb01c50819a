import { start } from './start';

// A browser that is too old gets another page, by `browser-check.js`.
if (document.documentElement.dataset.browser !== 'old') start();
