//! The tables, step by step, applied by whichever node comes first. Beside each step stands the oldest
//! program that can work with its result, for nodes that start while others are newer already.
//!
//! A row written by a lightweight transaction, with a TTL, is the lock: its owner renews it between
//! statements, and one that died loses it by itself. Each statement may be run again, so that whoever
//! comes next completes what was begun.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::response::query_result::QueryRowsResult;
use scylla::statement::Statement;
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

use super::connect::ScyllaOptions;
use super::db::{damaged, qualified};
use crate::store::steps::{Step, Tables};
use crate::store::{StoreError, StoreResult};

/// Step `n` stands at place `n - 1`.
pub(super) const STEPS: &[Step] =
    &[Step { code: include_str!("../../../schema/scylla/0001_initial.cql"), oldest: 1 }];

/// How long the lock is kept without being renewed: longer than any one statement takes.
const LEASE_S: u32 = 30;

/// The tables that say who may change the others, and use them. Where a step has no line in
/// `schema_compatibility`, nobody older than the step can.
const BOOTSTRAP: [(&str, &str); 3] = [
    ("schema_versions", "version int PRIMARY KEY, applied_by uuid"),
    ("schema_compatibility", "version int PRIMARY KEY, oldest int"),
    ("schema_lock", "name text PRIMARY KEY, owner uuid"),
];

/// Namespace of the ids of those (a random UUID, fixed for ever).
const TABLES: Uuid = Uuid::from_u128(0xa3f5_b0c2_7d1e_4c8a_9b36_1f0e_5d7c_2a41);

/// Two nodes that make a table at the same moment must make the same one: its id says so.
pub(super) fn bootstrap(keyspace: &str) -> [String; 3] {
    BOOTSTRAP.map(|(table, columns)| {
        let id = Uuid::new_v5(&TABLES, format!("{keyspace}.{table}").as_bytes());
        format!("CREATE TABLE IF NOT EXISTS {table} ({columns}) WITH id = '{id}'")
    })
}

/// A change of tables takes the cluster longer than a statement does.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(20);

/// How long somebody else is waited for.
const WAIT_FOR_OTHERS: Duration = Duration::from_mins(2);
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// Brings the keyspace up to what this program knows; its version, which is higher where a newer program
/// has changed the tables in a way that this one can work with.
pub(super) async fn apply(session: &Session, options: &ScyllaOptions) -> StoreResult<u32> {
    apply_steps(session, options, STEPS).await
}

pub(super) async fn apply_steps(
    session: &Session,
    options: &ScyllaOptions,
    steps: &[Step],
) -> StoreResult<u32> {
    let schema = Schema { session, keyspace: &options.keyspace, me: Uuid::new_v4() };
    if !schema.has_keyspace(&options.keyspace).await? {
        schema.make_keyspace(options).await?;
    }
    if !schema.has_tables(&options.keyspace).await? {
        for statement in bootstrap(&options.keyspace) {
            schema.run(&statement).await?;
        }
    }
    let known = steps.len() as u32;
    let began = Instant::now();
    loop {
        let tables = schema.tables().await?;
        let found = tables.version;
        if !tables.suit(known) {
            return Err(StoreError::Damaged(format!(
                "the keyspace {} has tables of version {found}; this program knows them up to \
                 version {known}: run the newer program",
                options.keyspace
            )));
        }
        if found > known {
            let note = "a newer Starling has changed the tables; this one can work with them";
            tracing::warn!(found, known, "{note}");
        }
        if found >= known {
            // Whoever made the keyspace, this session has to know how it is replicated.
            let refreshed = session.refresh_metadata().await;
            refreshed.map_err(|error| StoreError::Unavailable(format!("{error}.")))?;
            return Ok(found);
        }
        if schema.lock().await? {
            let result = schema.steps(steps).await;
            schema.unlock().await?;
            result?;
        } else if began.elapsed() > WAIT_FOR_OTHERS {
            let reason = "somebody else has been changing the tables for too long";
            return Err(StoreError::Unavailable(reason.to_owned()));
        } else {
            tokio::time::sleep(LOOK_AGAIN_AFTER).await;
        }
    }
}

/// How far the tables were brought. Changes nothing.
pub(super) async fn found(session: &Session, options: &ScyllaOptions) -> StoreResult<Tables> {
    let schema = Schema { session, keyspace: &options.keyspace, me: Uuid::new_v4() };
    if !schema.has_table(&options.keyspace, "schema_versions").await? {
        return Ok(Tables::default());
    }
    schema.tables().await
}

/// One node's view of the keyspace's tables.
struct Schema<'a> {
    session: &'a Session,
    keyspace: &'a str,
    /// Who holds the lock, when it is this one.
    me: Uuid,
}

impl Schema<'_> {
    async fn run(&self, cql: &str) -> StoreResult<()> {
        let mut statement = Statement::new(qualified(self.keyspace, cql));
        statement.set_request_timeout(Some(STATEMENT_TIMEOUT));
        // Answered once all nodes agree about the tables.
        self.session.query_unpaged(statement, ()).await?;
        Ok(())
    }

    async fn rows(
        &self,
        cql: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> StoreResult<QueryRowsResult> {
        let mut statement = self.session.prepare(qualified(self.keyspace, cql)).await?;
        statement.set_request_timeout(Some(STATEMENT_TIMEOUT));
        let result = self.session.execute_unpaged(&statement, values).await?;
        result.into_rows_result().map_err(damaged)
    }

    /// Whether a transaction applied. One without an answer is asked again by whoever loops.
    async fn decide(
        &self,
        cql: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> StoreResult<bool> {
        let rows = self.rows(cql, values).await?;
        let row = rows.first_row::<Row>().map_err(damaged)?;
        Ok(matches!(row.columns.first(), Some(Some(CqlValue::Boolean(true)))))
    }

    async fn has_keyspace(&self, name: &str) -> StoreResult<bool> {
        let cql = "SELECT keyspace_name FROM system_schema.keyspaces WHERE keyspace_name = ?";
        Ok(self.rows(cql, (name,)).await?.rows_num() > 0)
    }

    async fn has_table(&self, keyspace: &str, table: &str) -> StoreResult<bool> {
        let cql = "SELECT table_name FROM system_schema.tables \
                   WHERE keyspace_name = ? AND table_name = ?";
        Ok(self.rows(cql, (keyspace, table)).await?.rows_num() > 0)
    }

    async fn has_tables(&self, keyspace: &str) -> StoreResult<bool> {
        for (table, _) in BOOTSTRAP {
            if !self.has_table(keyspace, table).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a statement adds a column that is there: CQL has no `IF NOT EXISTS` for it everywhere.
    async fn is_done(&self, statement: &str) -> StoreResult<bool> {
        let mut words = statement.split_whitespace();
        let ("ALTER", "TABLE", Some(table), "ADD", Some(column)) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
            words.next(),
            words.next().unwrap_or_default(),
            words.next(),
        ) else {
            return Ok(false);
        };
        let cql = "SELECT column_name FROM system_schema.columns \
                   WHERE keyspace_name = ? AND table_name = ? AND column_name = ?";
        Ok(self.rows(cql, (self.keyspace, table, column)).await?.rows_num() > 0)
    }

    async fn make_keyspace(&self, options: &ScyllaOptions) -> StoreResult<()> {
        let datacenter = if let Some(datacenter) = &options.datacenter {
            datacenter.clone()
        } else {
            let rows = self.rows("SELECT data_center FROM system.local", ()).await?;
            rows.single_row::<(String,)>().map_err(damaged)?.0
        };
        // Only ScyllaDB has this table. Its tablets have refused lightweight transactions in several
        // releases.
        let is_scylla = self.has_table("system", "versions").await?;
        // Not a table: it is named as it stands.
        let mut statement = Statement::new(keyspace(options, &datacenter, is_scylla));
        statement.set_request_timeout(Some(STATEMENT_TIMEOUT));
        self.session.query_unpaged(statement, ()).await?;
        Ok(())
    }

    async fn tables(&self) -> StoreResult<Tables> {
        let versions = self.rows("SELECT version FROM schema_versions", ()).await?;
        // Read after the steps, whose lines are written after these.
        let mut oldest = HashMap::new();
        if self.has_table(self.keyspace, "schema_compatibility").await? {
            let rows = self.rows("SELECT version, oldest FROM schema_compatibility", ()).await?;
            for row in rows.rows::<(i32, i32)>().map_err(damaged)? {
                let (version, program) = row.map_err(damaged)?;
                oldest.insert(version, program as u32);
            }
        }
        let mut tables = Tables::default();
        for row in versions.rows::<(i32,)>().map_err(damaged)? {
            let (version,) = row.map_err(damaged)?;
            let number = version as u32;
            tables = tables.after(number, oldest.get(&version).copied().unwrap_or(number));
        }
        Ok(tables)
    }

    async fn lock(&self) -> StoreResult<bool> {
        let cql = format!(
            "INSERT INTO schema_lock (name, owner) VALUES ('schema', ?) IF NOT EXISTS \
             USING TTL {LEASE_S}"
        );
        self.decide(&cql, (self.me,)).await
    }

    /// Fails where the lock ran out and went to somebody else.
    async fn renew(&self) -> StoreResult<()> {
        let cql = format!(
            "UPDATE schema_lock USING TTL {LEASE_S} SET owner = ? WHERE name = 'schema' \
             IF owner = ?"
        );
        if self.decide(&cql, (self.me, self.me)).await? {
            return Ok(());
        }
        Err(StoreError::Unavailable("the lock on the tables ran out".to_owned()))
    }

    async fn unlock(&self) -> StoreResult<()> {
        let cql = "DELETE FROM schema_lock WHERE name = 'schema' IF owner = ?";
        self.decide(cql, (self.me,)).await.map(drop)
    }

    async fn steps(&self, steps: &[Step]) -> StoreResult<()> {
        let done = self.tables().await?.version;
        for (step, number) in steps.iter().zip(1..).skip(done as usize) {
            for statement in statements(step.code) {
                self.renew().await?;
                if !self.is_done(&statement).await? {
                    self.run(&statement).await?;
                }
            }
            self.renew().await?;
            // Before the step counts, so that nobody finds it without.
            let cql = "INSERT INTO schema_compatibility (version, oldest) VALUES (?, ?)";
            self.note(cql, (number, step.oldest as i32)).await?;
            let cql = "INSERT INTO schema_versions (version, applied_by) VALUES (?, ?)";
            self.note(cql, (number, self.me)).await?;
            tracing::info!(schema.version = number, "the tables were brought up to date");
        }
        Ok(())
    }

    async fn note(
        &self,
        cql: &str,
        values: impl scylla::serialize::row::SerializeRow,
    ) -> StoreResult<()> {
        let mut insert = self.session.prepare(qualified(self.keyspace, cql)).await?;
        insert.set_is_idempotent(true);
        self.session.execute_unpaged(&insert, values).await?;
        Ok(())
    }
}

pub(super) fn keyspace(options: &ScyllaOptions, datacenter: &str, is_scylla: bool) -> String {
    let datacenter = datacenter.replace('\'', "''");
    let mut cql = format!(
        "CREATE KEYSPACE IF NOT EXISTS {} WITH replication = \
         {{'class': 'NetworkTopologyStrategy', '{datacenter}': {}}}",
        options.keyspace, options.replication
    );
    if is_scylla {
        cql.push_str(" AND tablets = {'enabled': false}");
    }
    cql
}

/// The statements of a step, without comments.
pub(super) fn statements(step: &str) -> Vec<String> {
    let code: Vec<_> = step.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    let code = code.join("\n");
    let statements = code.split(';').map(str::trim).filter(|statement| !statement.is_empty());
    statements.map(ToOwned::to_owned).collect()
}
