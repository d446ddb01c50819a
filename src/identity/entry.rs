//! Coming in, as a guest or by an account, and going out.
//!
//! Whoever comes in gets a new session. What becomes of the one that their browser held depends on who it belonged to: the
//! same person goes on, so their sockets stay; somebody else is out, and theirs are closed.

use secrecy::SecretString;
use tutti_protocol::{UserId, UserKind};

use super::password::Password;
use super::refresh_token::RefreshToken;
use super::session::Standing;
use super::{Caller, Identity, IdentityError, Login, Username, name};
use crate::ids::uuid_v7;
use crate::store::{StoreError, StoredLogin, StoredSession, StoredUser};

impl Identity {
    /// Lets somebody in by a display name. A browser that holds a guest's session already is still that guest, under
    /// the new name.
    pub async fn guest(&self, caller: &Caller, display_name: &str) -> Result<Login, IdentityError> {
        let display_name = name::display_name(display_name)?;
        match self.current(caller).await? {
            Some((user, _)) if user.kind == UserKind::User => Err(IdentityError::AlreadyLoggedIn),
            Some((user, session)) => {
                self.store().rename_user(user.id, &display_name).await?;
                self.reopen(&StoredUser { display_name, ..user }, &session, caller).await
            }
            None => {
                let user = self.new_user(UserKind::Guest, display_name, None);
                self.insert(&user, caller).await
            }
        }
    }

    /// Makes an account. Who is in without a password, as a guest or by Spotify, stays who they are and gets one.
    pub async fn register(
        &self,
        caller: &Caller,
        username: &str,
        password: &SecretString,
        display_name: &str,
    ) -> Result<Login, IdentityError> {
        let username = Username::parse(username)?;
        let password = Password::parse(password)?;
        let display_name = name::display_name(display_name)?;
        let current = self.current(caller).await?;
        if current.as_ref().is_some_and(|(user, _)| user.login.is_some()) {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        let login = StoredLogin {
            username: username.normalized().to_owned(),
            username_shown: username.shown().to_owned(),
            password_hash: self.0.passwords.hash(password).await?,
        };
        let Some((before, session)) = current else {
            let user = self.new_user(UserKind::User, display_name, Some(login));
            return self.insert(&user, caller).await;
        };
        if !self.store().add_login(before.id, &display_name, &login).await.map_err(username_taken)? {
            return Err(IdentityError::AlreadyLoggedIn);
        }
        let user = StoredUser { kind: UserKind::User, display_name, login: Some(login), ..before };
        self.reopen(&user, &session, caller).await
    }

    /// Lets somebody in by username and password. Whoever was in by this browser before is out; what a guest had in rooms is
    /// theirs from now on ([`Login::was_guest`]).
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
        let right = self.0.passwords.verify(Password::parse(password).ok(), hash).await?;
        let Some(user) = user.filter(|_| right) else { return Err(IdentityError::WrongCredentials) };
        let before = self.current(caller).await?;
        self.enter(&user, before, caller).await
    }

    /// Exchanges a refresh token for the next one and a fresh access token.
    pub async fn refresh(&self, refresh_token: &SecretString) -> Result<Login, IdentityError> {
        self.rotate(refresh_token).await
    }

    /// Ends the caller's session, if there is one, and closes its sockets.
    pub async fn logout(&self, caller: &Caller) -> Result<(), IdentityError> {
        let token = caller.refresh_token.as_ref().and_then(RefreshToken::parse);
        let stored = match token {
            Some(token) => self.store().refresh_token(token.user, token.hash()).await?,
            None => None,
        };
        let by_cookie = stored.map(|token| (token.user, token.session));
        let by_access = caller.access.map(|access| (access.user, access.session));
        for (user, session) in by_cookie.into_iter().chain(by_access.filter(|other| Some(*other) != by_cookie)) {
            self.end_session(user, session).await?;
        }
        Ok(())
    }

    /// Who is in by this browser.
    pub async fn whose(&self, caller: &Caller) -> Result<Option<UserId>, IdentityError> {
        Ok(self.current(caller).await?.map(|(user, _)| user.id))
    }

    /// Lets somebody in who has proved who they are, in place of whoever was in before.
    pub(super) async fn enter(
        &self,
        user: &StoredUser,
        before: Option<(StoredUser, StoredSession)>,
        caller: &Caller,
    ) -> Result<Login, IdentityError> {
        match before {
            Some((before, session)) if before.id == user.id => self.reopen(user, &session, caller).await,
            Some((before, session)) => {
                let login = self.add_session(user, caller).await?;
                self.end_session(before.id, session.id).await?;
                Ok(Login { was_guest: (before.kind == UserKind::Guest).then_some(before.id), ..login })
            }
            None => self.add_session(user, caller).await,
        }
    }

    /// Who is in by this browser, and by which session: by the cookie, or else by the access token.
    pub(super) async fn current(&self, caller: &Caller) -> Result<Option<(StoredUser, StoredSession)>, IdentityError> {
        let by_cookie = match caller.refresh_token.as_ref().and_then(RefreshToken::parse) {
            Some(token) => self.standing(&token).await?.map(Standing::into_session),
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
        }
    }

    async fn insert(&self, user: &StoredUser, caller: &Caller) -> Result<Login, IdentityError> {
        let (session, stored, token) = self.new_session(user.id, caller);
        self.store().insert_user(user, &session, &stored).await.map_err(username_taken)?;
        self.issue(user, &session, token)
    }

    async fn add_session(&self, user: &StoredUser, caller: &Caller) -> Result<Login, IdentityError> {
        let (session, stored, token) = self.new_session(user.id, caller);
        self.store().insert_session(&session, &stored).await?;
        self.issue(user, &session, token)
    }

    /// A new session in place of the one before: whoever knew the old refresh token, such as the one who planted it, is
    /// not taken along.
    pub(super) async fn reopen(
        &self,
        user: &StoredUser,
        before: &StoredSession,
        caller: &Caller,
    ) -> Result<Login, IdentityError> {
        let login = self.add_session(user, caller).await?;
        self.replace_session(user.id, before.id).await?;
        Ok(login)
    }
}

fn username_taken(error: StoreError) -> IdentityError {
    match error {
        StoreError::Conflict(_) => IdentityError::UsernameTaken,
        other => other.into(),
    }
}
