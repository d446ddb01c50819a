import { type Guest, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

async function queueIs(guest: Guest, ...titles: string[]): Promise<void> {
  await expect(guest.get('my-queue').getByTestId('entry-title')).toHaveText(titles);
}

test('two users on one device have separate queues', async ({ guest }) => {
  const mara = await guest('Mara');
  const code = await mara.pausedRoom();
  const ana = await guest('Ana', { viewport: PHONE });

  await test.step('Ana logs in and adds a track', async () => {
    await ana.page.goto('/me');
    await ana.get('my-name').fill('Ana');
    await ana.get('username').fill('ana');
    await ana.get('password').fill('long enough it is');
    await ana.get('register').click();
    await expect(ana.get('who')).toHaveText('Logged in as ana.');
    await ana.page.goto(`/r/${code}`);
    await ana.isJoined();
    await ana.add('Slow Orbit');
    await queueIs(ana, 'Slow Orbit');
  });
  const id = await ana.member('Ana').getAttribute('data-member');

  await test.step('Ben joins the same room as a guest on the same device', async () => {
    await ana.openSwitcher();
    await ana.get('add-person').click();
    await ana.get('entry-name').fill('Ben');
    await ana.get('continue-as-guest').click();
    await ana.sees('Mara', 'Ana', 'Ben');
    await expect(ana.get('switcher')).toHaveAccessibleName(/Ben/);
    await queueIs(ana);
    await ana.add('Copper Kettle');
    await queueIs(ana, 'Copper Kettle');
  });

  await test.step('other members see two members', async () => {
    await mara.sees('Mara', 'Ana', 'Ben');
    await mara.comingUp('Slow Orbit · Ana', 'Copper Kettle · Ben');
  });

  await test.step('the switcher changes the active user', async () => {
    const members = await mara.watchMembers();
    await ana.switchTo(0);
    await queueIs(ana, 'Slow Orbit');
    await expect(ana.member('Ana')).toHaveAttribute('data-member', id!);
    await ana.add('Rain on Tin');
    await mara.comingUp('Slow Orbit · Ana', 'Copper Kettle · Ben', 'Rain on Tin · Ana');
    await ana.switchTo(1);
    await queueIs(ana, 'Copper Kettle');
    await ana.comingUp('Slow Orbit · Ana', 'Copper Kettle · You', 'Rain on Tin · Ana');
    expect(await members(), 'no member joined or left').toHaveLength(1);
  });

  const otherTab = await ana.anotherTab();
  await test.step('a tab keeps its user across a reload', async () => {
    await otherTab.page.goto(`/r/${code}`);
    await otherTab.connectionIs('online');
    await otherTab.switchTo(0);
    await queueIs(otherTab, 'Slow Orbit', 'Rain on Tin');
    await ana.page.reload();
    await queueIs(ana, 'Copper Kettle');
    await otherTab.page.reload();
    await queueIs(otherTab, 'Slow Orbit', 'Rain on Tin');
  });

  await test.step('logging Ben out ends his tab and keeps Ana logged in', async () => {
    // It may try to refresh before it is notified.
    ana.expectConsoleErrors(/status of 401.*\/api\/v1\/auth\/refresh/);
    await otherTab.openSwitcher();
    await otherTab.confirm(otherTab.get('logout-1'));
    await expect(otherTab.get('person-1')).toHaveCount(0);
    await expect(ana.get('notice-title')).toHaveText('You were logged out');
    await otherTab.connectionIs('online');
    await otherTab.page.reload();
    await queueIs(otherTab, 'Slow Orbit', 'Rain on Tin');
  });
});
