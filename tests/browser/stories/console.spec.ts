import type { Locator } from '@playwright/test';
import { middleOf } from '../support/finger.ts';
import { type Guest, PHONE } from '../support/guest.ts';
import { expect, isAccessible, test } from '../support/test.ts';

/** A room of Ada's with one guest. */
async function together(ada: Guest, ben: Guest): Promise<string> {
  const code = await ada.startRoom();
  await ben.join(code);
  await ben.isJoined();
  await ada.sees('Ada', 'Ben');
  return code;
}

async function dragLastToTop(rows: Locator): Promise<void> {
  const handle = rows.last().getByTestId('drag');
  await handle.dragTo(rows.first(), { targetPosition: { x: 10, y: 2 } });
}

test('the host manages members and can undo it', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await together(ada, ben);
  await ada.add('First Light');
  await ada.get('pause').click();
  await ben.add('Slow Orbit');
  await ada.comingUp('Slow Orbit · Ben');

  await test.step('the member list links to the member in the console', async () => {
    await ada.member('Ben').getByTestId('manage').click();
    const opened = ada.get('console-person-open').and(ada.page.locator('[aria-expanded="true"]'));
    await expect(opened).toHaveCount(1);
    await expect(opened).toContainText('Ben');
  });
  const person = await ada.manage('Ben');

  await test.step('the airtime weight can be typed or stepped', async () => {
    await person.getByTestId('weight').fill('5');
    await person.getByTestId('weight').press('Enter');
    await expect(person.getByText('A share is a whole number')).toBeVisible();
    await person.getByTestId('weight-double').click();
    await expect(person.getByTestId('weight')).toHaveValue('200');
    await expect(person.getByTestId('weight-double')).toHaveAttribute('aria-pressed', 'true');
  });

  await test.step('a member is muted, and an exception gives him a console', async () => {
    await person.getByTestId('mute').click();
    await expect(person).toHaveAttribute('data-muted', 'true');
    await person.getByTestId('exceptions').locator('summary').click();
    await expect(ben.get('host-console-open')).toHaveCount(0);
    await person.getByTestId('exception-admit').selectOption('may');
    await ben.get('host-console-open').click();
    await expect(ben.get('host-console').getByRole('tab')).toHaveText(['Access']);
    await person.getByTestId('exception-admit').selectOption('usual');
    await expect(ben.get('host-console')).toHaveCount(0);
  });

  await test.step('a cleared queue is restored by undo', async () => {
    await person.getByTestId('clear-member').click();
    await ben.comingUp();
    await ada.get('undo-last').click();
    await ben.comingUp('Slow Orbit · You');
  });

  await test.step('a kick without confirmation can be undone completely', async () => {
    await person.getByTestId('kick').click();
    await expect(ben.get('notice-title')).toHaveText('The host removed you');
    await ada.get('undo-last').click();
    await expect(person).toBeVisible();
    await ada.comingUp('Slow Orbit · Ben');
  });

  await test.step('a ban and an unban', async () => {
    await ada.confirm((await ada.manage('Ben')).getByTestId('ban'));
    await expect(ada.get('banned')).toContainText('Ben');
    await ada.get('unban').click();
    await expect(ada.get('banned')).toHaveCount(0);
  });

  await test.step('the log records all of it', async () => {
    await ada.openConsole('log');
    await expect(ada.get('audit-entry').first()).toContainText('You lifted the ban on Ben.');
    const cleared = ada.get('audit-entry').and(ada.page.locator('[data-deed="clear"]'));
    await expect(cleared).toContainText('Undone by you.');
    await expect(cleared.getByTestId('undo')).toHaveCount(0);
  });

  await test.step('the tab that is shown stays in view in a window that becomes narrow', async () => {
    await ada.page.setViewportSize(PHONE);
    await expect(ada.get('console-tab-log')).toBeInViewport({ ratio: 0.95 });
  });
});

test('the host admits guests from the lobby and locks the room', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.startRoom();
  const door = await ada.openConsole('door');
  await door.getByTestId('admission-lobby').check();
  await ada.closeConsole();

  await ben.join(code);
  await expect(ada.get('host-console-badge')).toHaveText('1');
  // The console opens at the tab with pending items.
  await ada.get('host-console-open').click();
  await expect(ada.get('lobby-person')).toContainText('Ben');
  await ada.get('admit').click();
  await ben.isJoined();
  await expect(ada.get('lobby-person')).toHaveCount(0);
  await expect(ada.get('host-console-badge')).toHaveCount(0);

  await ada.get('lock').click();
  await expect(door.getByTestId('admission-locked')).toBeChecked();
  await ada.get('lock').click();
  await expect(door.getByTestId('admission-lobby')).toBeChecked();
});

test('a queue policy is previewed before it applies, and the host can order by hand', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await together(ada, ben);
  await ada.add('First Light');
  await ada.get('pause').click();
  await ada.add('Harbour Lamps');
  await ada.add('Copper Kettle');
  await ben.add('Slow Orbit');
  const fair = ['Slow Orbit · Ben', 'Harbour Lamps · You', 'Copper Kettle · You'];
  await ada.comingUp(...fair);

  await ada.openConsole('order');
  const wouldBe = ada.get('preview-entry').getByTestId('entry-title');
  await ada.get('policy-fifo').check();
  await expect(wouldBe).toHaveText(['Harbour Lamps', 'Copper Kettle', 'Slow Orbit']);
  await expect(ada.get('preview-entry').last()).toHaveAttribute('data-ahead', '-2');
  await ada.comingUp(...fair);
  // Tracks added meanwhile appear in the preview.
  await ben.add('Rooftop Bicycle');
  await expect(wouldBe).toHaveText(['Harbour Lamps', 'Copper Kettle', 'Slow Orbit', 'Rooftop Bicycle']);

  await ada.get('policy-host').check();
  await ada.get('apply-policy').click();
  const lineup = ada.get('lineup-entry').getByTestId('entry-title');
  await expect(lineup).toHaveText(['Slow Orbit', 'Harbour Lamps', 'Rooftop Bicycle', 'Copper Kettle']);
  await ada.get('lineup-down').first().press('Enter');
  await expect(lineup).toHaveText(['Harbour Lamps', 'Slow Orbit', 'Rooftop Bicycle', 'Copper Kettle']);
  await expect(ada.get('lineup-entry').nth(1).getByTestId('lineup-down')).toBeFocused();
  await ada.page.keyboard.press('Enter');
  await expect(lineup).toHaveText(['Harbour Lamps', 'Rooftop Bicycle', 'Slow Orbit', 'Copper Kettle']);
  await expect(ben.get('upcoming-entry').first()).toContainText('Harbour Lamps');

  const rows = ada.get('lineup-entry');
  await dragLastToTop(rows);
  await expect(lineup).toHaveText(['Copper Kettle', 'Harbour Lamps', 'Rooftop Bicycle', 'Slow Orbit']);
  await expect(ben.get('upcoming-entry').first()).toContainText('Copper Kettle');
});

test('a member reorders their queue by dragging', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.pausedRoom();
  for (const title of ['Harbour Lamps', 'Copper Kettle', 'Slow Orbit']) await ada.add(title);
  const rows = ada.get('my-queue').locator('li');
  await ada.looksAt(rows.first());
  await expect(rows).toHaveCount(3);
  await dragLastToTop(rows);
  await expect(rows.getByTestId('entry-title')).toHaveText(['Slow Orbit', 'Harbour Lamps', 'Copper Kettle']);
  await ada.comingUp('Slow Orbit · You', 'Harbour Lamps · You', 'Copper Kettle · You');
});

test('the host sets limits, suggestions, permissions and the fallback list', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await together(ada, ben);

  await test.step('a preset fills in the form, and is in use once it is applied', async () => {
    const limits = await ada.openConsole('limits');
    await expect(ada.get('preset-party')).toBeChecked();
    await ada.get('preset-jukebox').check();
    await expect(ada.get('setting-entries_per_member_max')).toHaveValue('5');
    await expect(ada.get('preset-party').locator('..')).toContainText('in use');
    await ada.get('apply-limits').click();
    await expect(ada.get('preset-jukebox').locator('..')).toContainText('in use');
    await expect(ada.get('apply-limits')).toBeDisabled();
    await expect(limits.getByTestId('preset-custom')).toHaveCount(0);
    await ada.openConsole('order');
    await expect(ada.get('policy-fifo')).toBeChecked();
  });

  await test.step('an invalid value shows an error at its field; valid values are applied together', async () => {
    await ada.openConsole('limits');
    await ada.get('setting-players_max').fill('many');
    await ada.get('apply-limits').click();
    await expect(ada.get('setting-players_max')).toBeFocused();
    await expect(ada.get('meaning-players_max')).toHaveText('Enter a number.');
    await ada.get('setting-players_max').fill('');
    await ada.get('setting-track_ms_max').fill('7,5');
    await expect(ada.get('meaning-track_ms_max')).toHaveText('Tracks longer than 7.5 minutes are refused.');
    await ada.get('setting-suggestions').check();
    await ada.get('apply-limits').click();
    await expect(ada.get('apply-limits')).toBeDisabled();
    await expect(ada.get('setting-track_ms_max')).toHaveValue('7.5');
    await expect(ada.get('preset-custom')).toBeChecked();
  });

  await test.step('a suggestion is accepted', async () => {
    await ben.add('Slow Orbit');
    await ada.openConsole('suggestions');
    await expect(ada.get('suggestion-waiting')).toContainText('Slow Orbit');
    await ada.get('approve').click();
    await expect(ada.get('suggestion-waiting')).toHaveCount(0);
    await ben.nowPlaying('Slow Orbit');
  });

  await test.step('a permission is granted and reset to its default', async () => {
    await ada.openConsole('rights');
    await ada.get('permission-lock').selectOption('player');
    await ben.looksAt(ben.get('host-console-open'));
    await ada.get('reset-lock').click();
    await expect(ben.get('host-console-open')).toHaveCount(0);
    await expect(ada.get('permission-lock')).toHaveValue('cohost');
    await expect(ada.get('permission-close_room')).toContainText('Only the host');
  });

  await test.step('the fallback list', async () => {
    const list = await ada.openConsole('fallback');
    await ada.get('fallback-add').nth(0).click();
    await ada.get('fallback-add').nth(1).click();
    const titles = list.getByTestId('fallback-track').getByTestId('track-title');
    await expect(titles).toHaveCount(2);
    const [first, second] = await titles.allInnerTexts();
    await ada.get('fallback-down').first().click();
    await expect(titles).toHaveText([second!, first!]);
    const rows = list.getByTestId('fallback-track');
    const { x, y } = await middleOf(rows.last().getByTestId('drag'));
    await ada.page.mouse.move(x, y);
    await ada.page.mouse.down();
    await ada.page.mouse.move(x, (await middleOf(rows.first())).y - 6, { steps: 5 });
    await ada.page.mouse.up();
    await expect(titles).toHaveText([first!, second!]);
    await ada.get('fallback-remove').last().click();
    await expect(titles).toHaveText([first!]);
  });
});

test('every part of the host console is accessible', async ({ guest }) => {
  test.setTimeout(240_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await together(ada, ben);
  await ada.add('First Light');
  await ada.get('pause').click();
  await ada.add('Harbour Lamps');
  await ben.add('Slow Orbit');
  await ada.manage('Ben');
  await isAccessible(ada);
  for (const tab of ['door', 'limits', 'rights', 'fallback', 'log'] as const) {
    await ada.openConsole(tab);
    await isAccessible(ada);
    if (tab !== 'limits') continue;
    await ada.get('setting-players_max').focus();
    await isAccessible(ada);
  }
  await ada.openConsole('order');
  await ada.get('policy-fifo').check();
  await expect(ada.get('preview-entry')).toHaveCount(2);
  await isAccessible(ada);
  await ada.page.keyboard.press('Escape');
  await expect(ada.get('host-console')).toHaveCount(0);
  await expect(ada.get('host-console-open')).toBeFocused();
});
