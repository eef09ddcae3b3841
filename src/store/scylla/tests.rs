//! The contract on a real server, and what only a store that is shared by nodes promises.

use std::sync::{Arc, LazyLock, OnceLock};

use tokio::runtime::Runtime;
use uuid::Uuid;

use super::{ScyllaOptions, ScyllaStore};
use crate::store::Store;
use crate::store::contract::{Stage, contract_tests};

/// Sessions outlive the tests that use them, each of which has a runtime of its own.
static BACKGROUND: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime starts")
});

/// Where the server is that the tests share.
fn server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| std::env::var("STARLING_TEST_CQL").expect("a server"))
}

/// A keyspace of the test run's own.
fn options(keyspace: &str) -> ScyllaOptions {
    ScyllaOptions { replication: 1, ..ScyllaOptions::new(vec![server().to_owned()], keyspace) }
}

fn unique_keyspace() -> String {
    format!("test_{}", Uuid::new_v4().simple())
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
        let connect = |options| async { ScyllaStore::connect(options).await.map(Arc::new) };
        let (one, other) = (options(&keyspace), options(&keyspace));
        in_background(async move {
            let one = connect(one).await.expect("the first node connects");
            [one, connect(other).await.expect("the second node connects")]
        })
    })
}

fn fresh() -> (Arc<dyn Store>, ()) {
    (nodes()[0].clone(), ())
}

contract_tests!(fresh);
