/** An in-place radix-2 FFT of one power-of-two length, with precomputed tables. */
export class Fft {
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint32Array;

  constructor(readonly size: number) {
    const bits = Math.log2(size);
    if (!Number.isInteger(bits) || bits < 1) throw new Error(`${size} is not a power of two`);
    this.#cos = Float64Array.from({ length: size / 2 }, (_, k) => Math.cos((2 * Math.PI * k) / size));
    this.#sin = Float64Array.from({ length: size / 2 }, (_, k) => -Math.sin((2 * Math.PI * k) / size));
    this.#reversed = new Uint32Array(size);
    for (let place = 1; place < size; place += 1) {
      this.#reversed[place] = (this.#reversed[place >> 1]! >> 1) | ((place & 1) << (bits - 1));
    }
  }

  forward(re: Float64Array, im: Float64Array): void {
    const { size } = this;
    for (let place = 0; place < size; place += 1) {
      const other = this.#reversed[place]!;
      if (other <= place) continue;
      exchange(re, place, other);
      exchange(im, place, other);
    }
    for (let half = 1; half < size; half *= 2) {
      const stride = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let k = 0; k < half; k += 1) {
          const low = start + k;
          const high = low + half;
          const cos = this.#cos[k * stride]!;
          const sin = this.#sin[k * stride]!;
          const turnedRe = re[high]! * cos - im[high]! * sin;
          const turnedIm = re[high]! * sin + im[high]! * cos;
          re[high] = re[low]! - turnedRe;
          im[high] = im[low]! - turnedIm;
          re[low] = re[low]! + turnedRe;
          im[low] = im[low]! + turnedIm;
        }
      }
    }
  }

  inverse(re: Float64Array, im: Float64Array): void {
    // Swapping real and imaginary parts turns the forward transform into the inverse.
    this.forward(im, re);
    for (let place = 0; place < this.size; place += 1) {
      re[place] = re[place]! / this.size;
      im[place] = im[place]! / this.size;
    }
  }
}

function exchange(values: Float64Array, one: number, other: number): void {
  const kept = values[one]!;
  values[one] = values[other]!;
  values[other] = kept;
}
