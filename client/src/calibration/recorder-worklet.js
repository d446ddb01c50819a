/** Passes microphone samples to the page a few dozen times a second. Runs in the audio thread. */
class Recorder extends AudioWorkletProcessor {
  #block = new Float32Array(2048);
  #filled = 0;

  process([[channel]]) {
    if (channel === undefined) return true;
    for (const sample of channel) {
      this.#block[this.#filled] = sample;
      this.#filled += 1;
      if (this.#filled < this.#block.length) continue;
      this.port.postMessage(this.#block);
      this.#block = new Float32Array(this.#block.length);
      this.#filled = 0;
    }
    return true;
  }
}

registerProcessor('tutti-recorder', Recorder);
