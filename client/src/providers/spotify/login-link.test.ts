import { describe, expect, it } from 'vitest';
import { endSpotifyLogin, rememberSpotifySlot, spotifyLoginLink, spotifyReturn } from './login-link';

describe('return from Spotify', () => {
  it('is read from the address, which is cleaned', () => {
    expect(spotifyReturn('https://tutti.example/r/7KM2QX?tab=find&spotify=done&slot=2#queue')).toEqual({
      outcome: 'done',
      slot: 2,
      path: '/r/7KM2QX?tab=find#queue',
    });
    expect(spotifyReturn('https://tutti.example/me?spotify=not_listed')).toEqual({
      outcome: 'not_listed',
      slot: null,
      path: '/me',
    });
  });

  it('leaves other addresses alone', () => {
    expect(spotifyReturn('https://tutti.example/me')).toBeNull();
    expect(spotifyReturn('https://tutti.example/me?slot=2')).toBeNull();
  });

  it('belongs to the tab that left, once', () => {
    expect(endSpotifyLogin()).toBe(false);
    rememberSpotifySlot(2);
    expect([endSpotifyLogin(), endSpotifyLogin()]).toEqual([true, false]);
  });

  it('rejects unknown outcomes and slots', () => {
    for (const word of ['', 'toString', 'DONE', 'done%20']) {
      expect(spotifyReturn(`https://tutti.example/?spotify=${word}`)?.outcome).toBe('failed');
    }
    for (const slot of ['8', '-1', '1.5', 'new', '', '01']) {
      expect(spotifyReturn(`https://tutti.example/?spotify=done&slot=${slot}`)?.slot).toBeNull();
    }
  });
});

describe('link to Spotify', () => {
  it('starts here and returns to the same page', () => {
    expect(spotifyLoginLink('https://tutti.example', 'https://tutti.example/r/7KM2QX?a=b&c#d', 3)).toEqual({
      href: '/api/v1/auth/spotify/start?return_to=%2Fr%2F7KM2QX%3Fa%3Db%26c&slot=3',
      elsewhere: null,
    });
    const way = spotifyLoginLink('https://tutti.example', 'https://tutti.example/', 'new');
    expect(way.href).toBe('/api/v1/auth/spotify/start?return_to=%2F&slot=new');
  });

  it('starts on the registered origin when the page is on another', () => {
    expect(spotifyLoginLink('http://127.0.0.1:8080', 'http://localhost:8080/me', 0)).toEqual({
      href: 'http://127.0.0.1:8080/me',
      elsewhere: '127.0.0.1:8080',
    });
  });
});
