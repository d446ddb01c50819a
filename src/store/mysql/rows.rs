//! Reading rows. Text that is compared byte by byte stands in `VARBINARY`, which the driver does not take for text.

use sqlx::Row as _;
use sqlx::mysql::MySqlRow;

use crate::store::sql::encoding::{decode_hash, decode_unsigned};
use crate::store::{StoreError, StoreResult};

pub(super) fn text(table: &'static str, row: &MySqlRow, column: &str) -> StoreResult<String> {
    read_text(table, column, row.try_get(column)?)
}

pub(super) fn optional_text(table: &'static str, row: &MySqlRow, column: &str) -> StoreResult<Option<String>> {
    row.try_get::<Option<Vec<u8>>, _>(column)?.map(|bytes| read_text(table, column, bytes)).transpose()
}

pub(super) fn hash(table: &'static str, row: &MySqlRow, column: &str) -> StoreResult<[u8; 32]> {
    decode_hash(table, row.try_get(column)?)
}

pub(super) fn optional_hash(table: &'static str, row: &MySqlRow, column: &str) -> StoreResult<Option<[u8; 32]>> {
    row.try_get::<Option<&[u8]>, _>(column)?.map(|bytes| decode_hash(table, bytes)).transpose()
}

pub(super) fn unsigned(table: &'static str, row: &MySqlRow, column: &str) -> StoreResult<u64> {
    decode_unsigned(table, column, row.try_get(column)?)
}

fn read_text(table: &'static str, column: &str, bytes: Vec<u8>) -> StoreResult<String> {
    String::from_utf8(bytes).map_err(|_| StoreError::Unreadable { table, reason: format!("{column} is not text") })
}
