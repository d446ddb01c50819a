//! `tutti migrate`: brings the schema of a MySQL database up to date. SQLite is brought up to date by the server's start.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString};
use tutti::store::mysql::schema::{self, Step};

const NOTHING: &str = "The schema is up to date.\n";

#[derive(Args)]
pub(crate) struct MigrateArguments {
    /// The database, as `tutti serve` is told.
    #[arg(long, env = "TUTTI_DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,

    /// Prints the statements that are missing there and changes nothing: for databases that take no schema changes from
    /// programs, such as branches of PlanetScale with safe migrations.
    #[arg(long)]
    print: bool,
}

/// Does what was asked.
pub(crate) fn run(arguments: &MigrateArguments) -> anyhow::Result<()> {
    let Some(url) = arguments.database_url.as_ref().filter(|url| url.expose_secret().starts_with("mysql:")) else {
        return say(
            "This is for MySQL (TUTTI_DATABASE_URL=mysql://…). SQLite is brought up to date when the server starts.\n",
        );
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    if arguments.print {
        let statements = runtime.block_on(schema::print(url)).context("database")?;
        return say(if statements.is_empty() { "-- The schema is up to date.\n" } else { &statements });
    }
    let steps = runtime.block_on(schema::migrate(url)).context("database")?;
    say(&told(&steps))
}

fn told(steps: &[Step]) -> String {
    let mut text = String::new();
    for Step { version, description } in steps {
        let _ = writeln!(text, "{version:04} {description}");
    }
    text + NOTHING
}

fn say(text: &str) -> anyhow::Result<()> {
    Ok(io::stdout().write_all(text.as_bytes())?)
}
