//! Spotify links, logins in progress, and pictures.

use tutti_protocol::UserId;

use super::encoding::{conflict, decode_evidence, decode_verdict, encode_evidence, encode_verdict};
use super::identity::{insert_session, insert_user};
use super::portable::{PortableQuery, PortableRow, Transaction};
use crate::store::{
    LoginTransaction, Sealed, StoreResult, StoredPicture, StoredPremium, StoredRefreshToken, StoredSession,
    StoredSpotifyLink, StoredUser, TokenHash,
};

pub(in crate::store) fn insert_login_transaction<Q: PortableQuery>(transaction: &LoginTransaction) -> Q {
    Q::new(
        "INSERT INTO login_transactions (state_hash, browser_hash, verifier, slot, return_to, expires_at_ms) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&transaction.state.0[..])
    .bind(&transaction.browser.0[..])
    .bind(&transaction.verifier.0)
    .bind(transaction.slot)
    .bind(&transaction.return_to)
    .bind(transaction.expires_at_ms)
}

pub(in crate::store) fn select_link<Q: PortableQuery>(user: UserId) -> Q {
    Q::new(
        "SELECT user_id, account_id, display_name, scope, refresh_token, access_token, access_expires_at_ms, \
         authorized_at_ms, premium, premium_evidence, premium_at_ms, doubts, doubted_at_ms, checked_at_ms, version \
         FROM spotify_links WHERE user_id = ?",
    )
    .bind(user.0)
}

pub(in crate::store) fn select_owner<Q: PortableQuery>(account_id: &str) -> Q {
    Q::new("SELECT user_id FROM spotify_links WHERE account_id = ?").bind(account_id)
}

pub(in crate::store) fn select_stale_links<Q: PortableQuery>(before_ms: i64, rows_max: u32) -> Q {
    Q::new(
        "SELECT user_id FROM spotify_links WHERE checked_at_ms < ? AND refresh_token IS NOT NULL \
         ORDER BY checked_at_ms LIMIT ?",
    )
    .bind(before_ms)
    .bind(i64::from(rows_max))
}

pub(in crate::store) fn update_link<Q: PortableQuery>(link: &StoredSpotifyLink) -> Q {
    let update = Q::new(
        "UPDATE spotify_links SET display_name = ?, scope = ?, refresh_token = ?, access_token = ?, \
         access_expires_at_ms = ?, authorized_at_ms = ?, premium = ?, premium_evidence = ?, premium_at_ms = ?, \
         doubts = ?, doubted_at_ms = ?, checked_at_ms = ?, version = version + 1 WHERE user_id = ? AND version = ?",
    );
    bind_contents(update, link).bind(link.user.0).bind(link.version)
}

pub(in crate::store) fn select_picture<Q: PortableQuery>(user: UserId) -> Q {
    Q::new("SELECT hash, media_type, bytes FROM user_pictures WHERE user_id = ?").bind(user.0)
}

pub(in crate::store) async fn add_user<T: Transaction>(
    mut transaction: T,
    user: &StoredUser,
    session: &StoredSession,
    token: &StoredRefreshToken,
    link: &StoredSpotifyLink,
) -> StoreResult<()> {
    insert_user(&mut transaction, user).await?;
    insert_session(&mut transaction, session, token).await?;
    put_link(&mut transaction, link).await?;
    Ok(transaction.commit().await?)
}

pub(in crate::store) async fn link<T: Transaction>(mut transaction: T, link: &StoredSpotifyLink) -> StoreResult<bool> {
    // Also locks the user's row, so that concurrent links of one user are made one after the other.
    let user = T::Query::new("UPDATE users SET kind = 'user' WHERE id = ?").bind(link.user.0);
    if transaction.execute(user).await? != 1 {
        transaction.roll_back().await?;
        return Ok(false);
    }
    put_link(&mut transaction, link).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(in crate::store) async fn unlink<T: Transaction>(mut transaction: T, user: UserId) -> StoreResult<bool> {
    for sql in [
        "UPDATE users SET kind = 'guest' WHERE id = ? AND password_hash IS NULL",
        "DELETE FROM user_pictures WHERE user_id = ?",
    ] {
        transaction.execute(T::Query::new(sql).bind(user.0)).await?;
    }
    let delete = T::Query::new("DELETE FROM spotify_links WHERE user_id = ?").bind(user.0);
    let deleted = transaction.execute(delete).await?;
    transaction.commit().await?;
    Ok(deleted == 1)
}

/// Inserts a link or replaces the user's present one. Versions only grow, so a change based on the replaced link no
/// longer applies.
///
/// Not an upsert: MySQL would replace another user's link to the same account.
async fn put_link<T: Transaction>(transaction: &mut T, link: &StoredSpotifyLink) -> StoreResult<()> {
    let present = T::Query::new("SELECT user_id FROM spotify_links WHERE user_id = ?").bind(link.user.0);
    let put = if transaction.fetch_optional(present).await?.is_some() {
        let update = T::Query::new(
            "UPDATE spotify_links SET account_id = ?, display_name = ?, scope = ?, refresh_token = ?, \
             access_token = ?, access_expires_at_ms = ?, authorized_at_ms = ?, premium = ?, premium_evidence = ?, \
             premium_at_ms = ?, doubts = ?, doubted_at_ms = ?, checked_at_ms = ?, \
             version = CASE WHEN version >= ? THEN version + 1 ELSE ? END WHERE user_id = ?",
        );
        bind_contents(update.bind(&link.account_id), link).bind(link.version).bind(link.version).bind(link.user.0)
    } else {
        let insert = T::Query::new(
            "INSERT INTO spotify_links (account_id, display_name, scope, refresh_token, access_token, \
             access_expires_at_ms, authorized_at_ms, premium, premium_evidence, premium_at_ms, doubts, doubted_at_ms, \
             checked_at_ms, version, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        );
        bind_contents(insert.bind(&link.account_id), link).bind(link.version).bind(link.user.0)
    };
    transaction.execute(put).await.map_err(|error| conflict(error, "spotify account"))?;
    Ok(())
}

/// Binds all columns but `account_id`, `version` and `user_id`, in the order of the table.
fn bind_contents<Q: PortableQuery>(query: Q, link: &StoredSpotifyLink) -> Q {
    query
        .bind(&link.display_name)
        .bind(&link.scope)
        .bind(link.refresh_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_expires_at_ms)
        .bind(link.authorized_at_ms)
        .bind(encode_verdict(link.premium.verdict))
        .bind(link.premium.evidence.map(encode_evidence))
        .bind(link.premium.at_ms)
        .bind(link.premium.doubts)
        .bind(link.premium.doubted_at_ms)
        .bind(link.checked_at_ms)
}

pub(in crate::store) fn decode_login_transaction(row: &impl PortableRow) -> StoreResult<LoginTransaction> {
    Ok(LoginTransaction {
        state: TokenHash(row.hash("login_transactions", "state_hash")?),
        browser: TokenHash(row.hash("login_transactions", "browser_hash")?),
        verifier: Sealed(row.get("verifier")?),
        slot: row.get("slot")?,
        return_to: row.text("login_transactions", "return_to")?,
        expires_at_ms: row.get("expires_at_ms")?,
    })
}

pub(in crate::store) fn decode_link(row: &impl PortableRow) -> StoreResult<StoredSpotifyLink> {
    let evidence = row.optional_text("spotify_links", "premium_evidence")?;
    Ok(StoredSpotifyLink {
        user: UserId(row.get("user_id")?),
        account_id: row.text("spotify_links", "account_id")?,
        display_name: row.get("display_name")?,
        scope: row.text("spotify_links", "scope")?,
        refresh_token: row.get::<Option<_>>("refresh_token")?.map(Sealed),
        access_token: row.get::<Option<_>>("access_token")?.map(Sealed),
        access_expires_at_ms: row.get("access_expires_at_ms")?,
        authorized_at_ms: row.get("authorized_at_ms")?,
        premium: StoredPremium {
            verdict: decode_verdict(&row.text("spotify_links", "premium")?)?,
            evidence: evidence.as_deref().map(decode_evidence).transpose()?,
            at_ms: row.get("premium_at_ms")?,
            doubts: row.get("doubts")?,
            doubted_at_ms: row.get("doubted_at_ms")?,
        },
        checked_at_ms: row.get("checked_at_ms")?,
        version: row.get("version")?,
    })
}

pub(in crate::store) fn decode_picture(row: &impl PortableRow) -> StoreResult<StoredPicture> {
    Ok(StoredPicture {
        hash: row.hash("user_pictures", "hash")?,
        media_type: row.text("user_pictures", "media_type")?,
        bytes: row.get("bytes")?,
    })
}
