//! The tables, step by step, applied by whichever node comes first.
//!
//! A row written by a lightweight transaction, with a TTL, is the lock: its owner renews it between
//! statements, and one that died loses it by itself. Each statement may be run again, so that whoever
//! comes next completes what was begun.

use std::time::{Duration, Instant};

use scylla::client::session::Session;
use scylla::response::query_result::QueryRowsResult;
use scylla::statement::Statement;
use scylla::value::{CqlValue, Row};
use uuid::Uuid;

use super::connect::ScyllaOptions;
use super::db::{damaged, qualified};
use crate::store::{StoreError, StoreResult};

/// Step `n` stands at place `n - 1`. A step that was released never changes.
pub(super) const STEPS: &[&str] = &[include_str!("../../../schema/scylla/0001_initial.cql")];

/// How long the lock is kept without being renewed: longer than any one statement takes.
const LEASE_S: u32 = 30;

/// The tables that say who may change the others.
const BOOTSTRAP: [(&str, &str); 2] = [
    ("schema_versions", "version int PRIMARY KEY, applied_by uuid"),
    ("schema_lock", "name text PRIMARY KEY, owner uuid"),
];

/// Namespace of the ids of those two (a random UUID, fixed for ever).
const TABLES: Uuid = Uuid::from_u128(0xa3f5_b0c2_7d1e_4c8a_9b36_1f0e_5d7c_2a41);

/// Two nodes that make a table at the same moment must make the same one: its id says so.
pub(super) fn bootstrap(keyspace: &str) -> [String; 2] {
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

/// Brings the keyspace up to this program's version; that version.
pub(super) async fn apply(session: &Session, options: &ScyllaOptions) -> StoreResult<u32> {
    apply_steps(session, options, STEPS).await
}

pub(super) async fn apply_steps(
    session: &Session,
    options: &ScyllaOptions,
    steps: &[&str],
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
    let version = steps.len() as u32;
    let began = Instant::now();
    loop {
        let found = schema.version().await?;
        if found > version {
            return Err(StoreError::Damaged(format!(
                "the keyspace {} has tables of version {found}; this program knows them up to \
                 version {version}: run the newer program",
                options.keyspace
            )));
        }
        if found == version {
            // Whoever made the keyspace, this session has to know how it is replicated.
            let known = session.refresh_metadata().await;
            known.map_err(|error| StoreError::Unavailable(format!("{error}.")))?;
            return Ok(version);
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

/// The version that the tables have, 0 where there are none. Changes nothing.
pub(super) async fn found(session: &Session, options: &ScyllaOptions) -> StoreResult<u32> {
    let schema = Schema { session, keyspace: &options.keyspace, me: Uuid::new_v4() };
    if !schema.has_tables(&options.keyspace).await? {
        return Ok(0);
    }
    schema.version().await
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
        Ok(self.has_table(keyspace, "schema_versions").await?
            && self.has_table(keyspace, "schema_lock").await?)
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

    async fn version(&self) -> StoreResult<u32> {
        let rows = self.rows("SELECT version FROM schema_versions", ()).await?;
        let mut newest = 0;
        for row in rows.rows::<(i32,)>().map_err(damaged)? {
            newest = newest.max(row.map_err(damaged)?.0 as u32);
        }
        Ok(newest)
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

    async fn steps(&self, steps: &[&str]) -> StoreResult<()> {
        let done = self.version().await?;
        for (step, number) in steps.iter().zip(1_u32..).skip(done as usize) {
            for statement in statements(step) {
                self.renew().await?;
                self.run(&statement).await?;
            }
            self.renew().await?;
            let cql = "INSERT INTO schema_versions (version, applied_by) VALUES (?, ?)";
            let mut insert = self.session.prepare(qualified(self.keyspace, cql)).await?;
            insert.set_is_idempotent(true);
            self.session.execute_unpaged(&insert, (number as i32, self.me)).await?;
            tracing::info!(schema.version = number, "the tables were brought up to date");
        }
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
