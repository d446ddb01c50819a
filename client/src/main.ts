import './styles.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { applyTheme } from './browser/theme';

applyTheme();

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
mount(App, { target });
