import { select, t } from '@lingui/core/macro';
import type { Calibration } from '../calibration/calibration';
import type { MicrophoneProblem } from '../calibration/recorder';

/** Texts of the calibration dialog, loaded with it. */
export const calibrateText = {
  title: t`Fix this device’s sync`,
  close: t`Close`,
  lead: t`A wireless speaker, or a network that is slower in one direction, can make a device late without the device knowing. You can hear the difference.`,
  leadUntold: t`This browser doesn’t say how late its sound is, so this device may be early or late by some hundredths of a second. Measure it once; the result is kept.`,
  now: t`Current correction`,
  none: t`None. This device relies on what its browser reports.`,
  forget: t`Remove the correction`,
  silent: t`The music is muted on this device meanwhile.`,
  unable: t`This device can’t play yet. Try again in a moment.`,
  notNow: t`This device isn’t playing. Press “Play here” first.`,

  tap: {
    title: t`Tap along`,
    lead: t`Works everywhere. Listen to the clicks, find the beat, and tap along: on the pad, or with the space bar.`,
    start: t`Start the clicks`,
    pad: t`Tap here with the clicks`,
    stop: t`Stop`,
    count: (taps: number, total: number) => t`${taps} of ${total} taps`,
    unclear: t`The taps didn’t follow the clicks closely enough. Find the beat first, then tap. Try as often as you like.`,
    late: (ms: number, error: number) => t`This device is heard about ${ms} ms late, ±${error} ms.`,
    early: (ms: number, error: number) => t`This device is heard about ${ms} ms early, ±${error} ms.`,
    right: (error: number) => t`This device is heard just in time, ±${error} ms.`,
    habit: t`Most people tap a little early, and touch input takes a moment. Both are still included.`,
    compare: t`Remove that with a device that is in sync`,
    compareLead: t`On a device that is in sync, open this dialog and start the clicks under “Help another device”. Then tap here, along with its clicks.`,
    compareStart: t`Tap along with the other device`,
    comparePad: t`Tap here with the other device`,
    compared: t`Compared with a device that is in sync.`,
    use: t`Use this`,
    again: t`Try again`,
    used: t`Done. The music adjusts in a moment.`,
  },

  microphone: {
    title: t`Use a microphone`,
    lead: t`Accurate to about a millisecond. Put this device next to one that is in sync.`,
    first: t`On the device that is in sync, open this dialog and start the sweeps under “Help another device”.`,
    second: t`Press “Listen” here. Both devices sweep in turns for about 15 seconds while this one listens.`,
    headset: t`Headsets often sound different while their microphone is on: use another microphone.`,
    start: t`Listen`,
    listening: t`Listening…`,
    working: t`Comparing…`,
    stop: t`Stop`,
    late: (ms: number, error: number) => t`This device is heard ${ms} ms after the other one, ±${error} ms.`,
    early: (ms: number, error: number) => t`This device is heard ${ms} ms before the other one, ±${error} ms.`,
    right: (error: number) => t`This device is heard together with the other one, ±${error} ms.`,
    other: (ms: string) => t`If the other device is the one that is off, set ${ms} there by hand instead.`,
    use: t`Use this`,
    again: t`Listen again`,
    problems: {
      insecure: t`Browsers allow the microphone only on https pages. Tapping along works everywhere.`,
      missing: t`No microphone was found. Tapping along works without one.`,
      forbidden: t`This server doesn’t allow the microphone. Tapping along works without one.`,
      denied: t`The microphone was blocked. Allow it next to the page’s address, or tap along instead.`,
      busy: t`Another app is using the microphone. Close it and try again.`,
      up: t`The other device was not heard. Is it sweeping, loud enough, and close by?`,
      down: t`This device did not hear itself. Turn it up, or move the microphone closer to its speaker.`,
      unsteady: t`The measurements didn’t agree. Keep both devices still and the room quiet, and listen again.`,
    } satisfies Record<MicrophoneProblem | 'up' | 'down' | 'unsteady', string>,
  },

  hand: {
    title: t`By hand`,
    lead: t`Listen to both devices, and move this one until they sound like one.`,
    label: t`Play earlier, in milliseconds`,
    exact: t`Exactly: Play earlier, in milliseconds`,
    hint: t`Play earlier, in milliseconds. Negative values play later.`,
  },

  help: {
    title: t`Help another device`,
    lead: t`For a device that is in sync, while another one is calibrated. Turn it up, and keep this open.`,
    click: t({ message: 'Click', comment: 'verb, on a button: this device starts to make clicks' }),
    sweep: t({ message: 'Sweep', comment: 'verb, on a button: this device starts to play tones that rise or fall' }),
    stopClick: t`Stop clicking`,
    stopSweep: t`Stop sweeping`,
    clicking: t`Clicking. Tap along on the other device.`,
    sweeping: t`Sweeping every three seconds. Listen on the other device.`,
  },
} as const;

/** The current calibration as a sentence. */
export function calibrationText({ offset_ms, error_ms, how }: Calibration): string {
  const offset = Math.round(offset_ms);
  const ms = Math.abs(offset);
  const error = Math.max(1, Math.round(error_ms));
  const direction = offset === 0 ? 'none' : offset > 0 ? 'earlier' : 'later';
  return t`It plays ${select(direction, {
    earlier: `${ms} ms earlier`,
    later: `${ms} ms later`,
    other: 'without an offset',
  })}, ${select(how, {
    tapped: 'measured by tapping along',
    heard: 'measured by microphone',
    other: 'set by hand',
  })}, ±${error} ms.`;
}

/** With its sign, as it is typed in elsewhere. */
export function signedMs(ms: number): string {
  const rounded = Math.round(ms);
  return rounded < 0 ? `−${-rounded}` : `${rounded}`;
}
