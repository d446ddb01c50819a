import { type Guest, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

/** Roles of what can be operated: each needs a name that says what it does. */
const CONTROL = /^\s*- (button|link|textbox|searchbox|slider|spinbutton|checkbox|radio|combobox|tab|switch)(?=[\s:]|$)/;

/** Every control has a name, there is one title, and no level of headings is left out. */
async function isUnderstandable({ page }: Guest, view: string): Promise<void> {
  const dialog = page.locator('dialog[open]');
  const inDialog = (await dialog.count()) > 0;
  const lines = (await (inDialog ? dialog.last() : page.locator('body')).ariaSnapshot()).split('\n');
  expect(
    lines.filter((line) => CONTROL.test(line) && !/"|: \S/.test(line)),
    `controls without a name: ${view}`,
  ).toEqual([]);
  const levels = lines.flatMap((line) => /- heading .*\[level=(\d)\]/.exec(line)?.slice(1).map(Number) ?? []);
  // A dialog continues the headings of its page.
  const before = inDialog ? [1] : [];
  expect(inDialog ? 1 : levels.filter((level) => level === 1).length, `titles: ${view}`).toBe(1);
  for (const [index, level] of levels.entries())
    expect(
      level - ([...before, ...levels][index + before.length - 1] ?? 0),
      `headings ${levels}: ${view}`,
    ).toBeLessThanOrEqual(1);
}

/** Records what live regions say from now on. */
async function listens({ page }: Guest): Promise<() => Promise<string[]>> {
  const heard = await page.evaluateHandle(() => {
    const said: string[] = [];
    new MutationObserver((changes) => {
      const regions = changes.map(({ target }) =>
        (target instanceof Element ? target : target.parentElement)?.closest(
          '[role="status"], [role="alert"], [role="log"]',
        ),
      );
      for (const region of new Set(regions)) {
        // What is inert is not read out.
        if (region == null || region.closest('[inert], [hidden]') !== null) continue;
        const words = region.textContent!.replace(/\s+/g, ' ').trim();
        if (words !== '' && said.at(-1) !== words) said.push(words);
      }
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    return said;
  });
  return () => heard.evaluate((said) => said);
}

test('a room by the accessibility tree', async ({ guest }) => {
  test.setTimeout(240_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  await ada.page.goto('/');
  await ada.get('start-room').waitFor();
  await isUnderstandable(ada, 'the start page');
  const code = await ada.startRoom({ title: 'Kitchen party' });
  await ben.page.goto(`/r/${code}`);
  await ben.get('join').waitFor();
  await isUnderstandable(ben, 'the join form');
  await ben.join(code);
  await ben.isJoined();
  for (const title of ['First Light', 'Slow Orbit', 'Harbour Lamps']) await ada.add(title);
  await ben.add('Copper Kettle');
  await ada.get('pause').click();
  await ada.playbackIs('paused');

  await test.step('landmarks and headings of a laptop', async () => {
    await expect(ada.page.locator('body')).toMatchAriaSnapshot(`
      - navigation "Jump to":
        - link "Jump to search"
        - link "Jump to the queue"
        - link "Jump to the player"
      - banner:
        - heading "Kitchen party" [level=1]
        - button "2 people"
        - button "Invite"
        - button "Screen"
        - button /Manage/
        - button "Ada, people on this device"
      - main:
        - region "Now playing":
          - heading "Now playing" [level=2]
          - slider "Position in the track"
          - button "Resume"
          - button "Skip"
        - tablist "Whose queue":
          - tab "Room" [selected]
          - tab /Mine/
        - tabpanel "Room":
          - region "Up next":
            - heading "Up next" [level=2]
            - list:
              - listitem:
                - group: /Copper Kettle Ben · in/
                - button "Remove Copper Kettle"
              - listitem:
                - group: /Slow Orbit You · in/
                - button "Remove Slow Orbit"
              - listitem:
                - group: /Harbour Lamps You · in/
                - button "Remove Harbour Lamps"
        - tablist "Parts of the room":
          - tab "Add" [selected]
          - tab "Chat"
          - tab "People"
        - tabpanel "Add":
          - search:
            - region "Find music":
              - heading "Find music" [level=2]
              - searchbox "Find music"
              - navigation "Browse the library":
                - button "All" [pressed]
                - button "Played tonight"
                - button "Your earlier picks"
              - list:
                - listitem:
                  - paragraph: Copper Kettle
                  - button "Add Copper Kettle to your queue"
    `);
    await isUnderstandable(ada, 'a laptop');
    for (const tab of ['view-own-queue', 'view-chat', 'view-people']) {
      await ada.get(tab).click();
      await isUnderstandable(ada, tab);
    }
    await expect(ada.page.getByRole('tabpanel', { name: 'People' })).toMatchAriaSnapshot(`
      - heading "People 2 people" [level=2]
      - list:
        - listitem:
          - paragraph: Ada (you)
        - listitem:
          - paragraph: Ben
          - button "Manage Ben"
    `);
  });

  await test.step('the views of a phone', async () => {
    for (const view of ['view-now', 'view-add', 'view-next', 'view-room']) {
      await ben.get(view).click();
      await expect(ben.get(view)).toHaveAttribute('aria-current', 'page');
      await isUnderstandable(ben, view);
    }
    await expect(ben.page.getByRole('navigation', { name: 'Parts of the room' })).toMatchAriaSnapshot(`
      - link "Now"
      - link "Add"
      - link /Up next \\(3 tracks\\)/
      - link "Room"
    `);
  });

  await test.step('dialogs, and every tab of the console', async () => {
    for (const [open, close] of [
      ['invite-open', 'invite-close'],
      ['history-open', 'history-close'],
    ] as const) {
      await ada.get(open).click();
      await ada.get(close).waitFor();
      await isUnderstandable(ada, open);
      await ada.get(close).click();
    }
    for (const tab of [
      'people',
      'door',
      'sound',
      'order',
      'suggestions',
      'limits',
      'rights',
      'fallback',
      'log',
    ] as const) {
      await ada.openConsole(tab);
      await expect(ada.get('host-console').getByRole('tabpanel')).toHaveAccessibleName(/\w/);
      await isUnderstandable(ada, `the console, ${tab}`);
    }
    await ada.closeConsole();
  });

  await test.step('changes are announced wherever one is', async () => {
    await ben.get('view-add').click();
    const heardByBen = await listens(ben);
    const heardByAda = await listens(ada);
    await ada.get('skip').click();
    await expect.poll(heardByBen).toContain('Now playing: Copper Kettle, Marigold & Finch');
    await ben.add('Rain on Tin');
    await expect.poll(heardByBen).toContain('“Rain on Tin” is in your queue.');
    await ada.get('upcoming-entry').filter({ hasText: 'Rain on Tin' }).getByTestId('remove-entry').click();
    await expect.poll(heardByBen).toContain('Ada removed “Rain on Tin” from your queue.');
    await ada.get('my-queue').getByTestId('move-down').first().click();
    await expect.poll(heardByAda).toContain('“Slow Orbit” is now 2 of 2.');
    await ada.get('say-input').fill('Hello');
    await ada.get('say-send').click();
    await ben.get('view-room').click();
    await expect(ben.page.getByRole('log', { name: 'Messages' })).toContainText('Hello');
  });
});
