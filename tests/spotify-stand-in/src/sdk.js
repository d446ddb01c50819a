// A stand-in for the Web Playback SDK: a device of somebody's account in this page. It makes a tone instead of music, so
// that tests can hear whether and how loudly it plays. What it plays is decided by the stand-in that served it.
(() => {
  const base = new URL(document.currentScript.src).origin;
  const POLL_MS = 100;
  const TONE_HZ = 330;

  class Player {
    #options;
    #listeners = new Map();
    #token = '';
    #id = null;
    #poll;
    #seen = '';
    #wasActive = false;
    #volume;
    #context = null;
    #gain = null;
    #blocked = false;

    constructor(options) {
      this.#options = options;
      this.#volume = options.volume ?? 1;
    }

    addListener(event, listener) {
      this.#listeners.set(event, [...(this.#listeners.get(event) ?? []), listener]);
      return true;
    }

    async connect() {
      this.#token = await new Promise((resolve) => this.#options.getOAuthToken(resolve));
      const id = `sdk${crypto.getRandomValues(new Uint32Array(4)).join('')}`;
      const answer = await this.#ask('POST', 'connect', { id, name: this.#options.name }).catch(() => null);
      if (answer === null) return false;
      if (answer.status === 401) this.#tell('authentication_error', { message: 'Authentication failed' });
      else if (answer.status === 403) {
        this.#tell('account_error', { message: 'This functionality is restricted to premium users only' });
      } else {
        this.#id = id;
        this.#poll = setInterval(() => void this.#look(), POLL_MS);
        this.#tell('ready', { device_id: id });
      }
      return true;
    }

    disconnect() {
      clearInterval(this.#poll);
      this.#sound(false);
      if (this.#id !== null) void this.#ask('POST', 'disconnect', { id: this.#id }).catch(() => {});
      this.#id = null;
      void this.#context?.close();
      this.#context = null;
    }

    async getCurrentState() {
      const state = await this.#state();
      return state === null ? null : shown(state);
    }

    async pause() {
      await this.#ask('POST', 'pause', { id: this.#id });
      await this.#look();
    }

    async seek(position) {
      await this.#ask('POST', 'seek', { id: this.#id, position_ms: Math.round(position) });
      await this.#look();
    }

    async setVolume(volume) {
      this.#volume = volume;
      if (this.#gain !== null && this.#gain.gain.value !== 0) this.#gain.gain.value = volume * 0.2;
    }

    async activateElement() {
      this.#requireContext();
      await this.#context.resume();
      this.#blocked = false;
    }

    async #look() {
      const state = await this.#state();
      const isActive = state !== null;
      if (isActive) {
        this.#sound(state.is_playing);
        const now = JSON.stringify([state.track?.id, state.is_playing, state.changed_at_ms]);
        if (now !== this.#seen) this.#tell('player_state_changed', shown(state));
        this.#seen = now;
      } else if (this.#wasActive) {
        this.#sound(false);
        this.#seen = '';
        this.#tell('player_state_changed', null);
      }
      this.#wasActive = isActive;
    }

    async #state() {
      if (this.#id === null) return null;
      const answer = await this.#ask('GET', `state?id=${this.#id}`).catch(() => null);
      return answer?.ok ? answer.json() : null;
    }

    #sound(on) {
      if (!on && this.#gain === null) return;
      this.#requireContext();
      this.#gain.gain.value = on ? this.#volume * 0.2 : 0;
      if (on && this.#context.state !== 'running' && !this.#blocked) {
        this.#blocked = true;
        this.#tell('autoplay_failed', {});
      }
    }

    #requireContext() {
      if (this.#context !== null) return;
      this.#context = new AudioContext();
      this.#gain = this.#context.createGain();
      this.#gain.gain.value = 0;
      const tone = this.#context.createOscillator();
      tone.frequency.value = TONE_HZ;
      tone.connect(this.#gain).connect(this.#context.destination);
      tone.start();
    }

    #ask(method, path, body) {
      return fetch(`${base}/sdk/${path}`, {
        method,
        headers: { Authorization: `Bearer ${this.#token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    }

    #tell(event, detail) {
      for (const listener of this.#listeners.get(event) ?? []) listener(detail);
    }
  }

  function shown(state) {
    return {
      paused: !state.is_playing,
      position: state.position_ms,
      track_window: { current_track: state.track },
    };
  }

  window.Spotify = { Player };
  window.onSpotifyWebPlaybackSDKReady?.();
})();
