//! The session as the queries see it, and what an error of the cluster means to the store's callers.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use parking_lot::Mutex;
use scylla::client::session::Session;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::{DbError, ExecutionError, PrepareError, RequestAttemptError};
use scylla::response::query_result::QueryRowsResult;
use scylla::response::{PagingState, PagingStateResponse};
use scylla::serialize::row::SerializeRow;
use scylla::serialize::value::SerializeValue;
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::{Consistency, Statement};
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

use super::locks::{Attempts, Locks};
use super::{
    changes, facts, members, messages, people, public, reactions, rooms, sends, sessions,
    unpublished,
};
use crate::domain::history::Bucket;
use crate::protocol::{EventId, RoomId};
use crate::store::{StoreError, StoreResult};

/// Rows of one page of an answer.
const PAGE_ROWS: i32 = 500;

/// A transaction takes several rounds between replicas, and is tried again by its caller: it waits
/// less than others, so that there is time for several, by way of other nodes.
const DECISION_TIMEOUT: Duration = Duration::from_secs(1);

/// A page of a whole table may have to be looked for on every node.
const SCAN_TIMEOUT: Duration = Duration::from_secs(15);

/// A scan reads again from the row that it ended with, and whatever shares its place in the order.
const SCAN_OVERLAP: usize = 8;

/// Statements under way for one call.
pub(super) const CONCURRENT: usize = 16;

/// Buckets that are remembered to be known. Beyond it all are forgotten, and written once more.
const KNOWN_BUCKETS: usize = 100_000;

/// A statement that reads.
#[derive(Debug)]
pub(super) struct Read {
    quorum: PreparedStatement,
    /// The same as a round of the transactions' protocol: it sees, and completes, one whose answer
    /// was lost.
    serial: PreparedStatement,
}

/// A statement that reads a page of a whole table. Only ever run by hand, for an export.
#[derive(Debug)]
pub(super) struct Scan(Read);

/// A statement that writes what may be written again.
#[derive(Debug)]
pub(super) struct Write(PreparedStatement);

/// A lightweight transaction. Never idempotent: its answer says whether it was this one that decided.
#[derive(Debug)]
pub(super) struct Decision(PreparedStatement);

/// What came of a [`Decision`].
#[derive(Debug)]
pub(super) enum Decided {
    Yes,
    /// What stands there instead, as far as the cluster told.
    No(Standing),
    /// There was no answer: it may have happened, and may yet.
    Unsure(StoreError),
}

/// Columns of the row that a [`Decision`] found.
#[derive(Debug, Default)]
pub(super) struct Standing(HashMap<String, Option<CqlValue>>);

impl Standing {
    pub(super) fn uuid(&self, column: &str) -> Option<Uuid> {
        self.0.get(column)?.as_ref()?.as_uuid()
    }
}

/// How a kind of statement is prepared.
pub(super) trait Prepared: Sized {
    fn from(statement: PreparedStatement) -> Self;
}

impl Prepared for Read {
    fn from(mut quorum: PreparedStatement) -> Self {
        quorum.set_page_size(PAGE_ROWS);
        quorum.set_is_idempotent(true);
        let mut serial = quorum.clone();
        serial.set_consistency(Consistency::LocalSerial);
        serial.set_request_timeout(Some(DECISION_TIMEOUT));
        Self { quorum, serial }
    }
}

impl Prepared for Scan {
    fn from(mut statement: PreparedStatement) -> Self {
        statement.set_request_timeout(Some(SCAN_TIMEOUT));
        Self(<Read as Prepared>::from(statement))
    }
}

impl Prepared for Write {
    fn from(mut statement: PreparedStatement) -> Self {
        statement.set_is_idempotent(true);
        Self(statement)
    }
}

impl Prepared for Decision {
    fn from(mut statement: PreparedStatement) -> Self {
        statement.set_is_idempotent(false);
        statement.set_request_timeout(Some(DECISION_TIMEOUT));
        Self(statement)
    }
}

/// A module's statements: prepared once for each session, and listed for the test that reads them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident: $kind:ident $cql:expr;)*) => {
        #[derive(Debug)]
        pub(super) struct Statements {
            $($(#[$doc])* pub(super) $name: crate::store::scylla::db::$kind,)*
        }

        impl Statements {
            #[cfg(test)]
            pub(super) const ALL: &[(&str, &str)] = &[$((stringify!($kind), $cql)),*];

            pub(super) async fn prepare(
                session: &scylla::client::session::Session,
                keyspace: &str,
            ) -> crate::store::StoreResult<Self> {
                Ok(Self {
                    $($name: crate::store::scylla::db::prepare(session, keyspace, $cql).await?,)*
                })
            }
        }
    };
}
pub(super) use statements;

pub(super) async fn prepare<P: Prepared>(
    session: &Session,
    keyspace: &str,
    cql: &str,
) -> StoreResult<P> {
    let statement = Statement::new(qualified(keyspace, cql));
    Ok(P::from(Box::pin(session.prepare(statement)).await?))
}

/// The statement with its tables named in their keyspace: a statement that is prepared without is
/// another one after each change of the keyspace in use.
pub(super) fn qualified(keyspace: &str, cql: &str) -> String {
    let mut words = Vec::new();
    let mut before = "";
    for word in cql.split_whitespace() {
        let names_table = matches!(before, "FROM" | "INTO" | "UPDATE" | "TABLE" | "EXISTS");
        let is_plain = !word.contains('.') && word.starts_with(|c: char| c.is_ascii_lowercase());
        if names_table && is_plain {
            words.push(format!("{keyspace}.{word}"));
        } else {
            words.push(word.to_owned());
        }
        before = word;
    }
    words.join(" ")
}

/// The session with everything that is prepared, and what this process remembers.
pub(super) struct Db {
    pub(super) session: Session,
    pub(super) locks: Locks,
    pub(super) changes: changes::Statements,
    pub(super) facts: facts::Statements,
    pub(super) members: members::Statements,
    pub(super) messages: messages::Statements,
    pub(super) people: people::Statements,
    pub(super) public: public::Statements,
    pub(super) reactions: reactions::Statements,
    pub(super) rooms: rooms::Statements,
    pub(super) sends: sends::Statements,
    pub(super) sessions: sessions::Statements,
    pub(super) unpublished: unpublished::Statements,
    buckets: Mutex<HashSet<(RoomId, Bucket)>>,
    newest: Mutex<Option<EventId>>,
}

impl Db {
    pub(super) async fn prepare(session: Session, keyspace: &str) -> StoreResult<Box<Self>> {
        Ok(Box::new(Self {
            locks: Locks::default(),
            changes: changes::Statements::prepare(&session, keyspace).await?,
            facts: facts::Statements::prepare(&session, keyspace).await?,
            members: members::Statements::prepare(&session, keyspace).await?,
            messages: messages::Statements::prepare(&session, keyspace).await?,
            people: people::Statements::prepare(&session, keyspace).await?,
            public: public::Statements::prepare(&session, keyspace).await?,
            reactions: reactions::Statements::prepare(&session, keyspace).await?,
            rooms: rooms::Statements::prepare(&session, keyspace).await?,
            sends: sends::Statements::prepare(&session, keyspace).await?,
            sessions: sessions::Statements::prepare(&session, keyspace).await?,
            unpublished: unpublished::Statements::prepare(&session, keyspace).await?,
            buckets: Mutex::default(),
            newest: Mutex::default(),
            session,
        }))
    }

    /// All rows that a statement gives, page by page.
    pub(super) async fn rows<T>(
        &self,
        read: &Read,
        values: impl SerializeRow,
    ) -> StoreResult<Vec<T>>
    where
        T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
    {
        let (mut rows, mut state) = (Vec::new(), PagingState::start());
        loop {
            // Boxed, here and below: the driver's futures are large, and stand in many of ours.
            let page = self.session.execute_single_page(&read.quorum, &values, state);
            let page = Box::pin(page).await?;
            let (result, next) = page;
            take(&result.into_rows_result().map_err(damaged)?, &mut rows)?;
            match next {
                PagingStateResponse::HasMorePages { state: next } => state = next,
                PagingStateResponse::NoMorePages => return Ok(rows),
            }
        }
    }

    /// The first row that a statement gives.
    pub(super) async fn row<T>(
        &self,
        read: &Read,
        values: impl SerializeRow,
    ) -> StoreResult<Option<T>>
    where
        T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
    {
        Ok(self.rows(read, values).await?.into_iter().next())
    }

    /// A page of all ids in a table, in the order of the partitions, those after `after`. `all` and
    /// `from` give an id, and whether it counts; an empty page is the end.
    pub(super) async fn ids<I>(
        &self,
        (all, from): (&Scan, &Scan),
        mut after: Option<I>,
        wanted: usize,
    ) -> StoreResult<Vec<I>>
    where
        I: Copy + PartialEq + SerializeValue,
        for<'frame, 'metadata> (I, Option<String>): DeserializeRow<'frame, 'metadata>,
    {
        type Listed<I> = Vec<(I, Option<String>)>;
        loop {
            let most = wanted + SCAN_OVERLAP;
            let mut page: Listed<I> = match after {
                None => self.rows(&all.0, (limit(most),)).await?,
                Some(after) => self.rows(&from.0, (after, limit(most))).await?,
            };
            let is_end = page.len() < most;
            if let Some(at) = page.iter().position(|(id, _)| Some(*id) == after) {
                page.drain(..=at);
            }
            let is_last = is_end && page.len() <= wanted;
            page.truncate(wanted);
            after = page.last().map(|(id, _)| *id).or(after);
            let ids: Vec<I> = page.into_iter().filter_map(|(id, name)| name.map(|_| id)).collect();
            if is_last || !ids.is_empty() {
                return Ok(ids);
            }
        }
    }

    /// The same after every transaction that began before, also one whose answer was lost.
    pub(super) async fn row_decided<T>(
        &self,
        read: &Read,
        values: impl SerializeRow,
    ) -> StoreResult<Option<T>>
    where
        T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
    {
        let result = Box::pin(self.session.execute_unpaged(&read.serial, values)).await?;
        let mut rows = Vec::new();
        take(&result.into_rows_result().map_err(damaged)?, &mut rows)?;
        Ok(rows.into_iter().next())
    }

    pub(super) async fn write(&self, write: &Write, values: impl SerializeRow) -> StoreResult<()> {
        Box::pin(self.session.execute_unpaged(&write.0, values)).await?;
        Ok(())
    }

    /// Runs a transaction. Whoever can't go on from [`Decided::Unsure`] gives its error back.
    pub(super) async fn decide(
        &self,
        decision: &Decision,
        values: impl SerializeRow,
    ) -> StoreResult<Decided> {
        let result = match Box::pin(self.session.execute_unpaged(&decision.0, values)).await {
            Ok(result) => result,
            Err(error) => {
                return match StoreError::from(error) {
                    error @ StoreError::Unavailable(_) => Ok(Decided::Unsure(error)),
                    other => Err(other),
                };
            }
        };
        let result = result.into_rows_result().map_err(damaged)?;
        let row = result.first_row::<Row>().map_err(damaged)?;
        let mut columns: HashMap<_, _> = result
            .column_specs()
            .iter()
            .map(|column| column.name().to_owned())
            .zip(row.columns)
            .collect();
        match columns.remove("[applied]").flatten() {
            Some(CqlValue::Boolean(true)) => Ok(Decided::Yes),
            Some(CqlValue::Boolean(false)) => Ok(Decided::No(Standing(columns))),
            _ => Err(StoreError::Damaged("a transaction didn't say whether it applied".to_owned())),
        }
    }

    /// Runs a transaction that may be run again until there is an answer; whether it applied at the
    /// last time. What it did before without an answer, its caller finds there.
    pub(super) async fn insist(
        &self,
        decision: &Decision,
        values: impl SerializeRow,
    ) -> StoreResult<bool> {
        let mut attempts = Attempts::new();
        loop {
            attempts.next().await?;
            match self.decide(decision, &values).await? {
                Decided::Yes => return Ok(true),
                Decided::No(_) => return Ok(false),
                Decided::Unsure(error) => attempts.failed(error),
            }
        }
    }

    pub(super) fn knows(&self, room: RoomId, bucket: Bucket) -> bool {
        self.buckets.lock().contains(&(room, bucket))
    }

    /// Remembers that the bucket stands in the room's list.
    pub(super) fn learn(&self, room: RoomId, bucket: Bucket) {
        let mut buckets = self.buckets.lock();
        if buckets.len() >= KNOWN_BUCKETS {
            buckets.clear();
        }
        buckets.insert((room, bucket));
    }

    /// Takes note of an event id that is written.
    pub(super) fn saw(&self, id: EventId) {
        let mut newest = self.newest.lock();
        *newest = (*newest).max(Some(id));
    }

    pub(super) fn newest(&self) -> Option<EventId> {
        *self.newest.lock()
    }
}

fn take<T>(result: &QueryRowsResult, rows: &mut Vec<T>) -> StoreResult<()>
where
    T: for<'frame, 'metadata> DeserializeRow<'frame, 'metadata>,
{
    for row in result.rows::<T>().map_err(damaged)? {
        rows.push(row.map_err(damaged)?);
    }
    Ok(())
}

/// Runs the same for many, some at a time; the results in their order.
pub(super) async fn each<T, R, F>(
    items: impl IntoIterator<Item = T>,
    work: impl FnMut(T) -> F,
) -> StoreResult<Vec<R>>
where
    F: Future<Output = StoreResult<R>>,
{
    // Made before they run: a closure that the stream calls as it goes would have to live as long.
    let work: Vec<F> = items.into_iter().map(work).collect();
    stream::iter(work).buffered(CONCURRENT).try_collect().await
}

/// A number of rows as the cluster takes it.
pub(super) fn limit(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

/// An answer that is not what the program asked for.
pub(super) fn damaged(error: impl std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("{error}."))
}

impl From<ExecutionError> for StoreError {
    fn from(error: ExecutionError) -> Self {
        let reason = format!("{error}.");
        match error {
            ExecutionError::BadQuery(_) | ExecutionError::UseKeyspaceError(_) => {
                Self::Damaged(reason)
            }
            ExecutionError::LastAttemptError(error) => attempt(&error, reason),
            ExecutionError::PrepareError(error) => error.into(),
            // No connection, no answer in time, a plan without nodes.
            _ => Self::Unavailable(reason),
        }
    }
}

impl From<PrepareError> for StoreError {
    fn from(error: PrepareError) -> Self {
        let reason = format!("{error}.");
        match error {
            PrepareError::AllAttemptsFailed { first_attempt } => attempt(&first_attempt, reason),
            PrepareError::ConnectionPoolError(_) => Self::Unavailable(reason),
            _ => Self::Damaged(reason),
        }
    }
}

fn attempt(error: &RequestAttemptError, reason: String) -> StoreError {
    match error {
        RequestAttemptError::BrokenConnectionError(_)
        | RequestAttemptError::UnableToAllocStreamId
        | RequestAttemptError::DbError(
            DbError::Unavailable { .. }
            | DbError::Overloaded
            | DbError::IsBootstrapping
            | DbError::TruncateError
            | DbError::ReadTimeout { .. }
            | DbError::WriteTimeout { .. }
            | DbError::ReadFailure { .. }
            | DbError::WriteFailure { .. }
            | DbError::ServerError
            | DbError::RateLimitReached { .. }
            // Cassandra's codes of its own: a transaction that others crossed, without a decision
            // (0x1700), and writes to one that are held back (0x1600, 0x1500).
            | DbError::Other(0x1500 | 0x1600 | 0x1700),
            _,
        ) => StoreError::Unavailable(reason),
        _ => StoreError::Damaged(reason),
    }
}
