import { type Guest, LAPTOP } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

const TELEVISION = { viewport: { width: 1920, height: 1080 } };

test.use({ settings: INVITES });

/** The code that a screen shows. */
async function codeOn(screen: Guest): Promise<string> {
  await expect(screen.get('pairing-code')).toHaveText(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
  return screen.get('pairing-code').innerText();
}

/** The size of the smallest text on the page. */
function smallestText({ page }: Guest): Promise<number> {
  return page.evaluate(() => {
    const sizes: number[] = [];
    const texts = document.createTreeWalker(document.querySelector('main')!, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const { parentElement, textContent } = texts.currentNode;
      const hidden = parentElement === null || parentElement.closest('svg, .visually-hidden') !== null;
      if (!hidden && textContent?.trim()) sizes.push(Number.parseFloat(getComputedStyle(parentElement).fontSize));
    }
    return Math.min(...sizes);
  });
}

test('a television shows the room by a code, is no member, and goes when the host removes it', async ({ guest }) => {
  const ada = await guest('Ada', { viewport: LAPTOP });
  const television = await guest('Television', TELEVISION);
  const other = await guest('Laptop', { viewport: LAPTOP });
  const room = await ada.startRoom({ title: 'Kitchen party' });

  const code = await test.step('it shows a large code without asking for a name', async () => {
    await television.page.goto('/screen');
    const code = await codeOn(television);
    const qr = television.get('qr');
    await expect(qr).toHaveAttribute('aria-label', /http:\/\/tutti\.lan:8080\/pair$/);
    expect((await qr.boundingBox())!.width, '30 vmin').toBeGreaterThanOrEqual(324);
    expect(await smallestText(television)).toBeGreaterThanOrEqual(28);
    await television.page.reload();
    expect(await codeOn(television), 'a reload keeps it').toBe(code);
    return code;
  });

  await test.step('the host types it in the room', async () => {
    await ada.get('screen-open').click();
    await expect(ada.get('screen-dialog')).toContainText('tutti.lan:8080/screen');
    ada.expectConsoleErrors(/status of 404/);
    await ada.get('screen-code').fill('0000-0000');
    await ada.get('screen-approve').click();
    await expect(ada.get('problem')).toContainText('No device shows this code');
    await ada.get('screen-code').fill(code.toLowerCase().replace('-', ' '));
    await ada.get('screen-approve').click();
    await expect(ada.page.getByText('The screen shows Kitchen party now.')).toBeVisible();
  });

  await test.step('the empty room invites, and what is said is shown', async () => {
    await expect(television.page.getByRole('heading', { level: 1 })).toHaveText('Kitchen party');
    await expect(television.get('room-code')).toHaveText(room);
    await expect(television.get('qr')).toHaveAttribute('aria-label', new RegExp(`/r/${room}$`));
    expect((await television.get('qr').boundingBox())!.width, 'half of the height').toBeGreaterThanOrEqual(540);
    await ada.get('say-input').fill('Who brings ice?');
    await ada.get('say-send').click();
    await expect(television.get('screen-chat')).toHaveText('Ada Who brings ice?');
  });

  await test.step('it follows the room, steers nothing, and comes back after a reload', async () => {
    await ada.add('Slow Orbit');
    await ada.add('Copper Kettle');
    await television.nowPlaying('Slow Orbit');
    await television.page.keyboard.press('ArrowRight');
    await ada.get('skip').click();
    await television.nowPlaying('Copper Kettle');
    await television.page.reload();
    await television.nowPlaying('Copper Kettle');
    expect(await smallestText(television)).toBeGreaterThanOrEqual(28);
    await ada.sees('Ada');
  });

  await test.step('a second one is paired by the link of its QR code', async () => {
    await other.page.goto(`/r/${room}/screen`);
    const second = await codeOn(other);
    const phone = await ada.anotherTab();
    phone.expectConsoleErrors(/status of 410/);
    await phone.page.goto(`/pair#code=${second}&room=${room}`);
    await expect(phone.page).toHaveURL(/\/pair$/);
    await expect(phone.get('screen-code')).toHaveValue(second);
    await phone.get('screen-approve').click();
    await expect(phone.get('pair-done')).toHaveText('The screen shows Kitchen party now.');
    await other.nowPlaying('Copper Kettle');
    await phone.page.goto(`/pair#code=${second}&room=${room}`);
    await phone.get('screen-approve').click();
    await expect(phone.get('problem')).toContainText('used already');
    await phone.page.close();
  });

  await test.step('the host sees both and removes the first, which shows another code', async () => {
    const access = await ada.openConsole('door');
    const screens = access.getByTestId('screen');
    await expect(screens).toHaveText([/Screen 1\s+Chrome on Linux/, /Screen 2\s+Chrome on Linux/]);
    await expect(screens.first()).toHaveAttribute('data-online', 'true');
    await ada.confirm(screens.first().getByTestId('screen-remove'));
    await expect(screens).toHaveText([/Screen 2/]);
    await expect(television.get('pairing-news')).toHaveText('This screen was removed from the room.');
    expect(await codeOn(television)).not.toBe(code);
    await other.nowPlaying('Copper Kettle');
  });
});
