//! Compares documentation that can go stale with the code that it describes.

use std::fmt::Write as _;

use clap::{Arg, ArgAction, Args as _, Command};
use expect_test::expect_file;
use tutti::config::ServeConfig;
use tutti::telemetry::metrics::NAMES;
use tutti::telemetry::process;

const PAGE: &str = include_str!("../docs/configuration.md");
const OPERATIONS: &str = include_str!("../docs/operations.md");
const PLANETSCALE: &str = include_str!("../docs/planetscale.md");
const BEGIN: &str = "<!-- settings: written by UPDATE_EXPECT=1 cargo test docs:: -->\n";
const END: &str = "<!-- end of settings -->";

#[test]
fn configuration_lists_every_setting() {
    let (before, rest) = PAGE.split_once(BEGIN).expect("the page marks where its settings begin");
    let (_, after) = rest.split_once(END).expect("the page marks where its settings end");
    let page = format!("{before}{BEGIN}{}{END}{after}", settings());
    expect_file!["../docs/configuration.md"].assert_eq(&page);
}

#[test]
fn pages_name_existing_settings_only() {
    let command = command();
    let known: Vec<_> = command.get_arguments().filter_map(Arg::get_env).filter_map(|name| name.to_str()).collect();
    let words = [PAGE, OPERATIONS, PLANETSCALE]
        .into_iter()
        .flat_map(|page| page.split(|letter: char| !(letter.is_ascii_uppercase() || letter == '_')));
    // The prefix alone is not a setting, nor are those of Kubernetes; one is of `tutti copy`.
    let others = ["TUTTI_", "TUTTI_SERVICE_", "TUTTI_PORT", "TUTTI_COPY_TO"];
    for name in words.filter(|word| word.starts_with("TUTTI_") && !others.contains(word)) {
        assert!(known.contains(&name), "{name} is no setting");
    }
}

#[test]
fn every_metric_is_documented() {
    for name in NAMES.iter().map(|(name, ..)| name).chain(process::NAMES.iter().map(|(name, ..)| name)) {
        assert!(OPERATIONS.contains(&format!("`{name}`")), "{name}");
    }
}

fn command() -> Command {
    let mut command = ServeConfig::augment_args(Command::new("serve"));
    command.build();
    command
}

/// One table for each of the headings of `tutti serve --help`, in its order.
fn settings() -> String {
    let command = command();
    let mut text = String::new();
    let mut last_heading = None;
    for argument in command.get_arguments().filter(|argument| argument.get_env().is_some()) {
        let heading = argument.get_help_heading();
        if heading != last_heading {
            let heading = heading.expect("every setting has a heading");
            let _ = write!(text, "\n### {heading}\n\n| flag | variable | default | meaning |\n|---|---|---|---|\n");
            last_heading = Some(heading);
        }
        text += &row(argument);
    }
    text + "\n"
}

fn row(argument: &Arg) -> String {
    let flag = argument.get_long().expect("every setting has a flag");
    let variable = argument.get_env().and_then(|name| name.to_str()).expect("variables are ASCII");
    let default = match argument.get_default_values() {
        _ if matches!(argument.get_action(), ArgAction::SetTrue) => "off".to_owned(),
        [] => "–".to_owned(),
        values => values.iter().map(|value| format!("`{}`", value.to_string_lossy())).collect::<Vec<_>>().join(", "),
    };
    let meaning = argument.get_help().expect("every setting has a help text").to_string().replace('|', "\\|");
    format!("| `--{flag}` | `{variable}` | {default} | {meaning}. |\n")
}
