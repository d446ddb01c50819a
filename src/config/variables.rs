//! The `TUTTI_` variables of the environment: an empty one counts as not set, an unknown one is an error, and the error about
//! a value names its variable.

use std::env;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Command};

const PREFIX: &str = "TUTTI_";
/// An empty value of this one means something.
const EMPTY_IS_A_VALUE: &str = "TUTTI_MDNS_NAME";
/// Kubernetes sets these in all containers beside a service that is called `tutti`.
const OF_KUBERNETES: [&str; 2] = ["TUTTI_SERVICE_", "TUTTI_PORT"];
/// Names that are less similar (Jaro-Winkler) are not suggested.
const SIMILAR: f64 = 0.75;

/// Variables that no setting has.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{}", .0.join("\n"))]
pub struct UnknownVariables(Vec<String>);

/// Makes variables with an empty value count as not set: compose files pass on what is not set as empty.
#[must_use]
pub fn without_empty(command: Command) -> Command {
    let is_empty = |arg: &Arg| {
        let name = arg.get_env().filter(|name| *name != EMPTY_IS_A_VALUE);
        name.and_then(env::var_os).is_some_and(|value| value.is_empty())
    };
    command
        .mut_args(|arg| if is_empty(&arg) { arg.env(None::<&'static str>) } else { arg })
        .mut_subcommands(without_empty)
}

/// Whether all `TUTTI_` variables among `set` are settings of `command` or its subcommands.
pub fn check(command: &Command, set: impl Iterator<Item = String>) -> Result<(), UnknownVariables> {
    let mut known = vec![];
    collect(command, &mut known);
    let mut unknown: Vec<String> = set
        .filter(|name| name.starts_with(PREFIX) && !known.contains(name))
        .filter(|name| !OF_KUBERNETES.iter().any(|prefix| name.starts_with(prefix)))
        .map(|name| match nearest(&name, &known) {
            Some(near) => format!("there is no setting {name}; did you mean {near}? Rename it, or remove it"),
            None => format!("there is no setting {name}; remove it. `tutti serve --help` lists the settings"),
        })
        .collect();
    unknown.sort();
    if unknown.is_empty() { Ok(()) } else { Err(UnknownVariables(unknown)) }
}

/// Adds the variables of the settings that an error is about, and hides secrets in it.
#[must_use]
pub fn explain(mut error: clap::Error, command: &Command) -> clap::Error {
    let flags = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) => vec![flag.clone()],
        Some(ContextValue::Strings(flags)) => flags.clone(),
        _ => return error,
    };
    let settings: Vec<&Arg> = flags.iter().filter_map(|flag| setting(command, flag)).collect();
    let hidden = match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(_)) if settings.iter().any(|arg| arg.is_hide_env_values_set()) => Some("…".into()),
        Some(ContextValue::String(value)) => without_credentials(value),
        _ => None,
    };
    if let Some(hidden) = hidden {
        error.insert(ContextKind::InvalidValue, ContextValue::String(hidden));
    }
    let names: Vec<_> = settings.iter().filter_map(|arg| arg.get_env()?.to_str()).collect();
    if !names.is_empty() {
        let tip = StyledStr::from(format!("as a variable: {}", names.join(", ")));
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip]));
    }
    error
}

fn collect(command: &Command, names: &mut Vec<String>) {
    let here = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str());
    names.extend(here.map(str::to_owned));
    command.get_subcommands().for_each(|subcommand| collect(subcommand, names));
}

fn nearest<'a>(name: &str, known: &'a [String]) -> Option<&'a String> {
    // The common prefix would make everything similar.
    let similarity = |other: &str| strsim::jaro_winkler(&name[PREFIX.len()..], &other[PREFIX.len()..]);
    let near = known.iter().map(|other| (similarity(other), other)).max_by(|one, other| one.0.total_cmp(&other.0));
    near.filter(|(similarity, _)| *similarity >= SIMILAR).map(|(_, near)| near)
}

/// The setting of a flag as errors name it, such as `--listen <LISTEN>`.
fn setting<'a>(command: &'a Command, flag: &str) -> Option<&'a Arg> {
    let name = flag.strip_prefix("--")?.split([' ', '=', '<', '[']).next()?;
    let here = command.get_arguments().find(|arg| arg.get_long() == Some(name) && arg.get_env().is_some());
    here.or_else(|| command.get_subcommands().find_map(|subcommand| setting(subcommand, flag)))
}

/// A URL without what comes before `@`, which may be a password.
fn without_credentials(value: &str) -> Option<String> {
    let (credentials, rest) = value.rsplit_once('@')?;
    let scheme = credentials.find("://").map_or("", |end| &credentials[..end + "://".len()]);
    Some(format!("{scheme}…@{rest}"))
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, CommandFactory as _, FromArgMatches as _, Parser};

    use super::*;
    use crate::config::ServeConfig;

    #[derive(Debug, Parser)]
    struct Arguments {
        #[command(flatten)]
        _config: ServeConfig,
    }

    fn unknown(names: &[&str]) -> Option<String> {
        let command = Command::new("tutti").subcommand(ServeConfig::augment_args(Command::new("serve")));
        check(&command, names.iter().map(ToString::to_string)).err().map(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_variable_names_the_nearest_setting() {
        for (misspelt, meant) in [
            ("TUTTI_PUBLIC_URI", "TUTTI_PUBLIC_URL"),
            ("TUTTI_PUBLICURL", "TUTTI_PUBLIC_URL"),
            ("TUTTI_TRUSTED_PROXY", "TUTTI_TRUSTED_PROXIES"),
            ("TUTTI_LIBRARY", "TUTTI_LIBRARY_DIR"),
            ("TUTTI_DATADIR", "TUTTI_DATA_DIR"),
            ("TUTTI_LIMIT_JOIN", "TUTTI_LIMIT_JOINS"),
            ("TUTTI_DATABSE_URL", "TUTTI_DATABASE_URL"),
        ] {
            let said = unknown(&[misspelt]).expect(misspelt);
            assert!(said.contains(misspelt) && said.contains(&format!("did you mean {meant}?")), "{said}");
        }
        let said = unknown(&["TUTTI_X", "TUTTI_LISTENS", "PATH"]).unwrap();
        assert_eq!(said.lines().count(), 2, "each of them is named: {said}");
        assert!(said.contains("no setting TUTTI_X; remove it"), "{said}");
    }

    #[test]
    fn other_variables_are_not_ours() {
        let kubernetes = ["TUTTI_SERVICE_HOST", "TUTTI_SERVICE_PORT_HTTP", "TUTTI_PORT", "TUTTI_PORT_8080_TCP_ADDR"];
        assert_eq!(unknown(&kubernetes), None);
        assert_eq!(unknown(&["TUTTI_LISTEN", "TUTTI_KEYS", "TUTTIFRUTTI", "tutti_x", "HOME"]), None);
    }

    #[test]
    fn an_error_about_a_value_names_the_variable_and_no_password() {
        let said = |arguments: &[&str]| {
            let command = Arguments::command();
            let matches = command.clone().try_get_matches_from(["tutti"].iter().chain(arguments));
            let parsed = matches.and_then(|mut matches| Arguments::from_arg_matches_mut(&mut matches));
            explain(parsed.expect_err("it is refused"), &command).to_string()
        };
        let scheme = said(&["--public-url=tutti.example"]);
        assert!(scheme.contains("'tutti.example'") && scheme.contains("TUTTI_PUBLIC_URL"), "{scheme}");
        let number = said(&["--limit-joins=many"]);
        assert!(number.contains("'many'") && number.contains("TUTTI_LIMIT_JOINS"), "{number}");
        let proxies = said(&["--trusted-proxies=10.0.0.1, nginx"]);
        assert!(proxies.contains("nginx") && proxies.contains("TUTTI_TRUSTED_PROXIES"), "{proxies}");
        let password = said(&["--public-url=https://ana:pass@word@tutti.example"]);
        assert!(password.contains("https://…@tutti.example") && !password.contains("pass@"), "{password}");
        let schemeless = said(&["--public-url=ana:pass@tutti.example"]);
        assert!(schemeless.contains("'…@tutti.example'") && !schemeless.contains("pass@"), "{schemeless}");
        let secret = said(&["--nats-url=nats://a,https://secret"]);
        assert!(secret.contains("'…'") && secret.contains("TUTTI_NATS_URL"), "{secret}");
        assert!(secret.contains("address 2 must begin with") && !secret.contains("secret"), "{secret}");
        let flag = said(&["--no-such-flag"]);
        assert!(!flag.contains("as a variable"), "{flag}");
    }
}
