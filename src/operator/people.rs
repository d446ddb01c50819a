//! Finding, banning and erasing users, and links to choose a password.

use secrecy::SecretString;
use tutti_fold::fold;
use tutti_protocol::http::Act;
use tutti_protocol::{Reason, UserId};

use super::{ListPage, OperatorResult, Operators, ROWS_PER_PAGE, find, refused};
use crate::erasure;
use crate::store::{StoreResult, StoredUser};

impl Operators {
    /// Users whose display name or user name contains `query`, without regard to case and diacritics, newest first. An
    /// empty query finds everyone.
    pub async fn find_people(
        &self,
        query: &str,
        only_banned: bool,
        before: Option<UserId>,
    ) -> StoreResult<ListPage<StoredUser, UserId>> {
        let wanted = fold(query.trim());
        let is_wanted = |user: &StoredUser| {
            let username = user.login.as_ref().map_or("", |login| &login.username);
            (!only_banned || user.banned_at_ms.is_some())
                && (fold(&user.display_name).contains(&wanted) || username.contains(&wanted))
        };
        find(before, |before| self.store().users_before(before, ROWS_PER_PAGE), |user| user.id, is_wanted).await
    }

    /// A token with which a user chooses a new password, and when it expires.
    pub async fn make_password_link(&self, by: UserId, user: UserId) -> OperatorResult<(SecretString, i64)> {
        let user = self.other_than_operator(user).await?;
        let Some(link) = self.0.identity.make_password_link(&user) else {
            return refused(Reason::NoPassword, "This person has no user name and password.");
        };
        self.record(by, Act::PasswordLinkMade, Some(user.id), None, None).await?;
        Ok(link)
    }

    /// Records that a user chose a new password by a link.
    pub async fn record_password_reset(&self, user: UserId) {
        self.record_own(user, Act::PasswordReset).await;
    }

    /// Erases a user.
    pub async fn delete_person(&self, by: UserId, user: UserId) -> OperatorResult<()> {
        let user = self.other_than_operator(user).await?.id;
        self.record(by, Act::PersonDeleted, Some(user), None, None).await?;
        Ok(erasure::erase(&self.0.identity, &self.0.rooms, user).await?)
    }

    /// Bans a user: ends their sessions and with them their sockets, and admits them no more.
    pub async fn ban(&self, by: UserId, user: UserId) -> OperatorResult<()> {
        let user = self.other_than_operator(user).await?;
        if user.banned_at_ms.is_none() {
            self.record(by, Act::PersonBanned, Some(user.id), None, None).await?;
            self.store().set_banned(user.id, Some(self.now_ms())).await?;
        }
        // Also when the ban is older: an earlier attempt may have failed here.
        Ok(self.0.identity.revoke_all_sessions(user.id).await?)
    }

    /// Lifts a ban. Does nothing for a user who is not banned.
    pub async fn unban(&self, by: UserId, user: UserId) -> OperatorResult<()> {
        let user = self.person(user).await?;
        if user.banned_at_ms.is_some() {
            self.record(by, Act::PersonUnbanned, Some(user.id), None, None).await?;
            self.store().set_banned(user.id, None).await?;
        }
        Ok(())
    }

    async fn person(&self, user: UserId) -> OperatorResult<StoredUser> {
        match self.store().user(user).await? {
            Some(user) => Ok(user),
            None => refused(Reason::NoSuchPerson, "There is no such person."),
        }
    }

    /// A user whom operators may act on.
    async fn other_than_operator(&self, user: UserId) -> OperatorResult<StoredUser> {
        let user = self.person(user).await?;
        if user.operator_since_ms.is_some() {
            return refused(Reason::OperatorProtected, "Operators are changed from the command line only.");
        }
        Ok(user)
    }
}
