import type { Settings, SettingsChange } from '$protocol';

/** The settings after a change: tables are merged by key, everything else is replaced. */
export function changedSettings(settings: Settings, change: SettingsChange): Settings {
  const named = Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined));
  return {
    ...settings,
    ...named,
    weights: { ...settings.weights, ...change.weights },
    permissions: { ...settings.permissions, ...change.permissions },
  };
}
