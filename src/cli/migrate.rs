//! `tutti migrate`: applies pending migrations to a MySQL database. SQLite databases are migrated when the server
//! starts.

use std::fmt::Write as _;

use anyhow::Context as _;
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use tutti::store::mysql::schema::{self, Step};

use super::print;

const UP_TO_DATE: &str = "The schema is up to date.\n";

#[derive(Args)]
pub(crate) struct MigrateArguments {
    /// The database, as for `tutti serve`.
    #[arg(long, env = "TUTTI_DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,

    /// Prints the pending statements without executing them: for databases that reject schema changes from clients,
    /// such as PlanetScale branches with safe migrations.
    #[arg(long)]
    print: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &MigrateArguments) -> anyhow::Result<()> {
    let Some(url) = arguments.database_url.as_ref().filter(|url| url.expose_secret().starts_with("mysql:")) else {
        return print(
            "Only MySQL needs this (TUTTI_DATABASE_URL=mysql://…). SQLite is migrated when the server starts.\n",
        );
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if arguments.print {
        let statements = runtime.block_on(schema::print(url)).context("database")?;
        return print(if statements.is_empty() { "-- The schema is up to date.\n" } else { &statements });
    }
    let steps = runtime.block_on(schema::migrate(url)).context("database")?;
    print(&summary(&steps))
}

fn summary(steps: &[Step]) -> String {
    let mut text = String::new();
    for Step { version, description } in steps {
        let _ = writeln!(text, "{version:04} {description}");
    }
    text + UP_TO_DATE
}
