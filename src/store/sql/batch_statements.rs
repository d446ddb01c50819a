//! One statement for a few batch sizes: enough to send many rows at once, few enough to stay prepared.

use std::sync::Arc;

use sqlx::AssertSqlSafe;
use tutti_protocol::UserId;
use uuid::Uuid;

/// A statement for each batch size of rows, or of values in a list, largest first. The smallest size is one.
pub(in crate::store) struct BatchStatements(Vec<(usize, Arc<str>)>);

impl BatchStatements {
    /// `head`, then `item` as many times as the size says, then `tail`. None of them may contain user input.
    pub(in crate::store) fn new(sizes: &[usize], head: &str, item: &str, tail: &str) -> Self {
        let text = |items: usize| format!("{head}{}{tail}", vec![item; items].join(", ")).into();
        Self(sizes.iter().map(|items| (*items, text(*items))).collect())
    }

    /// The largest size for at most `items` that `fits`, with its statement; size one is always accepted.
    pub(in crate::store) fn largest(
        &self,
        items: usize,
        fits: impl Fn(usize) -> bool,
    ) -> (usize, AssertSqlSafe<Arc<str>>) {
        let smallest = &self.0[self.0.len() - 1];
        let (size, sql) = self.0.iter().find(|(size, _)| *size <= items && fits(*size)).unwrap_or(smallest);
        (*size, AssertSqlSafe(sql.clone()))
    }

    /// The statement for exactly this size.
    pub(in crate::store) fn exactly(&self, items: usize) -> Option<AssertSqlSafe<Arc<str>>> {
        self.0.iter().find(|(size, _)| *size == items).map(|(_, sql)| AssertSqlSafe(sql.clone()))
    }

    /// The smallest statement with room for these ids, and the ids padded to its size by repeating the last one. In an
    /// `IN` list a repeated id changes nothing.
    pub(in crate::store) fn for_ids<'a>(
        &self,
        ids: &'a [UserId],
    ) -> (AssertSqlSafe<Arc<str>>, impl Iterator<Item = Uuid> + 'a) {
        debug_assert!(ids.len() <= self.0[0].0, "callers pass at most as many ids as the largest size");
        let (size, sql) = self.0.iter().rev().find(|(size, _)| *size >= ids.len()).unwrap_or(&self.0[0]);
        let padded = ids.iter().chain(ids.last().into_iter().cycle()).map(|id| id.0).take(*size);
        (AssertSqlSafe(sql.clone()), padded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statements() -> BatchStatements {
        BatchStatements::new(&[8, 2, 1], "IN (", "?", ")")
    }

    #[test]
    fn the_largest_size_that_fits_is_chosen() {
        let statements = statements();
        let largest = |items| statements.largest(items, |size| size < 8).0;
        assert_eq!([1, 2, 7, 9].map(largest), [1, 2, 2, 2]);
        assert_eq!(statements.largest(20, |_| true).1.0.as_ref(), "IN (?, ?, ?, ?, ?, ?, ?, ?)");
        assert_eq!(statements.exactly(2).map(|sql| sql.0.to_string()).as_deref(), Some("IN (?, ?)"));
        assert!(statements.exactly(3).is_none());
    }

    #[test]
    fn ids_are_padded_by_repeating_the_last() {
        let ids: Vec<_> = (1..=3).map(|number| UserId(Uuid::from_u128(number))).collect();
        let statements = statements();
        let (sql, padded) = statements.for_ids(&ids);
        assert_eq!(sql.0.matches('?').count(), 8);
        assert_eq!(padded.map(|id| id.as_u128()).collect::<Vec<_>>(), [1, 2, 3, 3, 3, 3, 3, 3]);
        assert_eq!(statements.for_ids(&ids[..1]).1.count(), 1);
    }
}
