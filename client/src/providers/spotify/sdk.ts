/** Types of the Web Playback SDK as far as it is used here, and loading its script on demand. */

export interface SdkTrack {
  id: string | null;
  uri: string;
  duration_ms?: number;
  /** The requested track where Spotify plays the same recording from another album instead. Often missing. */
  linked_from?: { id: string | null; uri: string | null } | null;
}

export interface SdkState {
  paused: boolean;
  /** In milliseconds at the time of the state. Runs ahead of the audible position while buffering. */
  position: number;
  loading?: boolean;
  track_window: { current_track: SdkTrack | null };
}

export interface SdkEvents {
  ready: { device_id: string };
  not_ready: { device_id: string };
  /** `null`: the account plays on another device now. */
  player_state_changed: SdkState | null;
  initialization_error: { message: string };
  authentication_error: { message: string };
  account_error: { message: string };
  playback_error: { message: string };
  autoplay_failed: unknown;
}

export interface SdkPlayer {
  connect(): Promise<boolean>;
  disconnect(): void;
  addListener<E extends keyof SdkEvents>(event: E, listener: (detail: SdkEvents[E]) => void): unknown;
  getCurrentState(): Promise<SdkState | null>;
  setVolume(volume: number): Promise<void>;
  pause(): Promise<void>;
  seek(positionMs: number): Promise<void>;
  /** Only within a user gesture: afterwards this page may make sound by itself. */
  activateElement(): Promise<void>;
}

export interface SdkPlayerOptions {
  name: string;
  volume: number;
  /** The page has its own controls for the room. */
  enableMediaSession: boolean;
  getOAuthToken: (give: (token: string) => void) => void;
}

export interface Sdk {
  Player: new (options: SdkPlayerOptions) => SdkPlayer;
}

declare global {
  interface Window {
    Spotify?: Sdk;
    onSpotifyWebPlaybackSDKReady?: () => void;
  }
}

/** The script calls back when it is ready; if it never does, it was blocked or is not the SDK. */
const READY_WAIT_MS = 20_000;

let loading: Promise<Sdk> | null = null;

/** Loads the script once. A failed load may be retried. */
export function loadSdk(url: string): Promise<Sdk> {
  loading ??= inserted(url).catch((error) => {
    loading = null;
    throw error;
  });
  return loading;
}

function inserted(url: string): Promise<Sdk> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    const fail = () => {
      clearTimeout(late);
      script.remove();
      reject(new Error('the player of Spotify cannot be loaded'));
    };
    const late = setTimeout(fail, READY_WAIT_MS);
    window.onSpotifyWebPlaybackSDKReady = () => {
      clearTimeout(late);
      if (window.Spotify === undefined) fail();
      else resolve(window.Spotify);
    };
    script.onerror = fail;
    script.async = true;
    script.src = url;
    document.head.append(script);
  });
}
