import type { Settings, SettingsChange } from '$protocol';

/** The settings after a change: of tables only what is named in it changes, all else is replaced as a whole. */
export function changedSettings(settings: Settings, change: SettingsChange): Settings {
  const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
  return {
    ...settings,
    ...named,
    weights: { ...settings.weights, ...change.weights },
    permissions: { ...settings.permissions, ...change.permissions },
  };
}
