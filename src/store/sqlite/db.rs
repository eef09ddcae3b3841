//! A connection as the queries see it, and what an error of `SQLite` means to the store's callers.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, Params, Row};

use super::metrics;
use crate::protocol::EventId;
use crate::store::{StoreError, StoreResult};

/// One connection, for the length of one transaction.
pub(super) struct Db<'a> {
    connection: &'a Connection,
    selects: &'a AtomicU64,
    newest: Cell<Option<EventId>>,
}

impl<'a> Db<'a> {
    /// `selects` counts the statements that read.
    pub(super) fn new(connection: &'a Connection, selects: &'a AtomicU64) -> Self {
        Self { connection, selects, newest: Cell::new(None) }
    }

    /// All rows that a statement gives.
    pub(super) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> StoreResult<Vec<T>> {
        self.count();
        let mut statement = self.prepare(sql)?;
        let rows = statement.query_map(params, read)?.collect::<Result<_, _>>()?;
        Ok(rows)
    }

    /// The first row that a statement gives.
    pub(super) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> StoreResult<Option<T>> {
        self.count();
        let mut statement = self.prepare(sql)?;
        Ok(statement.query_row(params, read).optional()?)
    }

    /// Runs a statement that writes; how many rows it changed.
    pub(super) fn write(&self, sql: &str, params: impl Params) -> StoreResult<usize> {
        Ok(self.prepare(sql)?.execute(params)?)
    }

    /// Takes note of an event id that the transaction writes.
    pub(super) fn saw(&self, id: EventId) {
        self.newest.set(self.newest.get().max(Some(id)));
    }

    /// The newest event id that was noted.
    pub(super) fn newest(&self) -> Option<EventId> {
        self.newest.get()
    }

    fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'a>> {
        #[cfg(test)]
        super::tests::plans::check(self.connection, sql);
        self.connection.prepare_cached(sql)
    }

    fn count(&self) {
        self.selects.fetch_add(1, Ordering::Relaxed);
        metrics::statement_read();
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::FileLockingProtocolFailed
                | ErrorCode::PermissionDenied
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted
                | ErrorCode::OperationAborted,
            ) => Self::Unavailable(format!("{error}.")),
            _ => Self::Damaged(format!("{error}.")),
        }
    }
}

/// Where one failure is told to several callers, each gets its own copy.
pub(super) fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Taken(which) => StoreError::Taken(*which),
        StoreError::Unavailable(reason) => StoreError::Unavailable(reason.clone()),
        StoreError::Overloaded => StoreError::Overloaded,
        StoreError::Damaged(reason) => StoreError::Damaged(reason.clone()),
    }
}

/// A number of rows as `SQLite` takes it.
pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// The version that a change gets whose own is not above the state's: the next one after it.
///
/// Two changes that don't exclude each other (two people react, a watermark rises while a role
/// changes) can arrive in the other order than their versions were taken in. Neither may be lost, and
/// two different states may not share a version.
pub(super) fn above(asked: EventId, current: Option<EventId>) -> EventId {
    match current {
        Some(current) if current >= asked => {
            EventId(uuid::Uuid::from_u128(current.0.as_u128().saturating_add(1)))
        }
        _ => asked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_change_comes_just_after_the_state_that_it_changes() {
        let (early, late) = (EventId::new(1 << 12, 5), EventId::new(2 << 12, 5));
        assert_eq!(above(late, Some(early)), late);
        assert_eq!(above(late, None), late);
        for asked in [early, late] {
            let next = above(asked, Some(late));
            assert!(next > late && next.millis() == late.millis());
        }
    }
}
