import {
  clampChroma,
  convertLabToLch,
  convertRgbToOklab,
  formatHex,
  modeLrgb,
  modeOklab,
  modeOklch,
  modeRgb,
  type Oklch,
  useMode,
  wcagContrast,
} from 'culori/fn';

useMode(modeRgb);
useMode(modeLrgb);
useMode(modeOklab);
useMode(modeOklch);

/**
 * Colours of a page, taken from a cover: the hue that stands out becomes the accent, the next one tints the surfaces.
 * Every text colour has a contrast of at least 4.5:1 with every surface that it is shown on, whatever the cover.
 */
export type ColorScheme = 'light' | 'dark';

export type PageColors = Record<(typeof NAMES)[number], string>;

/** Custom properties of `styles.css`, without the dashes. */
export const NAMES = [
  'ground',
  'raised',
  'sunken',
  'hover',
  'line',
  'edge',
  'ink',
  'soft',
  'accent',
  'on-accent',
  'accent-soft',
] as const;

/** WCAG 2.2 AA for text. */
export const TEXT_CONTRAST = 4.5;
/** WCAG 2.2 AA for the outlines of controls. */
export const EDGE_CONTRAST = 3;

/** A colour without its lightness, which the page decides. */
export interface Tone {
  hue: number;
  chroma: number;
}

/** What stands out in a picture. */
export interface CoverTones {
  accent: Tone;
  tint: Tone;
}

const BIN_DEGREES = 15;
const BINS = 360 / BIN_DEGREES;
/** Nearly grey pixels say nothing about the hue. */
const GREY_CHROMA = 0.025;
/** Below this share of coloured pixels a picture counts as grey. */
const COLORED_SHARE_MIN = 0.02;
/** The tint differs from the accent by this many bins, if the cover has such a colour. */
const TINT_BINS_APART = 3;
const TINT_WEIGHT_MIN = 0.15;

/** The tones of RGBA pixels; `null` when the picture is grey. */
export function tonesOf(pixels: Uint8ClampedArray): CoverTones | null {
  const bins = Array.from({ length: BINS }, () => ({ weight: 0, hue: 0, count: 0 }));
  let colored = 0;
  for (let at = 0; at < pixels.length; at += 4) {
    const { l, a, b } = convertRgbToOklab({ r: pixels[at]! / 255, g: pixels[at + 1]! / 255, b: pixels[at + 2]! / 255 });
    const { c, h = 0 } = convertLabToLch({ l, a, b });
    if (c < GREY_CHROMA) continue;
    colored += 1;
    const bin = bins[Math.floor(h / BIN_DEGREES) % BINS]!;
    bin.weight += c;
    bin.hue += c * h;
    bin.count += 1;
  }
  if (colored < (pixels.length / 4) * COLORED_SHARE_MIN) return null;
  const ranked = bins.map((bin, index) => ({ ...bin, index })).sort((one, other) => other.weight - one.weight);
  const [first] = ranked as [(typeof ranked)[number]];
  const apart = (index: number) => Math.min((index - first.index + BINS) % BINS, (first.index - index + BINS) % BINS);
  const second = ranked.find(
    ({ index, weight }) => apart(index) >= TINT_BINS_APART && weight > first.weight * TINT_WEIGHT_MIN,
  );
  const tone = ({ weight, hue, count }: typeof first): Tone => ({ hue: hue / weight, chroma: weight / count });
  return { accent: tone(first), tint: tone(second ?? first) };
}

/** The tones of a track without a cover: those of its drawn tile. */
export function tonesOfHue(hslHue: number): CoverTones {
  const pixel = (hue: number) => {
    const channel = (offset: number) => {
      const k = (offset + hue / 30) % 12;
      return Math.round(255 * (0.5 - 0.3 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
    };
    return [channel(0), channel(8), channel(4), 255];
  };
  return tonesOf(new Uint8ClampedArray([...pixel(hslHue), ...pixel(hslHue), ...pixel((hslHue + 70) % 360)]))!;
}

export function pageColors({ accent, tint }: CoverTones, scheme: ColorScheme): PageColors {
  const light = scheme === 'light';
  const surface = (lightness: number, chromaMax: number) => colorOf(lightness, tint, chromaMax);
  const surfaces = light
    ? {
        ground: surface(0.955, 0.022),
        raised: surface(0.985, 0.012),
        sunken: surface(0.92, 0.03),
        hover: surface(0.93, 0.03),
      }
    : {
        ground: surface(0.17, 0.03),
        raised: surface(0.225, 0.034),
        sunken: surface(0.14, 0.028),
        hover: surface(0.275, 0.04),
      };
  const accentSoft = light ? colorOf(0.91, accent, 0.06) : colorOf(0.31, accent, 0.07);
  const behind = [...Object.values(surfaces), accentSoft];
  const strong = legible(colorOf(light ? 0.5 : 0.8, accent, light ? 0.16 : 0.14), behind, TEXT_CONTRAST);
  return {
    ...hexes(surfaces),
    line: formatHex(light ? surface(0.86, 0.035) : surface(0.34, 0.04)),
    edge: formatHex(legible(surface(0.6, 0.03), behind, EDGE_CONTRAST)),
    ink: formatHex(light ? surface(0.24, 0.035) : surface(0.955, 0.015)),
    soft: formatHex(legible(surface(light ? 0.46 : 0.78, 0.03), behind, TEXT_CONTRAST)),
    accent: formatHex(strong),
    'on-accent': formatHex(legible(colorOf(light ? 0.985 : 0.22, accent, 0.04), [strong], TEXT_CONTRAST)),
    'accent-soft': formatHex(accentSoft),
  };
}

/** A displayable colour. Pale covers stay pale: their chroma is never raised. */
function colorOf(lightness: number, { hue, chroma }: Tone, chromaMax: number): Oklch {
  return clampChroma({ mode: 'oklch', l: lightness, c: Math.min(chroma, chromaMax), h: hue }, 'oklch');
}

const STEP = 0.01;

/** The colour, made lighter or darker until it has this contrast with all backgrounds. */
function legible(color: Oklch, backgrounds: readonly Oklch[], contrast: number): Oklch {
  const reached = (l: number) => {
    const candidate = clampChroma({ ...color, l }, 'oklch');
    // Compared as it is shown: rounded to eight bits.
    const fits = backgrounds.every((other) => wcagContrast(formatHex(candidate), formatHex(other)) >= contrast);
    return fits ? candidate : null;
  };
  for (let away = 0; away <= 1; away += STEP) {
    for (const l of [color.l - away, color.l + away]) {
      const found = l >= 0 && l <= 1 ? reached(l) : null;
      if (found !== null) return found;
    }
  }
  throw new Error('no lightness is legible on all backgrounds');
}

function hexes<Name extends string>(colors: Record<Name, Oklch>): Record<Name, string> {
  return Object.fromEntries(Object.entries<Oklch>(colors).map(([name, color]) => [name, formatHex(color)])) as Record<
    Name,
    string
  >;
}
