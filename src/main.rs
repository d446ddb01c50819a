//! Tutti.
fn main() {}
