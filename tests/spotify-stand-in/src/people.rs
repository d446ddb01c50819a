//! The accounts of the stand-in.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::PersonId;
use crate::merge::merged;

/// A Spotify account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// The stand-in's own id; never changes.
    pub id: PersonId,
    /// `id` in `/v1/me`, which Spotify does not guarantee to be stable.
    pub user_id: String,
    /// `account_id` in `/v1/me`, which is stable.
    pub account_id: String,
    /// Null on some real accounts.
    pub display_name: Option<String>,
    /// The subscription.
    pub product: Product,
    /// Unverified, as Spotify's are.
    pub email: String,
    /// ISO 3166-1 alpha-2; also the account's market.
    pub country: String,
    /// Whether the account is on the app's list of at most five users that development mode requires. Otherwise login
    /// works and every call of the Web API is 403.
    pub registered: bool,
}

/// A subscription, named as in `/v1/me`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Player commands are allowed.
    Premium,
    /// Player commands are rejected as `PREMIUM_REQUIRED`.
    Free,
}

impl Person {
    /// A Premium account in Germany. Panics if `id` is not valid.
    pub fn new(id: &str) -> Self {
        Self::with_id(PersonId::try_from(id.to_owned()).expect("a person's id"))
    }

    /// The same account without Premium.
    #[must_use]
    pub fn free(self) -> Self {
        Self { product: Product::Free, ..self }
    }

    fn with_id(id: PersonId) -> Self {
        let mut name = id.to_string();
        if let Some(first) = name.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        Self {
            user_id: id.to_string(),
            account_id: format!("account-{id}"),
            display_name: Some(name),
            product: Product::Premium,
            email: format!("{id}@people.invalid"),
            country: "DE".to_owned(),
            registered: true,
            id,
        }
    }
}

/// All accounts, in the order in which they were added.
pub(crate) struct People(Vec<Person>);

impl People {
    /// Ana and Ben with Premium, Cleo without.
    pub(crate) fn with_defaults() -> Self {
        Self(vec![Person::new("ana"), Person::new("ben"), Person::new("cleo").free()])
    }

    pub(crate) fn all(&self) -> &[Person] {
        &self.0
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Person> {
        self.0.iter().find(|person| person.id.as_str() == id)
    }

    /// Adds an account, or replaces the one with the same id.
    pub(crate) fn put(&mut self, person: Person) {
        match self.0.iter_mut().find(|known| known.id == person.id) {
            Some(known) => *known = person,
            None => self.0.push(person),
        }
    }

    /// Adds an account from JSON; only `id` is required.
    pub(crate) fn add_json(&mut self, fields: Value) -> Result<Person, serde_json::Error> {
        let id = serde_json::from_value(fields.get("id").cloned().unwrap_or_default())?;
        let person = merged(&Person::with_id(id), fields)?;
        self.put(person.clone());
        Ok(person)
    }

    /// Applies `patch`. The id cannot change: grants and players refer to it.
    pub(crate) fn patch(&mut self, id: &str, patch: Value) -> Option<Result<Person, serde_json::Error>> {
        let known = self.0.iter_mut().find(|person| person.id.as_str() == id)?;
        Some(merged(known, patch).map(|changed| {
            *known = Person { id: known.id.clone(), ..changed };
            known.clone()
        }))
    }
}
