import { INVITES } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.describe('a server that phones reach', () => {
  test.use({ settings: INVITES });

  test('is named in the invitation and in its code', async ({ guest }) => {
    const ada = await guest('Ada');
    const code = await ada.startRoom();
    await ada.get('invite-open').click();
    const invitation = ada.page.getByRole('dialog');
    const link = `http://tutti.lan:8080/r/${code}`;
    await expect(invitation.getByTestId('qr')).toHaveAttribute('aria-label', new RegExp(`${link}$`));
    await expect(invitation).toContainText('tutti.lan:8080');
  });
});

test('where only this computer reaches the server, the invitation says how to let phones in', async ({
  guest,
  server,
}) => {
  const ada = await guest('Ada');
  await ada.startRoom();
  await ada.get('invite-open').click();
  const invitation = ada.page.getByRole('dialog');
  await expect(invitation.getByTestId('only-here')).toContainText(`--listen 0.0.0.0:${server.port}`);
  await expect(invitation.getByTestId('qr')).toHaveCount(0);
});
