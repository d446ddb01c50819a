import type { Calibration } from '../calibration/calibration';
import type { MicrophoneProblem } from '../calibration/recorder';

/** Texts of the calibration dialog, loaded with it. A translation is another object of this shape. */
export const calibrateText = {
  title: 'Get this device in time',
  close: 'Close this',
  lead: 'A wireless loudspeaker, or a network that is slower one way than the other, makes a device late without its knowing. Ears can tell.',
  now: 'So far',
  none: 'Nothing is corrected. This device goes by what its browser says.',
  is: (direction: string, by: string) => `It plays ${direction}, ${by}.`,
  earlier: (ms: number) => `${ms} ms earlier`,
  later: (ms: number) => `${ms} ms later`,
  asIs: 'neither earlier nor later',
  hows: {
    tapped: 'as somebody tapped along',
    heard: 'as a microphone heard it',
    set: 'as somebody set it by hand',
  } satisfies Record<Calibration['how'], string>,
  giveOrTake: (ms: number) => `give or take ${ms} ms`,
  forget: 'Forget that',
  silent: 'The music is silent on this device meanwhile.',
  unable: 'This device is not ready to make a sound yet. Try again in a moment.',
  notNow: 'This device makes no sound right now. Press “Play here” first.',

  tap: {
    title: 'Tap along',
    lead: 'Works everywhere. Listen to the clicks, find the beat, and tap with it: on the field, or with the space bar.',
    start: 'Start the clicks',
    pad: 'Tap here with the clicks',
    stop: 'Stop',
    count: (taps: number, of: number) => `${taps} of ${of} taps`,
    unclear:
      'The taps did not follow the clicks closely enough. Find the beat first, then tap; you can try as often as you like.',
    own: (words: string, error: number) => `This device is heard ${words}, give or take ${error} ms.`,
    late: (ms: number) => `about ${ms} ms late`,
    early: (ms: number) => `about ${ms} ms early`,
    right: 'just in time',
    habit: 'Most people tap a little early, and a touch takes a moment to arrive. Both are still in this figure.',
    compare: 'Take that out with a device that is right',
    compareLead:
      'On a device that is right, open this same page and let it click under “Help another device”. Then tap here, along with its clicks.',
    compareStart: 'Tap along with the other one',
    comparePad: 'Tap here with the other device',
    compared: 'Compared with a device that is right.',
    use: 'Use this',
    again: 'Try again',
    used: 'Done. The music moves into place in a moment.',
  },

  microphone: {
    title: 'Let a microphone listen',
    lead: 'Finds it to about a millisecond. Put this device beside one that is right.',
    first: 'On the device that is right, open this same page and let it sweep under “Help another device”.',
    second: 'Press “Listen” here. Both take turns to sweep for a quarter of a minute, and this one listens to both.',
    headset: 'Headphones that are also a microphone often sound different while they listen: use another microphone.',
    start: 'Listen',
    listening: 'MicrophoneState…',
    working: 'Comparing…',
    stop: 'Stop',
    own: (words: string, error: number) => `This device is heard ${words}, give or take ${error} ms.`,
    late: (ms: string) => `${ms} ms after the other one`,
    early: (ms: string) => `${ms} ms before the other one`,
    right: 'together with the other one',
    other: (ms: string) => `If it is the other one that is off, set ${ms} there by hand instead.`,
    use: 'Use this',
    again: 'Listen again',
    problems: {
      insecure:
        'Browsers lend a microphone only to pages that come over https. Tapping along works here as well as anywhere.',
      missing: 'This device has no microphone that the browser knows of. Tapping along works without one.',
      forbidden: 'This server’s pages may not use a microphone. Tapping along works without one.',
      denied:
        'The browser was not allowed to listen. You can allow it beside the page’s address, or tap along instead.',
      busy: 'The microphone is in use by something else. Close that, and try again.',
      up: 'The other device was not heard. Is it sweeping, loud enough, and close by?',
      down: 'This device did not hear itself. Turn it up, or bring the microphone closer to its loudspeaker.',
      unsteady: 'No two turns were alike. Keep both devices still, and the room quiet, and listen again.',
    } satisfies Record<MicrophoneProblem | 'up' | 'down' | 'unsteady', string>,
  },

  hand: {
    title: 'By hand',
    lead: 'Listen to both devices, and move this one until they sound like one.',
    label: 'Plays earlier by so many milliseconds',
    exact: 'Exactly',
    hint: 'Below zero it plays later.',
  },

  help: {
    title: 'Help another device',
    lead: 'For a device that is right, while another one is got in time. Turn it up, and keep this open.',
    click: 'Click',
    sweep: 'Sweep',
    stopClick: 'Stop clicking',
    stopSweep: 'Stop sweeping',
    clicking: 'Clicking. Tap along on the other device.',
    sweeping: 'Sweeping every three seconds. Listen on the other device.',
  },
} as const;

/** The current calibration as a sentence. */
export function calibratedWords({ offset_ms, error_ms, how }: Calibration): string {
  const ms = Math.round(offset_ms);
  const words = calibrateText;
  const direction = ms === 0 ? words.asIs : ms > 0 ? words.earlier(ms) : words.later(-ms);
  return words.is(direction, `${words.hows[how]}, ${words.giveOrTake(Math.max(1, Math.round(error_ms)))}`);
}

/** With its sign, as it is typed in elsewhere. */
export function signedMs(ms: number): string {
  const rounded = Math.round(ms);
  return rounded < 0 ? `−${-rounded}` : `${rounded}`;
}
