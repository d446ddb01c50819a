//! One statement in a few lengths: enough to ask for many things at once, few enough to stay prepared.

use std::sync::Arc;

use sqlx::AssertSqlSafe;
use tutti_protocol::UserId;
use uuid::Uuid;

/// A statement for so many rows, or so many values in a list, longest first. The shortest is for one.
pub(in crate::store) struct BatchStatements(Vec<(usize, Arc<str>)>);

impl BatchStatements {
    /// Of what stands before the list, one item of it, and what stands behind it. Texts of the program, never of people.
    pub(in crate::store) fn new(lengths: &[usize], head: &str, item: &str, tail: &str) -> Self {
        let text = |items: usize| format!("{head}{}{tail}", vec![item; items].join(", ")).into();
        Self(lengths.iter().map(|items| (*items, text(*items))).collect())
    }

    /// The longest for no more than `items` that fits; the shortest fits always.
    pub(in crate::store) fn longest(
        &self,
        items: usize,
        fits: impl Fn(usize) -> bool,
    ) -> (usize, AssertSqlSafe<Arc<str>>) {
        let shortest = &self.0[self.0.len() - 1];
        let (length, sql) = self.0.iter().find(|(length, _)| *length <= items && fits(*length)).unwrap_or(shortest);
        (*length, AssertSqlSafe(sql.clone()))
    }

    /// The one for exactly so many.
    pub(in crate::store) fn exactly(&self, items: usize) -> Option<AssertSqlSafe<Arc<str>>> {
        self.0.iter().find(|(length, _)| *length == items).map(|(_, sql)| AssertSqlSafe(sql.clone()))
    }

    /// The shortest that has room for as many ids as possible of these, and the ids that fill it: the last of them again and
    /// again, which finds nobody twice.
    pub(in crate::store) fn for_ids<'a>(
        &self,
        ids: &'a [UserId],
    ) -> (AssertSqlSafe<Arc<str>>, impl Iterator<Item = Uuid> + 'a) {
        debug_assert!(ids.len() <= self.0[0].0, "callers ask for no more at once than the longest has room for");
        let (length, sql) = self.0.iter().rev().find(|(length, _)| *length >= ids.len()).unwrap_or(&self.0[0]);
        let padded = ids.iter().chain(ids.last().into_iter().cycle()).map(|id| id.0).take(*length);
        (AssertSqlSafe(sql.clone()), padded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths() -> BatchStatements {
        BatchStatements::new(&[8, 2, 1], "IN (", "?", ")")
    }

    #[test]
    fn as_few_statements_as_possible() {
        let lengths = lengths();
        let longest = |items| lengths.longest(items, |length| length < 8).0;
        assert_eq!([1, 2, 7, 9].map(longest), [1, 2, 2, 2]);
        assert_eq!(lengths.longest(20, |_| true).1.0.as_ref(), "IN (?, ?, ?, ?, ?, ?, ?, ?)");
        assert_eq!(lengths.exactly(2).map(|sql| sql.0.to_string()).as_deref(), Some("IN (?, ?)"));
        assert!(lengths.exactly(3).is_none());
    }

    #[test]
    fn a_list_of_ids_is_filled_up_with_its_last() {
        let ids: Vec<_> = (1..=3).map(|number| UserId(Uuid::from_u128(number))).collect();
        let lengths = lengths();
        let (sql, padded) = lengths.for_ids(&ids);
        assert_eq!(sql.0.matches('?').count(), 8);
        assert_eq!(padded.map(|id| id.as_u128()).collect::<Vec<_>>(), [1, 2, 3, 3, 3, 3, 3, 3]);
        assert_eq!(lengths.for_ids(&ids[..1]).1.count(), 1);
    }
}
