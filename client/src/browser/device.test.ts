import { expect, it } from 'vitest';
import { deviceName } from './device';

it('names devices', () => {
  const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const iphone =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E Safari/604.1';
  const edge = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0';
  const chromebook = 'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36';
  const tablet =
    'Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Safari/537.36';
  expect([firefox, iphone, edge, chromebook, tablet].map(deviceName)).toEqual([
    'Firefox on Linux',
    'Safari on iPhone',
    'Edge on Windows',
    'Chrome on Chromebook',
    'Samsung Internet on Android',
  ]);
  expect(['curl/8.5.0', 'tutti-loadtests/0.1 (Linux)', 'Mozilla/5.0', ''].map(deviceName)).toEqual([
    'curl',
    'tutti-loadtests on Linux',
    'Browser',
    'Browser',
  ]);
});
