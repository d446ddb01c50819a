import { t } from '@lingui/core/macro';

/** Texts of the list of shortcuts, and of the links with which a keyboard jumps over parts of a room. */
export const keyboardText = {
  title: t`Keyboard shortcuts`,
  close: t`Close`,
  /** Each with its keys. */
  groups: {
    everywhere: {
      title: t`Anywhere in the room`,
      keys: {
        space: t`Pause or resume`,
        seek: t`Five seconds back or forward`,
        volume: t`Volume of this device`,
        search: t`Find music`,
        help: t`This list`,
      },
    },
    within: {
      title: t`In parts of the room`,
      keys: {
        skip: t`First keys after loading: jump to search, queue or player`,
        tabs: t`Switch tabs`,
        sort: t`Press a track’s “move up” or “move down” again`,
        close: t`Close a dialog or menu, or cancel a drag`,
      },
    },
  },
  names: {
    space: t({ message: 'Space', context: 'key' }),
    enter: t({ message: 'Enter', context: 'key' }),
    escape: t({ message: 'Esc', context: 'key' }),
    tab: t({ message: 'Tab', context: 'key' }),
  },
  hint: t`Shortcuts do nothing while you type. You can turn them off in your profile.`,
  off: t`Shortcuts are turned off in your profile.`,
  skips: {
    label: t`Jump to`,
    search: t`Jump to search`,
    queue: t`Jump to the queue`,
    player: t`Jump to the player`,
  },
} as const;
