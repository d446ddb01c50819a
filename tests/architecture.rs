//! Modules do not import each other in a cycle.
//!
//! Reads the `crate::…` paths of the code, without comments. `lib.rs`, `main.rs` and `app.rs` compose everything and
//! are ignored, as is the pure room state, which is another crate.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use walkdir::WalkDir;

/// The modules at the top of `src/`, and what each uses of the others.
type Uses = BTreeMap<String, BTreeSet<String>>;

const COMPOSITION: [&str; 3] = ["lib", "main", "app"];

#[test]
fn folders_of_src_do_not_import_each_other_in_a_cycle() {
    let uses = uses_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(uses["http"].contains("connection"), "no imports found: {uses:?}");
    if let Some(cycle) = cycle(&uses) {
        panic!("folders of src/ import each other in a cycle: {}", cycle.join(" → "));
    }
}

#[test]
fn modules_of_the_load_generator_do_not_import_each_other_in_a_cycle() {
    let uses = uses_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("loadtests/src"));
    assert!(uses["suite"].contains("results"), "no imports found: {uses:?}");
    if let Some(cycle) = cycle(&uses) {
        panic!("modules of loadtests/src/ import each other in a cycle: {}", cycle.join(" → "));
    }
}

#[test]
fn a_cycle_is_reported() {
    let uses = |edges: &[(&str, &str)]| {
        let mut uses = Uses::new();
        for (from, to) in edges {
            uses.entry((*from).into()).or_default().insert((*to).into());
        }
        uses
    };
    assert_eq!(cycle(&uses(&[("a", "b"), ("b", "c"), ("a", "c")])), None);
    let found = cycle(&uses(&[("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")]));
    assert_eq!(found.unwrap(), ["b", "c", "d", "b"]);
}

#[test]
fn paths_are_found_however_they_are_imported() {
    let code = "use crate::limits;\nuse crate::{\n    clock::Clock,\n    store::{Store, StoreError}, ids,\n};\n\
        // crate::comments\nfn a() -> crate::room::Handle { 1 } //! crate::http";
    let modules: Vec<_> = modules_used(code).into_iter().collect();
    assert_eq!(modules, ["clock", "ids", "limits", "room", "store"]);
}

fn uses_of(src: &Path) -> Uses {
    let mut uses = Uses::new();
    for file in WalkDir::new(src).into_iter().map(|file| file.expect("src can be read")) {
        let path = file.path().strip_prefix(src).expect("it is below src");
        if path.extension().is_none_or(|extension| extension != "rs") || path.starts_with("room/state") {
            continue;
        }
        let first = path.iter().next().expect("a file has a name").to_str().expect("names are ASCII");
        let module = first.trim_end_matches(".rs").to_owned();
        if !COMPOSITION.contains(&module.as_str()) {
            let code = fs::read_to_string(file.path()).expect("code is text");
            uses.entry(module).or_default().extend(modules_used(&code));
        }
    }
    for (module, used) in &mut uses {
        used.remove(module);
    }
    uses
}

/// The first segment of every path that begins with `crate::`.
fn modules_used(code: &str) -> BTreeSet<String> {
    let code: Vec<_> = code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join("\n");
    let mut modules = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let Some(group) = rest.strip_prefix('{') else {
            modules.insert(first_segment(rest));
            continue;
        };
        let mut depth = 0;
        let items = group.split(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            c == ',' && depth == 0 || depth < 0
        });
        modules.extend(items.map(first_segment).take_while(|segment| !segment.is_empty()));
    }
    modules
}

fn first_segment(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// A cycle, from a module back to itself.
fn cycle(uses: &Uses) -> Option<Vec<String>> {
    fn search(uses: &Uses, path: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<Vec<String>> {
        let last = path.last().expect("a path has a start").clone();
        for next in uses.get(&last).into_iter().flatten() {
            if let Some(start) = path.iter().position(|module| module == next) {
                return Some(path[start..].iter().chain([next]).cloned().collect());
            }
            if !done.contains(next) {
                path.push(next.clone());
                if let Some(cycle) = search(uses, path, done) {
                    return Some(cycle);
                }
                path.pop();
            }
        }
        done.insert(last);
        None
    }
    let mut done = BTreeSet::new();
    uses.keys().find_map(|module| search(uses, &mut vec![module.clone()], &mut done))
}
