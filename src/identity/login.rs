//! Logging in, as a guest or with a password, and logging out.
//!
//! Every login creates a session. The caller's previous session is revoked: its sockets stay open when it belongs to
//! the same user, and are closed otherwise.

use secrecy::SecretString;
use tutti_protocol::{UserId, UserKind};

use super::password::Password;
use super::refresh_token::RefreshToken;
use super::token_rotation::RefreshTokenState;
use super::{Caller, Identity, IdentityError, Login, Username, name};
use crate::ids::uuid_v7;
use crate::store::{StoreError, StoredLogin, StoredSession, StoredUser};

impl Identity {
    /// Logs in a guest. A caller who already has a guest's session stays that guest, under the new display name.
    pub async fn guest(&self, caller: &Caller, display_name: &str) -> Result<Login, IdentityError> {
        let display_name = name::parse_display_name(display_name)?;
        match self.current_session(caller).await? {
            Some((user, _)) if user.kind == UserKind::User => Err(IdentityError::AlreadyLoggedIn),
            Some((user, session)) => {
                self.store().rename_user(user.id, &display_name).await?;
                self.replace_session(&StoredUser { display_name, ..user }, &session, caller).await
            }
            None => {
                let user = self.new_user(UserKind::Guest, display_name, None);
                self.insert_user(&user, caller).await
            }
        }
    }

    /// Registers an account with a password. A caller without a password, a guest or a Spotify login, keeps their user
    /// id.
    pub async fn register(
        &self,
        caller: &Caller,
        username: &str,
        password: &SecretString,
        display_name: &str,
    ) -> Result<Login, IdentityError> {
        let username = Username::parse(username)?;
        let display_name = name::parse_display_name(display_name)?;
        let current = self.current_session(caller).await?;
        if current.as_ref().is_some_and(|(user, _)| user.login.is_some()) {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        // Checked before the password is hashed, which is what costs. The store decides when two register at once.
        if self.store().user_by_username(username.normalized()).await?.is_some() {
            return Err(IdentityError::UsernameTaken);
        }
        let password = Password::chosen(password, &[username.normalized(), &display_name])?;
        let login = StoredLogin {
            username: username.normalized().to_owned(),
            username_shown: username.shown().to_owned(),
            password_hash: self.0.passwords.hash(password, caller.address()).await?,
        };
        let Some((before, session)) = current else {
            let user = self.new_user(UserKind::User, display_name, Some(login));
            return self.insert_user(&user, caller).await;
        };
        if !self.store().add_login(before.id, &display_name, &login).await.map_err(username_taken)? {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        let user = StoredUser { kind: UserKind::User, display_name, login: Some(login), ..before };
        let login = self.replace_session(&user, &session, caller).await?;
        // A token that was issued without a password must not act for the account.
        self.reject_tokens_of(&session);
        Ok(login)
    }

    /// Logs in with username and password. A guest's rooms are merged into the account ([`Login::merged_guest`]).
    pub async fn login(
        &self,
        caller: &Caller,
        username: &str,
        password: &SecretString,
    ) -> Result<Login, IdentityError> {
        let user = match Username::parse(username) {
            Ok(username) => self.store().user_by_username(username.normalized()).await?,
            Err(_) => None,
        };
        let hash = user.as_ref().and_then(|user| user.login.as_ref()).map(|login| login.password_hash.clone());
        let matches = self.0.passwords.verify(Password::parse(password).ok(), hash, caller.address()).await?;
        let Some(user) = user.filter(|_| matches) else { return Err(IdentityError::WrongCredentials) };
        // Before a session is stored.
        if user.banned_at_ms.is_some() {
            return Err(IdentityError::Banned);
        }
        let before = self.current_session(caller).await?;
        self.log_in_as(&user, before, caller).await
    }

    /// Revokes the caller's session, if there is one, and closes its sockets.
    pub async fn logout(&self, caller: &Caller) -> Result<(), IdentityError> {
        let token = caller.refresh_token.as_ref().and_then(RefreshToken::parse);
        let stored = match token {
            Some(token) => self.store().refresh_token(token.user, token.hash()).await?,
            None => None,
        };
        let by_cookie = stored.map(|token| (token.user, token.session));
        let by_access = caller.access.map(|access| (access.user, access.session));
        for (user, session) in by_cookie.into_iter().chain(by_access.filter(|other| Some(*other) != by_cookie)) {
            self.revoke_and_close(user, session).await?;
        }
        Ok(())
    }

    /// The user who is logged in with the caller's tokens.
    pub async fn current_user(&self, caller: &Caller) -> Result<Option<UserId>, IdentityError> {
        Ok(self.current_session(caller).await?.map(|(user, _)| user.id))
    }

    /// Logs in as `user`, who is authenticated. `before` is the caller's previous session.
    pub(super) async fn log_in_as(
        &self,
        user: &StoredUser,
        before: Option<(StoredUser, StoredSession)>,
        caller: &Caller,
    ) -> Result<Login, IdentityError> {
        match before {
            Some((before, session)) if before.id == user.id => self.replace_session(user, &session, caller).await,
            Some((before, session)) => {
                let login = self.create_session(user, caller).await?;
                self.revoke_and_close(before.id, session.id).await?;
                Ok(Login { merged_guest: (before.kind == UserKind::Guest).then_some(before.id), ..login })
            }
            None => self.create_session(user, caller).await,
        }
    }

    /// The caller's session and its user: by the refresh token, or else by the access token.
    pub(super) async fn current_session(
        &self,
        caller: &Caller,
    ) -> Result<Option<(StoredUser, StoredSession)>, IdentityError> {
        let by_cookie = match caller.refresh_token.as_ref().and_then(RefreshToken::parse) {
            Some(token) => self.refresh_token_state(&token).await?.map(RefreshTokenState::into_session),
            None => None,
        };
        let session = match (by_cookie, caller.access) {
            (Some(session), _) => Some(session),
            (None, Some(access)) => {
                let session = self.store().session(access.user, access.session).await?;
                session.filter(|session| session.revoked_at_ms.is_none())
            }
            (None, None) => None,
        };
        let Some(session) = session else { return Ok(None) };
        Ok(self.store().user(session.user).await?.map(|user| (user, session)))
    }

    pub(super) fn new_user(&self, kind: UserKind, display_name: String, login: Option<StoredLogin>) -> StoredUser {
        let now_ms = self.clock().now_ms();
        StoredUser {
            id: UserId(uuid_v7(now_ms)),
            kind,
            display_name,
            login,
            created_at_ms: now_ms,
            last_seen_at_ms: now_ms,
            picture: None,
            spotify: false,
            operator_since_ms: None,
            banned_at_ms: None,
        }
    }

    async fn insert_user(&self, user: &StoredUser, caller: &Caller) -> Result<Login, IdentityError> {
        let (session, stored, token) = self.build_session(user.id, caller);
        self.store().insert_user(user, &session, &stored).await.map_err(username_taken)?;
        self.issue_tokens(user, &session, token)
    }
}

fn username_taken(error: StoreError) -> IdentityError {
    match error {
        StoreError::Conflict(_) => IdentityError::UsernameTaken,
        other => other.into(),
    }
}
