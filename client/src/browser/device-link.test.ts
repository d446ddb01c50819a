import { describe, expect, it } from 'vitest';
import { deviceLink, readDeviceLink } from './device-link';

describe('the link to another device', () => {
  it('has the code and the room in its fragment only', () => {
    const link = new URL(deviceLink('http://tutti.local:8080', { code: 'K7Q2-M9XA', room: '7KM2QX' }));
    expect(link.origin + link.pathname + link.search).toBe('http://tutti.local:8080/device');
    expect(readDeviceLink(link.hash)).toEqual({ code: 'K7Q2-M9XA', room: '7KM2QX' });
    expect(deviceLink('', { code: '', room: null })).toBe('/device');
  });

  it('leads to a room of this server or nowhere', () => {
    for (const room of ['//evil.example', '../me', 'javascript:alert(1)', '']) {
      expect(readDeviceLink(`#code=K7Q2-M9XA&room=${encodeURIComponent(room)}`).room).toBeNull();
    }
    expect(readDeviceLink('')).toEqual({ code: '', room: null });
  });
});
