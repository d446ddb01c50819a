import { describe, expect, it } from 'vitest';
import { seeded } from '../testing/random';
import { EDGE_CONTRAST, pageColors, TEXT_CONTRAST, tonesOf, tonesOfHue } from './cover-colors';

type Pixel = [red: number, green: number, blue: number];

function picture(...parts: [count: number, pixel: Pixel][]): Uint8ClampedArray {
  return new Uint8ClampedArray(
    parts.flatMap(([count, pixel]) => Array.from({ length: count }, () => [...pixel, 255]).flat()),
  );
}

/** A gradient between two colours with blots of others and grain: from nearly grey to garish. */
function painted(random: () => number): Uint8ClampedArray {
  const size = 48;
  const vividness = random();
  const color = () => [0, 1, 2].map(() => 128 + (255 * random() - 128) * vividness) as Pixel;
  const [from, to] = [color(), color()];
  const blots = Array.from({ length: Math.floor(6 * random()) }, () => ({
    x: size * random(),
    y: size * random(),
    radius: (size / 3) * random(),
    color: color(),
  }));
  const pixels: [number, Pixel][] = Array.from({ length: size * size }, (_, index) => {
    const [x, y] = [index % size, Math.floor(index / size)];
    const blot = blots.find((blot) => Math.hypot(x - blot.x, y - blot.y) < blot.radius);
    const grain = 20 * random();
    const pixel = from.map((value, at) => (blot?.color[at] ?? value + (to[at]! - value) * (x / size)) + grain);
    return [1, pixel as Pixel];
  });
  return picture(...pixels);
}

const RED: Pixel = [200, 30, 40];
const BLUE: Pixel = [30, 60, 200];
const SURFACES = ['ground', 'raised', 'sunken', 'hover', 'accent-soft'] as const;

describe('the tones of a cover', () => {
  it('are the two hues that stand out, whatever is grey', () => {
    const tones = tonesOf(picture([700, [20, 20, 20]], [200, RED], [100, BLUE]))!;
    expect(Math.round(tones.accent.hue)).toBeCloseTo(25, -1);
    expect(Math.round(tones.tint.hue)).toBeCloseTo(266, -1);
  });

  it('are one hue where there is no other', () => {
    const { accent, tint } = tonesOf(picture([99, RED], [1, BLUE]))!;
    expect(tint).toEqual(accent);
  });

  it('do not exist where a picture is grey', () => {
    expect(tonesOf(picture([500, [0, 0, 0]], [500, [255, 255, 255]]))).toBeNull();
    expect(tonesOf(picture([999, [90, 90, 90]], [1, RED]))).toBeNull();
  });
});

describe('the colours of a page', () => {
  const chromas = [0.03, 0.1, 0.2, 0.35];
  const hues = Array.from({ length: 24 }, (_, index) => index * 15);

  for (const scheme of ['light', 'dark'] as const) {
    it(`are legible for every cover, ${scheme}`, () => {
      for (const hue of hues) {
        for (const chroma of chromas) {
          const tints = [hue, (hue + 120) % 360, (hue + 210) % 360];
          for (const tint of tints) {
            const colors = pageColors({ accent: { hue, chroma }, tint: { hue: tint, chroma } }, scheme);
            for (const surface of SURFACES) {
              for (const text of ['ink', 'soft', 'accent'] as const) {
                expect(contrast(colors[text], colors[surface])).toBeGreaterThanOrEqual(TEXT_CONTRAST);
              }
              expect(contrast(colors.edge, colors[surface])).toBeGreaterThanOrEqual(EDGE_CONTRAST);
            }
            expect(contrast(colors['on-accent'], colors.accent)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
          }
        }
      }
    });
  }

  it('are legible for fifty pictures', () => {
    const random = seeded(50);
    for (let cover = 0; cover < 50; cover++) {
      const tones = tonesOf(painted(random)) ?? tonesOfHue(360 * random());
      for (const scheme of ['light', 'dark'] as const) {
        const colors = pageColors(tones, scheme);
        for (const surface of SURFACES)
          for (const text of ['ink', 'soft', 'accent'] as const)
            expect(contrast(colors[text], colors[surface])).toBeGreaterThanOrEqual(TEXT_CONTRAST);
        expect(contrast(colors['on-accent'], colors.accent)).toBeGreaterThanOrEqual(TEXT_CONTRAST);
      }
    }
  });

  it('keep the hue of the cover', () => {
    const { accent } = pageColors(tonesOf(picture([10, BLUE]))!, 'dark');
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(accent.slice(at, at + 2), 16)) as Pixel;
    expect(blue).toBeGreaterThan(red);
    expect(blue).toBeGreaterThan(green);
  });

  it('come from the tile of a track without a cover', () => {
    expect(tonesOfHue(0).accent.hue).toBeCloseTo(26, -1);
    expect(tonesOfHue(240).accent.hue).toBeCloseTo(268, -1);
  });
});

/** Written down from WCAG 2.2, so that the test does not trust the library. */
function contrast(one: string, other: string): number {
  const luminance = (hex: string) => {
    const [r, g, b] = [1, 3, 5]
      .map((at) => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as Pixel;
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}
