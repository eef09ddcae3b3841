//! The contract on a real server, and what only a store that is shared by nodes promises.

use std::sync::{Arc, LazyLock, OnceLock};

use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{ScyllaOptions, ScyllaStore};
use crate::store::Store;
use crate::store::contract::{Stage, contract_tests};

mod cluster;
mod nodes;
mod retries;
mod schema;
mod statements;

/// Sessions outlive the tests that use them, each of which has a runtime of its own.
static BACKGROUND: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts")
});

/// Where the server is that the tests share.
fn server() -> Vec<String> {
    starling_servers::cql_for_tests().to_vec()
}

/// A keyspace of the test run's own.
fn options(keyspace: &str) -> ScyllaOptions {
    ScyllaOptions { replication: 1, ..ScyllaOptions::new(server(), keyspace) }
}

fn unique_keyspace() -> String {
    format!("test_{}", Uuid::new_v4().simple())
}

async fn drop_keyspace(store: &ScyllaStore, keyspace: &str) {
    let cql = format!("DROP KEYSPACE {keyspace}");
    let mut statement = scylla::statement::Statement::new(cql);
    statement.set_request_timeout(Some(std::time::Duration::from_secs(20)));
    store.db.session.query_unpaged(statement, ()).await.expect("it is dropped");
}

/// Runs where the sessions live, whatever runtime asks.
fn in_background<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    let (done, wait) = std::sync::mpsc::channel();
    BACKGROUND.spawn(async move {
        let _ = done.send(work.await);
    });
    wait.recv().expect("it ends")
}

/// Two nodes' stores on the keyspace that the whole run shares.
fn nodes() -> &'static [Arc<ScyllaStore>; 2] {
    static NODES: OnceLock<[Arc<ScyllaStore>; 2]> = OnceLock::new();
    NODES.get_or_init(|| {
        let keyspace = unique_keyspace();
        // A server that has only just begun to listen may still refuse.
        let connect = async |options: ScyllaOptions| {
            for _ in 0..50 {
                if let Ok(store) = ScyllaStore::connect(options.clone()).await {
                    return Ok(Arc::new(store));
                }
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            ScyllaStore::connect(options).await.map(Arc::new)
        };
        let (one, other) = (options(&keyspace), options(&keyspace));
        in_background(async move {
            let one = connect(one).await.expect("the first node connects");
            [one, connect(other).await.expect("the second node connects")]
        })
    })
}

/// Both of them as the contract's stages.
fn stages() -> [Stage; 2] {
    nodes().each_ref().map(|store| Stage::new(store.clone()))
}

fn fresh() -> (Arc<dyn Store>, ()) {
    (nodes()[0].clone(), ())
}

contract_tests!(fresh);
