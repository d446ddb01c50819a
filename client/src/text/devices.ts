/** Texts about using several devices, loaded with what shows them. A translation is another object of this shape. */
export const devicesText = {
  handOver: {
    title: 'Use another device',
    lead: 'Be yourself on your phone, too: same name, same queue, same rights.',
    open: 'Show a code',
    close: 'Close',
    scan: 'Scan this with your other device. Or open',
    type: 'and choose “I have a code from my other device”:',
    secret: 'Whoever uses the code becomes you, so show it to no one else. It works once.',
    valid: (left: string) => `Valid for ${left}`,
    expired: 'This code has expired.',
    again: 'New code',
    failed: 'There is no code right now.',
    used: (device: string) => `You are now on another device, too: ${device}`,
    usedUnknown: 'You are now on another device, too.',
  },
  logIn: {
    title: 'Be yourself on this device',
    lead: 'On your other device, open the menu and choose “Use another device”. It shows a code.',
    code: 'Code from your other device',
    hint: 'Eight letters and digits, such as K7Q2-M9XA.',
    missing: 'Type the code that your other device shows.',
    submit: 'Continue',
    busy: 'One moment…',
    home: 'To the start page',
  },
} as const;
