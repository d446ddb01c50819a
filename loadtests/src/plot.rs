//! Horizontal bars with their spread, as SVG that needs no fonts or scripts and reads on light and dark pages.

use std::fmt::Write as _;

use crate::figures::Spread;
use crate::report::number;

const WIDTH: f64 = 800.0;
const LABELS: f64 = 330.0;
const FIGURES: f64 = 110.0;
const ROW: f64 = 30.0;
const HEAD: f64 = 44.0;

/// One bar.
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) spread: Spread,
    /// Highlighted, for Tutti.
    pub(crate) ours: bool,
}

/// Bars from zero, the spread as a line over each; shorter is better.
pub(crate) fn bars(title: &str, unit: &str, bars: &[Bar]) -> String {
    let longest = bars.iter().map(|bar| bar.spread.high).fold(f64::MIN_POSITIVE, f64::max);
    let scale = (WIDTH - LABELS - FIGURES) / longest;
    let height = HEAD + ROW * bars.len() as f64 + 8.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" role=\"img\">\n\
         <title>{title}</title>\n\
         <style>text{{fill:#24292f}}.bar{{fill:#8c959f}}.ours{{fill:#bc4c00}}.spread{{stroke:#24292f}}\
         @media(prefers-color-scheme:dark){{text{{fill:#d1d7e0}}.bar{{fill:#656c76}}.ours{{fill:#f0883e}}\
         .spread{{stroke:#d1d7e0}}}}</style>\n\
         <text x=\"0\" y=\"16\" font-size=\"15\" font-weight=\"600\">{}</text>\n\
         <text x=\"0\" y=\"33\" opacity=\"0.75\">{} · shorter is better; the line is the spread over all rounds</text>\n",
        escape(title),
        escape(unit),
    );
    for (place, bar) in bars.iter().enumerate() {
        let top = HEAD + ROW * place as f64;
        let middle = top + ROW / 2.0;
        let Spread { median, low, high } = bar.spread;
        let (from, to) = (LABELS + low * scale, LABELS + high * scale);
        let class = if bar.ours { "ours" } else { "bar" };
        let weight = if bar.ours { "600" } else { "400" };
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" font-weight=\"{weight}\">{}</text>\
             <rect class=\"{class}\" x=\"{LABELS}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"2\"/>\
             <line class=\"spread\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\" stroke-width=\"1.5\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            LABELS - 8.0,
            middle + 4.5,
            escape(&bar.label),
            top + 5.0,
            median * scale,
            ROW - 10.0,
            to.max(LABELS + median * scale) + 8.0,
            middle + 4.5,
            escape(&number(median)),
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_proportional() {
        let bar = |median| Bar {
            label: "a <b>".into(),
            spread: Spread { median, low: median, high: median },
            ours: median < 2.0,
        };
        let svg = bars("CPU", "µs", &[bar(1.0), bar(4.0)]);
        assert!(svg.contains("width=\"90.0\"") && svg.contains("width=\"360.0\""), "{svg}");
        assert!(svg.contains("a &lt;b&gt;"));
    }
}
