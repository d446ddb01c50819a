//! The README's table matches the struct.

use serde_json::Value;
use tutti_spotify_stand_in::Switches;

const README: &str = include_str!("../README.md");

#[test]
fn the_readme_lists_every_switch_with_its_default() {
    let Value::Object(switches) = serde_json::to_value(Switches::default()).unwrap() else {
        panic!("switches are an object")
    };
    let table = README.split("## Switches").nth(1).unwrap().split("\n\n").nth(1).unwrap();
    let rows: Vec<_> = table.lines().skip(2).collect();
    for (name, default) in &switches {
        let start = format!("| `{name}` | `{default}` | ");
        assert!(rows.iter().any(|row| row.starts_with(&start)), "no row begins with {start}");
    }
    assert_eq!(rows.len(), switches.len(), "a row is about no switch");
}
