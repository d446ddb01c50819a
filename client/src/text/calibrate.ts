import type { Calibration } from '../calibration/calibration';
import type { MicrophoneProblem } from '../calibration/recorder';

/** Texts of the calibration dialog, loaded with it. A translation is another object of this shape. */
export const calibrateText = {
  title: 'Fix this device’s sync',
  close: 'Close',
  lead: 'A wireless speaker, or a network that is slower in one direction, can make a device late without the device knowing. You can hear the difference.',
  leadUntold:
    'This browser doesn’t say how late its sound is, so this device may be early or late by some hundredths of a second. Measure it once; the result is kept.',
  now: 'Current correction',
  none: 'None. This device relies on what its browser reports.',
  is: (direction: string, by: string) => `It plays ${direction}, ${by}.`,
  earlier: (ms: number) => `${ms} ms earlier`,
  later: (ms: number) => `${ms} ms later`,
  asIs: 'without an offset',
  hows: {
    tapped: 'measured by tapping along',
    heard: 'measured by microphone',
    set: 'set by hand',
  } satisfies Record<Calibration['how'], string>,
  giveOrTake: (ms: number) => `±${ms} ms`,
  forget: 'Remove the correction',
  silent: 'The music is muted on this device meanwhile.',
  unable: 'This device can’t play yet. Try again in a moment.',
  notNow: 'This device isn’t playing. Press “Play here” first.',

  tap: {
    title: 'Tap along',
    lead: 'Works everywhere. Listen to the clicks, find the beat, and tap along: on the pad, or with the space bar.',
    start: 'Start the clicks',
    pad: 'Tap here with the clicks',
    stop: 'Stop',
    count: (taps: number, of: number) => `${taps} of ${of} taps`,
    unclear:
      'The taps didn’t follow the clicks closely enough. Find the beat first, then tap. Try as often as you like.',
    own: (words: string, error: number) => `This device is heard ${words}, ±${error} ms.`,
    late: (ms: number) => `about ${ms} ms late`,
    early: (ms: number) => `about ${ms} ms early`,
    right: 'just in time',
    habit: 'Most people tap a little early, and touch input takes a moment. Both are still included.',
    compare: 'Remove that with a device that is in sync',
    compareLead:
      'On a device that is in sync, open this dialog and start the clicks under “Help another device”. Then tap here, along with its clicks.',
    compareStart: 'Tap along with the other device',
    comparePad: 'Tap here with the other device',
    compared: 'Compared with a device that is in sync.',
    use: 'Use this',
    again: 'Try again',
    used: 'Done. The music adjusts in a moment.',
  },

  microphone: {
    title: 'Use a microphone',
    lead: 'Accurate to about a millisecond. Put this device next to one that is in sync.',
    first: 'On the device that is in sync, open this dialog and start the sweeps under “Help another device”.',
    second: 'Press “Listen” here. Both devices sweep in turns for about 15 seconds while this one listens.',
    headset: 'Headsets often sound different while their microphone is on: use another microphone.',
    start: 'Listen',
    listening: 'Listening…',
    working: 'Comparing…',
    stop: 'Stop',
    own: (words: string, error: number) => `This device is heard ${words}, ±${error} ms.`,
    late: (ms: string) => `${ms} ms after the other one`,
    early: (ms: string) => `${ms} ms before the other one`,
    right: 'together with the other one',
    other: (ms: string) => `If the other device is the one that is off, set ${ms} there by hand instead.`,
    use: 'Use this',
    again: 'Listen again',
    problems: {
      insecure: 'Browsers allow the microphone only on https pages. Tapping along works everywhere.',
      missing: 'No microphone was found. Tapping along works without one.',
      forbidden: 'This server doesn’t allow the microphone. Tapping along works without one.',
      denied: 'The microphone was blocked. Allow it next to the page’s address, or tap along instead.',
      busy: 'Another app is using the microphone. Close it and try again.',
      up: 'The other device was not heard. Is it sweeping, loud enough, and close by?',
      down: 'This device did not hear itself. Turn it up, or move the microphone closer to its speaker.',
      unsteady: 'The measurements didn’t agree. Keep both devices still and the room quiet, and listen again.',
    } satisfies Record<MicrophoneProblem | 'up' | 'down' | 'unsteady', string>,
  },

  hand: {
    title: 'By hand',
    lead: 'Listen to both devices, and move this one until they sound like one.',
    label: 'Play earlier, in milliseconds',
    exact: 'Exactly',
    hint: 'Negative values play later.',
  },

  help: {
    title: 'Help another device',
    lead: 'For a device that is in sync, while another one is calibrated. Turn it up, and keep this open.',
    click: 'Click',
    sweep: 'Sweep',
    stopClick: 'Stop clicking',
    stopSweep: 'Stop sweeping',
    clicking: 'Clicking. Tap along on the other device.',
    sweeping: 'Sweeping every three seconds. Listen on the other device.',
  },
} as const;

/** The current calibration as a sentence. */
export function calibrationText({ offset_ms, error_ms, how }: Calibration): string {
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
