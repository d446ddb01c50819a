/** An in-place fast Fourier transform of complex signals whose length is a power of two. */
export class Fft {
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;
  readonly #reversed: Uint32Array;

  constructor(readonly size: number) {
    if (size < 2 || (size & (size - 1)) !== 0) throw new RangeError('the length of a transform is a power of two');
    const bits = Math.log2(size);
    this.#cos = new Float64Array(size / 2).map((_, index) => Math.cos((2 * Math.PI * index) / size));
    this.#sin = new Float64Array(size / 2).map((_, index) => Math.sin((2 * Math.PI * index) / size));
    this.#reversed = new Uint32Array(size);
    for (let index = 1; index < size; index += 1) {
      this.#reversed[index] = (this.#reversed[index >> 1]! >> 1) | ((index & 1) << (bits - 1));
    }
  }

  forward(re: Float64Array, im: Float64Array): void {
    const { size } = this;
    for (let index = 0; index < size; index += 1) {
      const other = this.#reversed[index]!;
      if (other <= index) continue;
      [re[index], re[other]] = [re[other]!, re[index]!];
      [im[index], im[other]] = [im[other]!, im[index]!];
    }
    for (let half = 1; half < size; half *= 2) {
      const step = size / (2 * half);
      for (let start = 0; start < size; start += 2 * half) {
        for (let index = start, turn = 0; index < start + half; index += 1, turn += step) {
          const cos = this.#cos[turn]!;
          const sin = this.#sin[turn]!;
          const far = index + half;
          const real = re[far]! * cos + im[far]! * sin;
          const imaginary = im[far]! * cos - re[far]! * sin;
          re[far] = re[index]! - real;
          im[far] = im[index]! - imaginary;
          re[index]! += real;
          im[index]! += imaginary;
        }
      }
    }
  }

  backward(re: Float64Array, im: Float64Array): void {
    this.forward(im, re);
    for (let index = 0; index < this.size; index += 1) {
      re[index]! /= this.size;
      im[index]! /= this.size;
    }
  }
}
