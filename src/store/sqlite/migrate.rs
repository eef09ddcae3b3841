//! The schema, step by step. A data file's `user_version` says how many of the steps it has.

use rusqlite::Connection;

/// Says that a file is ours: "Strl", in the header's field for it.
pub(super) const APPLICATION_ID: u32 = 0x5374_726c;

/// Step `n` stands at place `n - 1`. A step that was released never changes.
const STEPS: &[&str] = &[
    include_str!("../../../schema/sqlite/0001_initial.sql"),
    include_str!("../../../schema/sqlite/0002_unpublished.sql"),
];

/// The version that this program writes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// Brings the data from `version` to [`VERSION`]; each step is done whole or not at all.
pub(super) fn run(connection: &mut Connection, version: u32) -> rusqlite::Result<()> {
    for (step, number) in STEPS.iter().zip(1..).skip(version as usize) {
        let transaction = connection.transaction()?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}
