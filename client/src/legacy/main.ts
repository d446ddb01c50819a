import './polyfills';
import { start } from '../start';

/** The wall screen for browsers that are too old for the other pages. `browser-check.js` loads it. */
start();
