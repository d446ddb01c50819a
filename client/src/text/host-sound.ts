import { plural, t } from '@lingui/core/macro';
import type { OutputMode } from '$protocol';

/** Texts of the console's sound tab. */
export const hostSoundText = {
  who: t`Who plays`,
  modes: {
    everyone: [t`Everyone plays`, t`Every device that is turned on, except those you exclude.`],
    speakers: [t`Only these speakers`, t`Only the devices you tick below play.`],
  } satisfies Record<OutputMode, [string, string]>,
  devices: t`Devices`,
  lead: t`“Estimated” is the device’s own measurement; “heard” was calibrated by ear or microphone.`,
  empty: t`No device is connected right now.`,
  nobody: t`Nothing plays: tick a device, or choose “Everyone plays”.`,
  missing: (count: number) =>
    plural(count, {
      one: 'One more device is listed that is not connected.',
      other: '# more devices are listed that are not connected.',
    }),
  thisDevice: t`this device`,
  plays: t`Plays`,
  playsOf: (device: string, member: string) => t`Plays: ${device}, ${member}`,
  volumeOf: (device: string, member: string) => t`Volume: ${device}, ${member}`,
  leaveOut: t`Exclude`,
  letPlay: t`Include`,
  of: (deed: string, device: string, member: string) => t`${deed}: ${device}, ${member}`,
  leftOut: t`Excluded`,
  noSound: t`Not turned on`,
  ready: t`Ready`,
  waiting: t`About to start`,
  full: t`No more devices can be listed.`,
  isLeftOut: (device: string) => t`${device} is excluded.`,
  playsAgain: (device: string) => t`${device} plays.`,
  everyone: t`Everyone plays now.`,
  speakers: t`Only the ticked devices play now.`,
  loudness: t`Same loudness for all tracks`,
  loudnessOn: t`Quiet tracks are turned up and loud ones are turned down.`,
  loudnessOff: t`Tracks are as loud as they were made.`,
  wait: t`Wait for a speaker`,
  waitOn: t`While no device plays, the music waits. It goes on where it was last heard.`,
  waitOff: t`Tracks go by even if no device plays them.`,
} as const;
