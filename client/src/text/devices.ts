import { t } from '@lingui/core/macro';

/** Texts about using several devices, loaded with what shows them. */
export const devicesText = {
  handOver: {
    title: t`Use another device`,
    lead: t`Be yourself on your phone, too: same name, same queue, same rights.`,
    open: t`Show a code`,
    close: t`Close`,
    scan: (address: string) =>
      t`Scan this with your other device. Or open ${address} and choose “I have a code from my other device”:`,
    secret: t`Anyone who uses the code becomes you, so show it to no one else. It works once.`,
    valid: (left: string) => t`Valid for ${left}`,
    expired: t`This code has expired.`,
    again: t`New code`,
    failed: t`There is no code right now.`,
    used: (device: string) => t`You are now on another device, too: ${device}`,
    usedUnknown: t`You are now on another device, too.`,
  },
  install: {
    lead: t`Tutti then opens like any other app, in a window of its own.`,
    byShareMenu: t`To install Tutti, open the browser’s share menu and choose “Add to Home Screen”.`,
  },
  http: {
    title: t`This address starts with http, so your browser doesn’t allow:`,
    costs: [
      t`installing Tutti as an app`,
      t`the share menu for invitations`,
      t`keeping the display on while music plays`,
      t`the microphone, which gets speakers in sync`,
    ],
    remedy: t`With an https address everything works. The owner of this server can set one up.`,
  },
  logIn: {
    title: t`Be yourself on this device`,
    lead: t`On your other device, open the menu and choose “Use another device”. It shows a code.`,
    code: t`Code from your other device`,
    hint: t`Eight letters and digits, such as K7Q2-M9XA.`,
    missing: t`Type the code that your other device shows.`,
    submit: t`Continue`,
    busy: t`One moment…`,
    home: t`To the start page`,
  },
} as const;
