//! Looks at how each statement that any test runs would be carried out: no table is read whole, and
//! what can be long is not sorted.

use std::cell::RefCell;
use std::collections::HashSet;

use rusqlite::Connection;

/// What has few rows for each key: one person's reactions to one message, the people who reacted to
/// it, a piece of what expires.
const SORTED_IN_MEMORY: &[&str] = &["ORDER BY version", "SELECT DISTINCT user_id FROM reactions"];

thread_local! {
    static SEEN: RefCell<HashSet<String>> = RefCell::default();
}

pub(crate) fn check(connection: &Connection, sql: &str) {
    if !SEEN.with_borrow_mut(|seen| seen.insert(sql.to_owned())) {
        return;
    }
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("it is SQL");
    // Unbound parameters are NULL, which changes no plan.
    let mut rows = plan.raw_query();
    while let Some(row) = rows.next().expect("a plan has rows") {
        let step: String = row.get(3).expect("its fourth column says what is done");
        let whole =
            step.starts_with("SCAN") && !step.starts_with("SCAN (") && step != "SCAN CONSTANT ROW";
        let sorts = step.starts_with("USE TEMP B-TREE")
            && !SORTED_IN_MEMORY.iter().any(|known| sql.contains(known));
        assert!(!whole && !sorts, "{step}: {sql}");
    }
}
