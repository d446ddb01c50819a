//! Checks that no statement of the MySQL store and no migration uses SQL that Vitess, and so PlanetScale, rejects.
//!
//! MariaDB accepts much of it, so tests that pass there prove little. Statements are read from the source files and, in
//! the contract suites, from the general log of the server.
//!
//! The rules come from these public pages, and are stricter where that costs nothing:
//! - `planetscale.com/docs/vitess/mysql-compatibility` and `…/docs/reference/planetscale-system-limits`
//! - `vitess.io/docs/reference/compatibility/mysql-compatibility`, `…/docs/design-docs/query-serving/locking-functions`
//! - in Vitess's source, `go/vt/vtgate/planbuilder/testdata/unsupported_cases.json`, `go/vt/sysvars/sysvars.go` and the
//!   grammar, `go/vt/sqlparser/sql.y`

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

/// Sequences of words that are rejected, and why.
const REFUSED: &[(&str, &str)] = &[
    ("FOREIGN KEY", "not with online changes of the schema, not across shards"),
    ("REFERENCES", "not with online changes of the schema, not across shards"),
    ("CREATE TEMPORARY", "reserves a connection; unsharded only"),
    ("CREATE DATABASE", "refused by PlanetScale"),
    ("DROP DATABASE", "refused by PlanetScale"),
    ("RENAME COLUMN", "destroys data in a deploy request"),
    ("RENAME TO", "destroys data in a deploy request"),
    ("TRIGGER", "refused by PlanetScale"),
    ("PROCEDURE", "refused by PlanetScale"),
    ("FUNCTION", "refused by PlanetScale"),
    ("EVENT", "refused by PlanetScale"),
    ("CALL", "unsharded only"),
    ("LOCK TABLES", "not on one connection behind Vitess"),
    ("UNLOCK TABLES", "not on one connection behind Vitess"),
    ("GET_LOCK", "reserves a connection, and is held past Vitess's limits"),
    ("RELEASE_LOCK", "reserves a connection"),
    ("IS_FREE_LOCK", "reserves a connection"),
    ("FOR UPDATE", "waits for locks on every shard that it reads"),
    ("FOR SHARE", "waits for locks on every shard that it reads"),
    ("LOCK IN SHARE MODE", "waits for locks on every shard that it reads"),
    ("SKIP LOCKED", "not in the grammar of every version"),
    ("NOWAIT", "not in the grammar of every version"),
    ("LAST_INSERT_ID", "needs a sequence when sharded"),
    ("AUTO_INCREMENT", "unique within a shard only"),
    ("RETURNING", "MariaDB's, not in the grammar"),
    ("AS NEW", "not in the grammar of every version"),
    ("ON CONFLICT", "SQLite's"),
    ("INSERT IGNORE", "turns errors into warnings"),
    ("REPLACE INTO", "refused on a sharded keyspace"),
    ("RECURSIVE", "not in every version"),
    ("WITH", "not in every version"),
    ("OVER", "window functions need one shard"),
    ("UNION", "not in a subquery across shards"),
    ("NATURAL JOIN", "refused across shards"),
    ("USING", "refused across shards without an authoritative list of columns"),
    ("JSON_TABLE", "refused by PlanetScale"),
    ("LOAD DATA", "refused by PlanetScale"),
    ("OUTFILE", "refused on a sharded keyspace"),
    ("SQL_CALC_FOUND_ROWS", "refused with several shards"),
    ("FOUND_ROWS", "of a connection that is not the same one behind Vitess"),
    ("ROW_COUNT", "of a connection that is not the same one behind Vitess"),
    ("CONNECTION_ID", "of a connection that is not the same one behind Vitess"),
    ("UUID", "MariaDB's type"),
    ("SLEEP", "held past Vitess's limits"),
    ("PREPARE", "prepared statements are the protocol's"),
    ("SAVEPOINT", "one unit of work has one end"),
    ("XA", "refused"),
    ("KILL", "refused by PlanetScale"),
    ("FULLTEXT", "not across shards"),
    ("PARTITION", "refused in a deploy request"),
    ("ENGINE", "InnoDB only, which is the default"),
    ("COLUMN IF", "MariaDB's"),
    ("INDEX IF", "MariaDB's"),
    ("KEY IF", "MariaDB's"),
    ("SELECT *", "refused across shards, and another row after each migration"),
    ("||", "OR, since PIPES_AS_CONCAT is refused"),
    (":=", "refused by PlanetScale"),
    ("@", "variables reserve a connection; the driver's way to read sql_mode is refused"),
];

/// The kinds of statement that the store uses.
const STATEMENTS: &[&str] = &[
    "SELECT",
    "INSERT INTO",
    "UPDATE",
    "DELETE FROM",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "CREATE TABLE",
    "ALTER TABLE",
    "SET NAMES",
];

/// The only change that goes to all shards: the members of a room are removed with it, hours after it was closed.
const OF_ALL_SHARDS: &str = "DELETE FROM room_members WHERE room_id = ?";

/// What fences consist of. They are the only changes with a subquery, which one shard passes through and several refuse: the
/// value of a column in the journal, and the claim of a room.
const FENCE: &str = "(SELECT fence FROM rooms WHERE id = ? AND fence = ?)";
const CLAIM: &str = "UPDATE rooms SET owner_id = ?, fence = fence + 1 \
    WHERE id = ? AND fence = ? AND EXISTS (SELECT 1 FROM nodes WHERE nodes.id = ?)";

/// Panics with the statement and the reason when Vitess, or a rule of this project, rejects it.
pub(super) fn assert_accepted(sql: &str) {
    if let Err(reason) = check(sql) {
        panic!("{reason}: {sql}");
    }
}

fn check(sql: &str) -> Result<(), String> {
    let words = words(sql)?;
    let statement = words.strip_suffix(&[";".to_owned()]).unwrap_or(&words);
    if statement.iter().any(|word| word == ";") {
        return Err("several statements in one".into());
    }
    if !STATEMENTS.iter().any(|begin| starts_with(statement, begin)) {
        return Err("a kind of statement that the store does not need".into());
    }
    if let Some((refused, reason)) = REFUSED.iter().find(|(refused, _)| contains(statement, refused)) {
        return Err(format!("{refused} ({reason})"));
    }
    if statement[0] == "INSERT" && self::words(&sql.replace(FENCE, "?"))?.iter().any(|word| word == "SELECT") {
        return Err("a subquery among values is refused across shards".into());
    }
    if sql == CLAIM { Ok(()) } else { check_shard(statement, sql) }
}

/// Every change names its shard and moves no row to another one.
fn check_shard(statement: &[String], sql: &str) -> Result<(), String> {
    let parts: Vec<_> = statement.iter().map(String::as_str).collect();
    let (table, change) = match &parts[..] {
        ["INSERT", "INTO", table, rest @ ..] => (*table, rest.split(|word| *word == "VALUES").next().unwrap_or(rest)),
        ["UPDATE", table, rest @ ..] | ["DELETE", "FROM", table, rest @ ..] => (*table, rest),
        _ => return Ok(()),
    };
    let shards = shards();
    let key =
        shards.get(&table.to_lowercase()).ok_or_else(|| format!("table {table} is not in vschema_sharded.json"))?;
    let key = key.to_uppercase();
    let (set, when) = change.split_at(change.iter().position(|word| *word == "WHERE").unwrap_or(change.len()));
    let names = if statement[0] == "INSERT" {
        change.contains(&key.as_str())
    } else if ["LIMIT", "ORDER", "JOIN", "SELECT"].iter().any(|word| change.contains(word)) {
        return Err("a change with LIMIT, ORDER BY, JOIN or a subquery is refused across shards".into());
    } else if contains_str(set, &[&key, "="]) {
        return Err(format!("{key} is what {table} is sharded by, and cannot change"));
    } else {
        contains_str(when, &[&key, "=", "?"])
    };
    if names || sql == OF_ALL_SHARDS { Ok(()) } else { Err(format!("does not say which {key} of {table}")) }
}

/// Tables and their sharding columns.
fn shards() -> BTreeMap<String, String> {
    let vschema = vschema("vschema_sharded.json");
    let tables = vschema["tables"].as_object().expect("tables");
    tables
        .iter()
        .map(|(table, about)| {
            (table.clone(), about["column_vindexes"][0]["column"].as_str().expect("a column").to_owned())
        })
        .collect()
}

/// The upper-case words and the symbols of a statement, without comments and string literals.
fn words(sql: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut letters = sql.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '-' if letters.peek() == Some(&'-') => while letters.next().is_some_and(|letter| letter != '\n') {},
            '\'' => {
                if !letters.by_ref().any(|letter| letter == '\'') {
                    return Err("a text without an end".into());
                }
                words.push("''".into());
            }
            '"' => return Err("double quotes are texts here and names elsewhere".into()),
            '/' if letters.peek() == Some(&'*') => return Err("a comment that may be a directive".into()),
            '#' => return Err("a comment of MySQL's own".into()),
            _ if letter.is_alphanumeric() || letter == '_' => {
                let mut word = letter.to_string();
                while let Some(letter) = letters.next_if(|letter| letter.is_alphanumeric() || *letter == '_') {
                    word.push(letter);
                }
                words.push(word.to_uppercase());
            }
            '|' | ':' if letters.peek().is_some_and(|next| matches!(next, '|' | '=')) => {
                words.push(format!("{letter}{}", letters.next().unwrap_or_default()));
            }
            '`' => {}
            _ if letter.is_whitespace() => {}
            _ => words.push(letter.to_string()),
        }
    }
    Ok(words)
}

fn contains(words: &[String], sequence: &str) -> bool {
    let sequence: Vec<_> = sequence.split(' ').collect();
    words.windows(sequence.len()).any(|window| window == sequence)
}

fn contains_str(words: &[&str], sequence: &[&str]) -> bool {
    words.windows(sequence.len()).any(|window| window == sequence)
}

fn starts_with(words: &[String], sequence: &str) -> bool {
    sequence.split(' ').enumerate().all(|(at, word)| words.get(at).is_some_and(|found| found == word))
}

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn files(path: &str, ending: &str) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder(path)).expect("a folder").map(|entry| entry.expect("an entry").path());
    let named = entries.filter(|path| path.extension().is_some_and(|extension| extension == ending));
    named
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).expect("text")))
        .collect()
}

fn migrations() -> BTreeMap<String, String> {
    let mut migrations = files("migrations/mysql", "sql");
    migrations.remove("lookups.sql");
    migrations
}

fn vschema(file: &str) -> Value {
    serde_json::from_str(&files("migrations/mysql", "json")[file]).expect("JSON")
}

/// The string literals of a Rust source file as the compiler reads them, without those in comments.
fn literals(source: &str) -> Vec<String> {
    let mut literals = Vec::new();
    let mut letters = source.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '/' if letters.peek() == Some(&'/') => while letters.next().is_some_and(|letter| letter != '\n') {},
            '"' => {
                let mut literal = String::new();
                while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
                    match letter {
                        '\\' if letters.peek() == Some(&'\n') => {
                            while letters.next_if(|next| next.is_whitespace()).is_some() {}
                        }
                        '\\' => literal.extend(letters.next()),
                        _ => literal.push(letter),
                    }
                }
                literals.push(literal);
            }
            _ => {}
        }
    }
    literals
}

/// Unit tests send statements to SQLite only.
fn tests_removed(source: &str) -> &str {
    source.split("#[cfg(test)]").next().unwrap_or(source)
}

#[test]
fn vitess_accepts_every_statement_of_the_store() {
    let kinds: BTreeSet<_> = STATEMENTS.iter().map(|statement| statement.split(' ').next().unwrap()).collect();
    let sources = ["src/store/mysql", "src/store/sql"].into_iter().flat_map(|folder| files(folder, "rs"));
    let all: Vec<_> = sources.flat_map(|(_, source)| literals(tests_removed(&source))).collect();
    let statements: Vec<_> =
        all.iter().filter(|literal| kinds.contains(literal.split([' ', '\n']).next().unwrap_or_default())).collect();
    assert!(statements.len() > 60, "only {} statements found", statements.len());
    for statement in &statements {
        assert_accepted(statement);
    }
    // Statements that are assembled from pieces contain no rejected word in any piece.
    for piece in all.iter().filter(|piece| piece.contains(" = ") || piece.contains("VALUES")) {
        let words = words(&piece.replace('\'', " ")).expect("words");
        assert!(!REFUSED.iter().any(|(refused, _)| contains(&words, refused)), "{piece}");
    }
}

#[test]
fn every_migration_is_one_statement_that_vitess_accepts() {
    for (name, sql) in migrations() {
        assert!(check(&sql).is_ok(), "{name}: {:?}", check(&sql));
        let words = words(&sql).expect("words");
        assert_eq!(words.iter().filter(|word| *word == ";").count(), 1, "{name} is one statement");
        let adds = contains(&words, "ADD") || contains(&words, "COMMENT =");
        let additive = starts_with(&words, "CREATE TABLE")
            || (starts_with(&words, "ALTER TABLE") && adds && !contains(&words, "DROP"));
        assert!(additive, "{name}: a server of the version before must still work");
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |path| files(path, "sql").into_keys().filter(|name| name != "lookups.sql").collect::<Vec<_>>();
    assert_eq!(names("migrations/mysql"), names("migrations/sqlite"));
}

#[test]
fn the_vschemas_name_every_table_and_every_unique_key() {
    let created: BTreeSet<String> = migrations()
        .values()
        .map(|sql| words(sql).expect("words"))
        .filter(|words| starts_with(words, "CREATE TABLE"))
        .map(|words| words[2].to_lowercase())
        .chain(["_sqlx_migrations".to_owned()])
        .collect();
    let named = |file| vschema(file)["tables"].as_object().expect("tables").keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(named("vschema.json"), created);

    let sharded = vschema("vschema_sharded.json");
    let vindexes = sharded["vindexes"].as_object().expect("vindexes");
    let lookups: BTreeSet<String> = vindexes.keys().filter(|name| *name != "xxhash").cloned().collect();
    assert_eq!(named("vschema_sharded.json"), created.union(&lookups).cloned().collect());
    let mut unique = BTreeSet::new();
    for sql in migrations().values() {
        let words = words(sql).expect("words");
        unique.extend(words.windows(3).filter(|key| key[..2] == ["UNIQUE", "KEY"]).map(|key| key[2].to_lowercase()));
        if starts_with(&words, "CREATE TABLE") {
            let first = words.windows(4).find(|key| key[..3] == ["PRIMARY", "KEY", "("]).expect("a primary key")[3]
                .to_lowercase();
            assert_eq!(shards()[&words[2].to_lowercase()], first, "the primary key begins with the sharding column");
        }
    }
    assert_eq!(unique, lookups, "a key that is unique in a shard is unique in all of them");
    let tables = words(&files("migrations/mysql", "sql")["lookups.sql"]).expect("words");
    for lookup in &lookups {
        assert_eq!(vindexes[lookup]["params"]["table"], **lookup);
        assert!(contains(&tables, &format!("CREATE TABLE {}", lookup.to_uppercase())), "{lookup}");
    }
}

#[test]
fn statements_that_vitess_rejects_are_detected() {
    for refused in [
        "DELETE FROM login_transactions WHERE state_hash = ? RETURNING state_hash",
        "SELECT id FROM users WHERE kind = 'guest' FOR UPDATE SKIP LOCKED",
        "SELECT GET_LOCK('migrations', -1)",
        "SET sql_mode=(SELECT CONCAT(@@sql_mode, ',PIPES_AS_CONCAT')), NAMES utf8mb4",
        "SELECT display_name || '!' FROM users",
        "SELECT * FROM users WHERE id = ?",
        "SELECT id FROM users; SELECT id FROM rooms",
        "SELECT id, RANK() OVER (ORDER BY id) FROM users",
        "WITH RECURSIVE ids AS (SELECT 1) SELECT 1 FROM ids",
        "INSERT INTO users (id) VALUES (?) AS new ON DUPLICATE KEY UPDATE kind = new.kind",
        "INSERT INTO users (kind) VALUES (?)",
        "INSERT INTO users (id, kind) VALUES (?, (SELECT 1))",
        "INSERT IGNORE INTO users (id) VALUES (?)",
        "REPLACE INTO users (id) VALUES (?)",
        "DELETE FROM sessions WHERE user_id = ? LIMIT 10",
        "DELETE FROM sessions WHERE idle_expires_at_ms < ?",
        "DELETE FROM sessions WHERE user_id = (SELECT 1)",
        "UPDATE rooms SET id = ? WHERE id = ?",
        "UPDATE strangers SET name = ? WHERE id = ?",
        "CREATE TEMPORARY TABLE ids (id BIGINT)",
        "CREATE TABLE notes (id BIGINT AUTO_INCREMENT, PRIMARY KEY (id))",
        "CREATE TABLE notes (id BIGINT REFERENCES users (id))",
        "CREATE TRIGGER noted AFTER INSERT ON users FOR EACH ROW SELECT 1",
        "ALTER TABLE users RENAME COLUMN kind TO sort",
        "ALTER TABLE users ADD COLUMN IF NOT EXISTS age INT",
        "ALTER TABLE users ADD FOREIGN KEY (id) REFERENCES rooms (id)",
        "LOCK TABLES users WRITE",
        "CALL forget(1)",
        "SELECT \"id\" FROM users",
        "SELECT /*vt+ QUERY_TIMEOUT_MS=1 */ id FROM users",
    ] {
        assert!(check(refused).is_err(), "{refused}");
    }
    for accepted in [
        "SET NAMES utf8mb4;",
        "BEGIN",
        "UPDATE users SET kind = 'for update; returning' WHERE id = ?",
        "-- Comments may say RETURNING.\nALTER TABLE users ADD KEY a (kind);",
        OF_ALL_SHARDS,
    ] {
        assert_accepted(accepted);
    }
}
