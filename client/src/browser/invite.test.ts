import { describe, expect, it } from 'vitest';
import { inviteOrigin, inviteUrl, isLoopback, passcodeIn } from './invite';

const page = (base: string) => ({ base, hostname: new URL(base).hostname });
const server = (public_url: string | null, addresses: string[] = []) => ({ public_url, addresses });

describe('invitations', () => {
  it('lead to the public address', () => {
    expect(inviteOrigin(server('https://tutti.example'), page('http://127.0.0.1:8080'))).toBe('https://tutti.example');
  });

  it('lead to an address of the local network when the page was opened on the server itself', () => {
    const known = server(null, ['http://192.168.1.5:8080', 'http://10.0.0.5:8080']);
    expect(inviteOrigin(known, page('http://127.0.0.1:8080'))).toBe('http://192.168.1.5:8080');
    expect(inviteOrigin(known, page('http://localhost:5173'))).toBe('http://192.168.1.5:8080');
    expect(inviteOrigin(known, page('http://tutti.local:8080'))).toBe('http://tutti.local:8080');
  });

  it('lead to this device when no other can open the server', () => {
    expect(inviteOrigin(server(null), page('http://127.0.0.1:8080'))).toBe('http://127.0.0.1:8080');
    expect(inviteOrigin(null, page('http://[::1]:8080'))).toBe('http://[::1]:8080');
  });

  it('lead to the part of the site that the server has', () => {
    const at = page('https://home.example/tutti');
    expect(inviteUrl(inviteOrigin(server(null), at), '7KM2QX', null)).toBe('https://home.example/tutti/r/7KM2QX');
  });

  it('carry the passcode in the fragment', () => {
    const link = inviteUrl('https://tutti.example', '7KM2QX', 'öpen #1?');
    expect(link).toBe('https://tutti.example/r/7KM2QX#passcode=%C3%B6pen%20%231%3F');
    const { pathname, search, hash } = new URL(link);
    expect([pathname, search]).toEqual(['/r/7KM2QX', '']);
    expect([passcodeIn(link), passcodeIn(hash), passcodeIn(` ${link}\n`)]).toEqual(Array(3).fill('öpen #1?'));
    expect(inviteUrl('https://tutti.example', '7KM2QX', null)).toBe('https://tutti.example/r/7KM2QX');
    for (const none of ['', '#add', '#passcode=', '#passcode=%', '/r/7KM2QX?passcode=open']) {
      expect(passcodeIn(none)).toBeNull();
    }
  });

  it('know which names are the device itself', () => {
    for (const own of ['localhost', 'a.localhost', '127.0.0.1', '127.8.9.1', '[::1]'])
      expect(isLoopback(own)).toBe(true);
    for (const other of ['192.168.1.5', 'tutti.local', 'localhost.example', '1127.0.0.1']) {
      expect(isLoopback(other)).toBe(false);
    }
  });
});
