//! Every statement and every table, read as text: what `ScyllaDB` lacks, and what we do without.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::store::scylla::schema::{STEPS, bootstrap, statements};
use crate::store::scylla::{
    changes, facts, members, messages, people, public, reactions, rooms, sends, sessions,
    unpublished,
};

const FORBIDDEN: &[&str] = &[
    "ALLOW FILTERING",
    "CREATE INDEX",
    "CREATE CUSTOM INDEX",
    "SASI",
    "STORAGEATTACHED",
    "MATERIALIZED VIEW",
    "VECTOR<",
    "BEGIN TRANSACTION",
    "CREATE FUNCTION",
    "CREATE AGGREGATE",
    "COUNTER",
    " IN ",
    "MAXWRITETIME",
    "TO_UNIX_TIMESTAMP",
    "MASK_",
    "CAST(",
    "GROUP BY",
    " NOW()",
    "SELECT *",
    "BEGIN UNLOGGED",
];

fn all() -> Vec<(&'static str, String)> {
    let modules = [
        changes::Statements::ALL,
        facts::Statements::ALL,
        members::Statements::ALL,
        messages::Statements::ALL,
        people::Statements::ALL,
        public::Statements::ALL,
        reactions::Statements::ALL,
        rooms::Statements::ALL,
        sends::Statements::ALL,
        sessions::Statements::ALL,
        unpublished::Statements::ALL,
    ];
    let own = modules.concat().into_iter().map(|(kind, cql)| (kind, cql.to_owned()));
    let tables = STEPS.iter().flat_map(|step| statements(step.code)).chain(bootstrap("chat"));
    own.chain(tables.map(|cql| ("Table", cql))).collect()
}

/// The columns of each table's partition key.
fn partition_keys() -> HashMap<String, Vec<String>> {
    let tables = STEPS.iter().flat_map(|step| statements(step.code));
    tables
        .map(|cql| {
            let name = cql.split_whitespace().nth(5).expect("CREATE TABLE IF NOT EXISTS name");
            let key = if let Some((_, key)) = cql.split_once("PRIMARY KEY (") {
                // A key of several columns stands in braces of its own.
                let (key, end) = key.strip_prefix('(').map_or((key, ','), |key| (key, ')'));
                key.split([end, ')']).next().unwrap_or_default().to_owned()
            } else {
                let line = cql.lines().find(|line| line.contains("PRIMARY KEY"));
                let line = line.expect("every table has a key");
                line.split_whitespace().next().unwrap_or_default().to_owned()
            };
            let key = key.split(',').map(|column| column.trim().to_owned()).collect();
            (name.to_owned(), key)
        })
        .collect()
}

#[test]
fn nothing_is_used_that_scylladb_lacks_or_that_we_do_without() {
    let all = all();
    assert!(all.len() > 70, "{} statements were found", all.len());
    for (_, cql) in &all {
        let upper = cql.to_uppercase();
        for word in FORBIDDEN {
            assert!(!upper.contains(word), "{word} in {cql}");
        }
    }
}

#[test]
fn every_statement_names_one_whole_partition() {
    let keys = partition_keys();
    assert!(keys.len() > 15);
    // What goes over a whole table is only ever run by hand.
    for (kind, cql) in all().iter().filter(|(kind, _)| !matches!(*kind, "Table" | "Scan")) {
        for part in cql.split(';').filter(|part| part.contains("WHERE")) {
            let words: Vec<_> = part.split_whitespace().collect();
            let at = words.iter().rposition(|word| matches!(*word, "FROM" | "UPDATE"));
            let table = at.and_then(|at| keys.get_key_value(words[at + 1]));
            let (table, key) = table.unwrap_or_else(|| panic!("no table in {cql}"));
            for column in key {
                let condition = part.split_once("WHERE").map_or("", |(_, rest)| rest);
                let named = [" = ?", " = 0"]
                    .iter()
                    .any(|equals| condition.contains(&format!(" {column}{equals}")));
                assert!(named, "{table}.{column} in {kind} {cql}");
            }
        }
        assert_eq!(*kind == "Decision", cql.contains(" IF "), "{kind} {cql}");
    }
}

#[test]
fn every_table_says_how_large_a_partition_gets_and_what_deletes_cost() {
    for step in STEPS {
        let mut comment = String::new();
        for line in step.code.lines() {
            if let Some(text) = line.strip_prefix("--") {
                comment.push_str(text);
            } else if let Some(table) = line.strip_prefix("CREATE TABLE ") {
                for word in ["Partition: ", "Deletes: "] {
                    assert!(comment.contains(word), "{word} is not said of {table}");
                }
                comment.clear();
            } else if line.is_empty() {
                comment.clear();
            }
        }
    }
}

#[test]
fn rows_are_read_page_by_page_and_by_prepared_statements() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/scylla");
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // Here alone they are run: one reads its pages, the others the few rows about the schema and
        // the servers.
        let run = ["db.rs", "examine.rs", "schema.rs", "tests.rs"];
        if path.is_dir() || run.contains(&name.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a readable file");
        for call in [".query_", ".execute_", ".batch(", ".prepare("] {
            assert!(!text.contains(call), "{call} in {name}");
        }
    }
}
