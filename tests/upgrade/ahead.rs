//! The tables of the version after this one, which is not written yet: a step is made up, as its `migrate`
//! would do it while nodes of this version go on.

use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use starling_servers::cql_for_tests;

use crate::chat::chat;
use crate::{THREE_NODES, cluster, current, keyspace, migrate, replace};

/// Changes that a next version may make, and says so.
const ADDS: &[&str] = &[
    "ALTER TABLE messages ADD ahead text",
    "ALTER TABLE rooms ADD ahead text",
    "ALTER TABLE rooms_by_user ADD ahead text",
    "ALTER TABLE changes ADD ahead text",
    "CREATE TABLE ahead (id uuid PRIMARY KEY)",
];

struct Tables {
    runtime: tokio::runtime::Runtime,
    session: Session,
}

impl Tables {
    fn of(keyspace: &str) -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime starts");
        let session = runtime.block_on(async {
            let session = SessionBuilder::new().known_nodes(cql_for_tests()).build().await;
            let session = session.expect("the server answers");
            session.use_keyspace(keyspace, false).await.expect("the keyspace is there");
            session
        });
        Self { runtime, session }
    }

    fn run(&self, cql: &str) {
        let done = self.runtime.block_on(self.session.query_unpaged(cql, ()));
        done.unwrap_or_else(|error| panic!("{cql}: {error}"));
    }

    fn version(&self) -> i32 {
        let cql = "SELECT version FROM schema_versions";
        let rows = self.runtime.block_on(self.session.query_unpaged(cql, ()));
        let rows = rows.expect("it is answered").into_rows_result().expect("rows");
        let versions = rows.rows::<(i32,)>().expect("numbers").map(|row| row.expect("a number").0);
        versions.max().expect("the tables have a version")
    }

    /// One more step, whose result programs from `oldest` on can work with.
    fn step(&self, version: i32, oldest: i32) {
        self.run(&format!(
            "INSERT INTO schema_compatibility (version, oldest) VALUES ({version}, {oldest})"
        ));
        self.run(&format!("INSERT INTO schema_versions (version) VALUES ({version})"));
    }
}

#[test]
#[ignore = "takes a minute: make test-upgrade"]
fn nodes_go_on_and_are_restarted_on_the_tables_of_the_next_version() {
    let mut cluster = cluster(current(), "ahead");
    let options = cluster.node_options();
    let tables = Tables::of(&keyspace("ahead"));
    let version = tables.version();
    chat("tables one step ahead", cluster.nginx_address(), THREE_NODES, || {
        for cql in ADDS {
            tables.run(cql);
        }
        tables.step(version + 1, version);
        let (migrated, said) = migrate(&options);
        assert!(migrated && said.contains(&format!("version {}", version + 1)), "{said}");
        // One crashes in the middle of the upgrade; the others are told to stop.
        cluster.nodes[0].kill();
        cluster.nodes[0].restart();
        for node in &mut cluster.nodes[1..] {
            replace(node, &options);
        }
    });
    tables.step(version + 2, version + 2);
    let (migrated, said) = migrate(&options);
    assert!(!migrated && said.contains("run the newer program"), "{said}");
}
