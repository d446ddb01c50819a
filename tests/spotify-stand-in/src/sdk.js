// Replaces the Web Playback SDK: registers the page as a device of an account. Plays a tone instead of music, so that tests
// can measure whether and how loudly it plays. The stand-in that served it decides what it plays.
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
      const response = await this.#request('POST', 'connect', { id, name: this.#options.name }).catch(() => null);
      if (response === null) return false;
      if (response.status === 401) this.#emit('authentication_error', { message: 'Authentication failed' });
      else if (response.status === 403) {
        this.#emit('account_error', { message: 'This functionality is restricted to premium users only' });
      } else {
        this.#id = id;
        this.#poll = setInterval(() => void this.#update(), POLL_MS);
        this.#emit('ready', { device_id: id });
      }
      return true;
    }

    disconnect() {
      clearInterval(this.#poll);
      this.#setTone(false);
      if (this.#id !== null) void this.#request('POST', 'disconnect', { id: this.#id }).catch(() => {});
      this.#id = null;
      void this.#context?.close();
      this.#context = null;
    }

    async getCurrentState() {
      const state = await this.#state();
      return state === null ? null : toSdkState(state);
    }

    async pause() {
      await this.#request('POST', 'pause', { id: this.#id });
      await this.#update();
    }

    async seek(position) {
      await this.#request('POST', 'seek', { id: this.#id, position_ms: Math.round(position) });
      await this.#update();
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

    async #update() {
      const state = await this.#state();
      const isActive = state !== null;
      if (isActive) {
        this.#setTone(state.is_playing);
        const now = JSON.stringify([state.track?.id, state.is_playing, state.changed_at_ms]);
        if (now !== this.#seen) this.#emit('player_state_changed', toSdkState(state));
        this.#seen = now;
      } else if (this.#wasActive) {
        this.#setTone(false);
        this.#seen = '';
        this.#emit('player_state_changed', null);
      }
      this.#wasActive = isActive;
    }

    async #state() {
      if (this.#id === null) return null;
      const response = await this.#request('GET', `state?id=${this.#id}`).catch(() => null);
      return response?.ok ? response.json() : null;
    }

    #setTone(on) {
      if (!on && this.#gain === null) return;
      this.#requireContext();
      this.#gain.gain.value = on ? this.#volume * 0.2 : 0;
      if (on && this.#context.state !== 'running' && !this.#blocked) {
        this.#blocked = true;
        this.#emit('autoplay_failed', {});
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

    #request(method, path, body) {
      return fetch(`${base}/sdk/${path}`, {
        method,
        headers: { Authorization: `Bearer ${this.#token}` },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    }

    #emit(event, detail) {
      for (const listener of this.#listeners.get(event) ?? []) listener(detail);
    }
  }

  function toSdkState(state) {
    return {
      paused: !state.is_playing,
      position: state.position_ms,
      track_window: { current_track: state.track },
    };
  }

  window.Spotify = { Player };
  window.onSpotifyWebPlaybackSDKReady?.();
})();
