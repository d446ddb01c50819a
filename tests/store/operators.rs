//! The contract of [`OperatorStore`](tutti::store::OperatorStore).

use futures_util::future::join_all;
use tutti::store::{IndexChange, JournalBatch, RoomUse, Store, StoredAct, StoredUser, TokenHash, UserCounts};
use tutti_protocol::http::{Act, Registration, RoomOpeners, Switches, SwitchesChange};
use tutti_protocol::{RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::contract;
use super::identity::{account, ana, guest, session, token};
use super::rooms::{batch, open};

contract! {
    a_role_and_a_ban_read_back_and_are_taken_away
    the_roles_of_no_user_are_not_set
    operators_are_listed_by_standing
    users_are_listed_in_pages_newest_first
    users_are_counted_by_kind
    banned_guests_are_not_found_as_unused
    open_rooms_are_listed_with_how_they_are_used
    the_log_reads_back_in_pages_newest_first
    old_acts_are_removed_in_batches
    an_erased_user_stays_in_the_log_as_an_id
    switches_have_defaults_and_are_replaced
    concurrent_changes_of_different_switches_are_all_kept
    an_invitation_is_used_once_and_before_it_expires
    one_of_several_concurrent_registrations_uses_an_invitation
    an_invitation_is_given_back
    expired_invitations_are_removed_in_batches
    the_database_says_its_kind
}

async fn add(store: &dyn Store, user: &StoredUser, number: u8) {
    let session = session(user, number.into());
    store.insert_user(user, &session, &token(&session, number)).await.unwrap();
}

fn act(number: u128) -> StoredAct {
    StoredAct {
        id: Uuid::from_u128(number),
        at_ms: i64::try_from(number).unwrap() * 1_000,
        act: Some(Act::PersonBanned),
        actor: Some(UserId(Uuid::from_u128(1))),
        subject: Some(UserId(Uuid::from_u128(2))),
        room: Some(RoomCode::from_bits(7)),
        value: Some("closed".into()),
    }
}

async fn a_role_and_a_ban_read_back_and_are_taken_away(store: &dyn Store) {
    let ben = account(2, "ben");
    add(store, &ben, 12).await;
    assert!(store.set_operator(ben.id, Some(5_000)).await.unwrap());
    assert!(store.set_banned(ben.id, Some(6_000)).await.unwrap());
    let both = StoredUser { operator_since_ms: Some(5_000), banned_at_ms: Some(6_000), ..ben.clone() };
    assert_eq!(store.user(ben.id).await.unwrap(), Some(both.clone()));
    assert_eq!(store.user_by_username("ben").await.unwrap(), Some(both));
    assert!(store.set_operator(ben.id, None).await.unwrap());
    assert!(store.set_banned(ben.id, None).await.unwrap());
    assert!(store.set_banned(ben.id, None).await.unwrap(), "the user is there, whether or not something changed");
    assert_eq!(store.user(ben.id).await.unwrap(), Some(ben));
}

async fn the_roles_of_no_user_are_not_set(store: &dyn Store) {
    let unknown = UserId(Uuid::from_u128(99));
    assert!(!store.set_operator(unknown, Some(1)).await.unwrap());
    assert!(!store.set_banned(unknown, Some(1)).await.unwrap());
}

async fn operators_are_listed_by_standing(store: &dyn Store) {
    assert_eq!(store.operators().await.unwrap(), []);
    for (number, name) in [(1, "ana"), (2, "ben"), (3, "cleo")] {
        add(store, &account(number.into(), name), number).await;
    }
    store.set_operator(UserId(Uuid::from_u128(3)), Some(1_000)).await.unwrap();
    store.set_operator(UserId(Uuid::from_u128(1)), Some(2_000)).await.unwrap();
    let operators = store.operators().await.unwrap();
    let names: Vec<_> = operators.iter().map(|user| user.login.as_ref().unwrap().username.as_str()).collect();
    assert_eq!(names, ["cleo", "ana"]);
}

async fn users_are_listed_in_pages_newest_first(store: &dyn Store) {
    for number in 1..=5 {
        add(store, &guest(number.into()), number).await;
    }
    let ids = |users: Vec<StoredUser>| users.into_iter().map(|user| user.id.0.as_u128()).collect::<Vec<_>>();
    assert_eq!(ids(store.users_before(None, 2).await.unwrap()), [5, 4]);
    assert_eq!(ids(store.users_before(Some(UserId(Uuid::from_u128(4))), 2).await.unwrap()), [3, 2]);
    assert_eq!(ids(store.users_before(Some(UserId(Uuid::from_u128(2))), 2).await.unwrap()), [1]);
    assert_eq!(ids(store.users_before(Some(UserId(Uuid::from_u128(1))), 2).await.unwrap()), []);
}

async fn users_are_counted_by_kind(store: &dyn Store) {
    assert_eq!(store.user_counts().await.unwrap(), UserCounts::default());
    for number in 1..=3 {
        add(store, &guest(number.into()), number).await;
    }
    let ben = account(9, "ben");
    add(store, &ben, 9).await;
    store.set_banned(ben.id, Some(1)).await.unwrap();
    store.set_banned(UserId(Uuid::from_u128(1)), Some(1)).await.unwrap();
    assert_eq!(store.user_counts().await.unwrap(), UserCounts { accounts: 1, guests: 3, banned: 2 });
}

async fn banned_guests_are_not_found_as_unused(store: &dyn Store) {
    for number in 1..=2 {
        add(store, &guest(number.into()), number).await;
    }
    let [first, second] = [1, 2].map(|number| UserId(Uuid::from_u128(number)));
    store.set_banned(first, Some(1_500)).await.unwrap();
    assert_eq!(store.unused_guests(9_000, 10).await.unwrap(), [second]);
    assert_eq!(store.guests_seen_before(9_000, None, 10).await.unwrap(), [(1_000, second)]);
}

async fn open_rooms_are_listed_with_how_they_are_used(store: &dyn Store) {
    assert_eq!(store.open_rooms().await.unwrap(), 0);
    let mut rooms = Vec::new();
    for number in 1..=3 {
        rooms.push(open(store, number).await);
    }
    store.append(&[JournalBatch { at_ms: 7_000, ..batch(&rooms[1], 2) }]).await.unwrap();
    let mut closing = batch(&rooms[0], 2);
    closing.index = vec![IndexChange::Closed];
    store.append(&[closing]).await.unwrap();

    assert_eq!(store.open_rooms().await.unwrap(), 2);
    let [newest, older] = &store.open_rooms_before(None, 10).await.unwrap()[..] else { panic!("two are open") };
    assert_eq!((newest.id, older.id), (rooms[2].id, rooms[1].id));
    assert_eq!(store.open_rooms_before(Some(newest.id), 1).await.unwrap()[0].id, older.id);
    assert_eq!(store.room_use(older.id).await.unwrap(), RoomUse { members: 1, last_used_at_ms: Some(7_000) });
    let unknown = RoomId(Uuid::from_u128(99));
    assert_eq!(store.room_use(unknown).await.unwrap(), RoomUse::default());
}

async fn the_log_reads_back_in_pages_newest_first(store: &dyn Store) {
    let bare = StoredAct { actor: None, subject: None, room: None, value: None, ..act(2) };
    for one in [&act(1), &act(3), &bare] {
        store.insert_act(one).await.unwrap();
    }
    assert_eq!(store.acts_before(None, 2).await.unwrap(), [act(3), bare.clone()]);
    assert_eq!(store.acts_before(Some(bare.id), 2).await.unwrap(), [act(1)]);
    assert_eq!(store.acts_before(Some(act(1).id), 2).await.unwrap(), []);
}

async fn old_acts_are_removed_in_batches(store: &dyn Store) {
    for number in 1..=4 {
        store.insert_act(&act(number)).await.unwrap();
    }
    assert_eq!(store.delete_acts(4_000, 2).await.unwrap(), 2);
    assert_eq!(store.acts_before(None, 10).await.unwrap(), [act(4), act(3)], "the oldest went first");
    assert_eq!(store.delete_acts(4_000, 2).await.unwrap(), 1);
    assert_eq!(store.delete_acts(4_000, 2).await.unwrap(), 0);
}

async fn an_erased_user_stays_in_the_log_as_an_id(store: &dyn Store) {
    let (ana, ..) = ana(store).await;
    store.insert_act(&act(1)).await.unwrap();
    assert!(store.delete_user(ana.id).await.unwrap());
    assert_eq!(store.acts_before(None, 10).await.unwrap(), [act(1)]);
    assert_eq!(store.user(ana.id).await.unwrap(), None);
}

async fn switches_have_defaults_and_are_replaced(store: &dyn Store) {
    assert_eq!(store.switches().await.unwrap(), Switches::default());
    for registration in Registration::ALL {
        for (guests, rooms) in [false, true].into_iter().zip(RoomOpeners::ALL) {
            let switches = Switches { registration: *registration, guests, rooms: *rooms };
            store.set_switches(&change_to(switches)).await.unwrap();
            assert_eq!(store.switches().await.unwrap(), switches);
        }
    }
}

async fn concurrent_changes_of_different_switches_are_all_kept(store: &dyn Store) {
    let wanted = Switches { registration: Registration::Closed, guests: false, rooms: RoomOpeners::Operators };
    let SwitchesChange { registration, guests, rooms } = change_to(wanted);
    let changes = [
        SwitchesChange { registration, ..NO_CHANGE },
        SwitchesChange { guests, ..NO_CHANGE },
        SwitchesChange { rooms, ..NO_CHANGE },
        NO_CHANGE,
    ];
    for set in join_all(changes.iter().map(|change| store.set_switches(change))).await {
        set.unwrap();
    }
    assert_eq!(store.switches().await.unwrap(), wanted);
}

const NO_CHANGE: SwitchesChange = SwitchesChange { registration: None, guests: None, rooms: None };

fn change_to(switches: Switches) -> SwitchesChange {
    let Switches { registration, guests, rooms } = switches;
    SwitchesChange { registration: Some(registration), guests: Some(guests), rooms: Some(rooms) }
}

async fn an_invitation_is_used_once_and_before_it_expires(store: &dyn Store) {
    let (first, second) = (TokenHash([1; 32]), TokenHash([2; 32]));
    for hash in [first, second] {
        store.insert_invitation(hash, 5_000).await.unwrap();
    }
    assert_eq!(store.open_invitations(4_999).await.unwrap(), 2);
    assert_eq!(store.open_invitations(5_000).await.unwrap(), 0);
    assert!(!store.use_invitation(TokenHash([3; 32]), 1_000).await.unwrap());
    assert!(store.use_invitation(first, 4_999).await.unwrap());
    assert!(!store.use_invitation(first, 4_999).await.unwrap());
    assert!(!store.use_invitation(second, 5_000).await.unwrap());
    assert_eq!(store.open_invitations(1_000).await.unwrap(), 1);
}

async fn one_of_several_concurrent_registrations_uses_an_invitation(store: &dyn Store) {
    let hash = TokenHash([1; 32]);
    store.insert_invitation(hash, 5_000).await.unwrap();
    let used = join_all((0..8).map(|_| store.use_invitation(hash, 1_000))).await;
    assert_eq!(used.into_iter().filter(|used| *used.as_ref().unwrap()).count(), 1);
}

async fn an_invitation_is_given_back(store: &dyn Store) {
    let hash = TokenHash([1; 32]);
    store.insert_invitation(hash, 5_000).await.unwrap();
    assert!(store.use_invitation(hash, 1_000).await.unwrap());
    store.release_invitation(hash).await.unwrap();
    assert!(store.use_invitation(hash, 1_000).await.unwrap());
    store.release_invitation(TokenHash([2; 32])).await.unwrap();
}

async fn expired_invitations_are_removed_in_batches(store: &dyn Store) {
    for (number, expires_at_ms) in [(1, 1_000), (2, 2_000), (3, 3_000)] {
        store.insert_invitation(TokenHash([number; 32]), expires_at_ms).await.unwrap();
    }
    assert_eq!(store.delete_invitations(3_000, 1).await.unwrap(), 1);
    assert_eq!(store.delete_invitations(3_000, 10).await.unwrap(), 1);
    assert_eq!(store.delete_invitations(3_000, 10).await.unwrap(), 0);
    assert!(store.use_invitation(TokenHash([3; 32]), 1_000).await.unwrap());
}

async fn the_database_says_its_kind(store: &dyn Store) {
    let (kind, bytes) = store.database_size().await.unwrap();
    assert_eq!(kind != "memory", bytes.is_some_and(|bytes| bytes > 0), "{kind}: {bytes:?}");
}
