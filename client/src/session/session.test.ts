import { beforeEach, describe, expect, it } from 'vitest';
import type { AccountList, User } from '$protocol';
import { FakeDevice, fakeMemory, person } from '../testing/fake-device';
import { Failure } from './http';

const ana = person('ana');
const ben = person('ben');
let device: FakeDevice;

beforeEach(() => {
  device = new FakeDevice();
});

describe('opening a page', () => {
  it('finds no user on a new device, and requests no token', async () => {
    const tab = device.tab();
    await tab.restore();
    expect(tab.user).toBeNull();
    expect(device.asked).toEqual(['GET me/accounts']);
  });

  it('uses the first user of the device when none was ever chosen', async () => {
    device.keeps(2, ben);
    device.keeps(1, ana);
    const tab = device.tab();
    await tab.restore();
    expect(tab).toMatchObject({ user: ana, slot: 1 });
    expect(device.asked).toEqual(['GET me/accounts', 'POST me/accounts/1/activate 1']);
  });

  it('keeps the tab’s user when another was chosen elsewhere', async () => {
    device.keeps(0, ana);
    device.keeps(1, ben);
    const memory = fakeMemory();
    await device.tab(memory).activate(0);
    await device.tab().activate(1);
    const [again, fresh] = [device.tab(memory), device.tab()];
    await again.restore();
    await fresh.restore();
    expect([again.user, fresh.user]).toEqual([ana, ben]);
    expect(device.asked.slice(-2)).toEqual(['POST auth/refresh 0', 'POST auth/refresh 1']);
  });

  it('has no user, instead of another one, when its own session has ended', async () => {
    device.keeps(0, ana);
    device.keeps(1, ben);
    const memory = fakeMemory();
    await device.tab(memory).activate(0);
    device.ends(0);
    for (const tab of [device.tab(memory), device.tab(memory), device.tab()]) {
      await tab.restore();
      expect(tab).toMatchObject({ user: null, slot: null });
    }
    expect(device.asked.filter((asked) => asked.includes('activate'))).toEqual(['POST me/accounts/0/activate 0']);
  });

  it('tells a listener that comes later what was restored', async () => {
    device.keeps(1, ana);
    const tab = device.tab();
    await tab.restore();
    const seen: unknown[] = [];
    tab.onChange((user) => seen.push(user));
    tab.onPeople(({ accounts }) => seen.push(accounts));
    expect(seen).toEqual([ana, [{ slot: 1, user: ana }]]);
  });

  it('lists the other users after a logout', async () => {
    device.keeps(1, ben);
    const memory = fakeMemory();
    const tab = device.tab(memory);
    await tab.guest({ display_name: 'Ana' });
    await tab.logout();
    const again = device.tab(memory);
    const seen: AccountList[] = [];
    again.onPeople((list) => seen.push(list));
    await again.restore();
    expect(again.user).toBeNull();
    expect(seen).toEqual([{ accounts: [{ slot: 1, user: ben }], slots_max: 8 }]);
  });

  it('uses the slot that a login at Spotify returned', async () => {
    device.keeps(0, ana);
    const memory = fakeMemory();
    await device.tab(memory).activate(0);
    device.keeps(1, ben);
    const tab = device.tab(memory);
    await tab.restore(1);
    expect(tab.user).toEqual(ben);
    const reloaded = device.tab(memory);
    await reloaded.restore();
    expect(reloaded.user).toEqual(ben);
  });

  it('keeps its user when the returned slot is empty', async () => {
    device.keeps(0, ana);
    const memory = fakeMemory();
    await device.tab(memory).activate(0);
    const tab = device.tab(memory);
    await tab.restore(5);
    expect(tab).toMatchObject({ user: ana, slot: 0 });
  });

  it('distinguishes an unreachable server from a missing session', async () => {
    device.reachable = false;
    await expect(device.tab().restore()).rejects.toMatchObject({ code: 'offline' });
    const memory = fakeMemory();
    device.reachable = true;
    await device.tab(memory).guest({ display_name: 'Ana' });
    device.reachable = false;
    const tab = device.tab(memory);
    await expect(tab.restore()).rejects.toMatchObject({ code: 'offline' });
    device.reachable = true;
    await tab.restore();
    expect(tab.user?.display_name).toBe('Ana');
  });
});

describe('login', () => {
  it('puts the first user into a free slot, and the next beside them', async () => {
    const tab = device.tab();
    await tab.guest({ display_name: 'Ana' });
    await tab.guest({ display_name: 'Ben' }, 'new');
    expect(tab).toMatchObject({ slot: 1, user: { display_name: 'Ben' } });
    expect(device.asked).toEqual(['POST auth/guest new', 'POST auth/guest new']);
  });

  it('keeps a guest’s identity when they register', async () => {
    const tab = device.tab();
    const guest = await tab.guest({ display_name: 'Ana' });
    const account = await tab.register({ username: 'ana', password: 'long enough', display_name: 'Ana' });
    expect(account).toMatchObject({ id: guest.id, kind: 'user' });
    expect(device.asked.at(-1)).toBe('POST auth/register 0');
    expect(device.bearers.at(-1)).not.toBeNull();
  });

  it('sends no current user for a login beside them', async () => {
    const tab = device.tab();
    const guest = await tab.guest({ display_name: 'Ana' });
    const other = await tab.register({ username: 'ben', password: 'long enough', display_name: 'Ben' }, 'new');
    expect(other.id).not.toBe(guest.id);
    expect(device.bearers.at(-1)).toBeNull();
  });

  it('adds the user of another device beside the present one', async () => {
    const tab = device.tab();
    const guest = await tab.guest({ display_name: 'Ben' });
    device.codes['K7Q2-M9XA'] = ana;
    await expect(tab.loginWithCode('K7Q2-M9XB')).rejects.toMatchObject({ code: 'not_found' });
    expect(tab.user).toEqual(guest);
    await tab.loginWithCode('K7Q2-M9XA');
    expect(tab).toMatchObject({ user: ana, slot: 1 });
    expect(device.bearers.at(-1)).toBeNull();
    expect((await tab.people()).accounts.map(({ user }) => user)).toEqual([guest, ana]);
  });

  it('changes nothing when a login fails', async () => {
    const tab = device.tab();
    const guest = await tab.guest({ display_name: 'Ana' });
    const attempt = tab.login({ username: 'ana', password: 'wrong enough' });
    await expect(attempt).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(tab.user).toEqual(guest);
  });
});

describe('tokens', () => {
  it('are renewed once for concurrent callers, shortly before they expire', async () => {
    const tab = device.tab();
    await tab.guest({ display_name: 'Ana' });
    device.nowMs = 569_000;
    await tab.token();
    expect(device.asked).toHaveLength(1);
    device.nowMs = 571_000;
    const both = await Promise.all([tab.token(), tab.token()]);
    expect(both[0]).toEqual(both[1]);
    expect(device.asked).toEqual(['POST auth/guest new', 'POST auth/refresh 0']);
  });

  it('are renewed by ten tabs in turn, so that none is used twice', async () => {
    device.keeps(0, ana);
    const tabs = Array.from({ length: 10 }, () => device.tab());
    await Promise.all(tabs.map((tab) => tab.activate(0)));
    await Promise.all(tabs.map((tab) => tab.refresh()));
    expect(tabs.map(({ user }) => user?.id)).toEqual(Array(10).fill('ana'));
  });

  it('are for the user who was chosen while waiting', async () => {
    device.keeps(0, ana);
    device.keeps(1, ben);
    const tab = device.tab();
    await tab.activate(0);
    const release = device.holdBack('POST auth/refresh 0');
    const waiting = tab.refresh();
    await tab.activate(1);
    release();
    expect((await waiting).user).toBe('ben');
    expect(tab).toMatchObject({ user: ben, slot: 1 });
  });

  it('are not requested without a user', async () => {
    await expect(device.tab().token()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(device.asked).toEqual([]);
  });

  it('end when the server no longer knows the session', async () => {
    const seen: (User | null)[] = [];
    const tab = device.tab();
    tab.onChange((user) => seen.push(user));
    const user = await tab.guest({ display_name: 'Ana' });
    await tab.refresh();
    device.ends(0);
    await expect(tab.refresh()).rejects.toBeInstanceOf(Failure);
    expect(seen).toEqual([user, null]);
  });
});

describe('tabs with the same slot', () => {
  async function two() {
    const [one, other] = [device.tab(), device.tab()];
    await one.guest({ display_name: 'Ana' });
    await other.restore();
    expect(other.user).toEqual(one.user);
    return { one, other };
  }

  it('all switch to the user who logs in in one of them', async () => {
    const { one, other } = await two();
    device.accounts.ben = ben;
    await one.login({ username: 'ben', password: 'long enough' });
    expect((await other.refresh()).user).toBe('ben');
    expect(other.user).toEqual(ben);
  });

  it('all take a new name without a request', async () => {
    const { one, other } = await two();
    const asked = device.asked.length;
    one.profileChanged({ ...one.user!, display_name: 'Anna' });
    expect(other.user?.display_name).toBe('Anna');
    expect(device.asked).toHaveLength(asked);
  });

  it('all have no user after a logout, tabs of other slots do', async () => {
    const { one, other } = await two();
    const third = device.tab();
    await third.guest({ display_name: 'Cleo' }, 'new');
    await one.logout();
    expect([one.user, other.user]).toEqual([null, null]);
    expect(third.user?.display_name).toBe('Cleo');
  });

  it('have no user when another user of the device logs them out', async () => {
    const { one, other } = await two();
    const third = device.tab();
    await third.guest({ display_name: 'Cleo' }, 'new');
    await third.logoutOf(0);
    expect(device.asked.at(-1)).toBe('DELETE me/accounts/0');
    expect([one.user, other.user, third.user?.display_name]).toEqual([null, null, 'Cleo']);
    expect((await third.people()).accounts).toEqual([{ slot: 1, user: third.user }]);
  });

  it('have no user when the user is erased', async () => {
    const { one, other } = await two();
    await one.erase();
    expect(device.asked.at(-1)).toBe('DELETE me');
    expect([one.user, other.user]).toEqual([null, null]);
  });
});
