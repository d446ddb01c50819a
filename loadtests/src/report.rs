//! Progress on standard output, and how figures are formatted.

use crate::figures::Run;
use crate::target::Target;

/// Prints a run.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn print_run(run: &Run) {
    println!("{} · {}", run.shape, run.target.name());
    for (name, value) in &run.figures.0 {
        println!("    {name:<28} {}", number(*value));
    }
    for doubt in &run.doubts {
        println!("    DOUBT {doubt}");
    }
}

/// Prints that a server is skipped.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn print_skipped(target: Target, error: &anyhow::Error) {
    println!("{} is skipped: {error:#}", target.name());
}

/// Prints that a run failed.
#[expect(clippy::print_stdout, reason = "the report is what the program is for")]
pub(crate) fn print_failed(failure: &str) {
    println!("FAILED {failure}");
}

/// A figure with three significant digits, or as an integer.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        size if !size.is_finite() => "–".into(),
        0.0 => "0".into(),
        size if size >= 1e4 => thousands(value),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "rounded for display")]
fn thousands(value: f64) -> String {
    let digits = (value.round() as i64).to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_rounded_for_display() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.0123"),
            (0.5, "0.50"),
            (12.34, "12.3"),
            (123.4, "123"),
            (12_345.6, "12,346"),
            (1_234_567.0, "1,234,567"),
            (f64::NAN, "–"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
