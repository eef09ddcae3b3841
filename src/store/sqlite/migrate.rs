//! The schema, step by step. A data file's `user_version` says how many of the steps it has, and above
//! 16 bits which is the oldest program that can work with it: 0 for the one that knows them all.

use rusqlite::Connection;

use crate::store::steps::{Step, Tables};

/// Says that a file is ours: "Strl", in the header's field for it.
pub(super) const APPLICATION_ID: u32 = 0x5374_726c;

/// Step `n` stands at place `n - 1`. Programs before step 2 don't know that they may use newer data.
pub(super) const STEPS: &[Step] = &[
    Step { code: include_str!("../../../schema/sqlite/0001_initial.sql"), oldest: 1 },
    Step { code: include_str!("../../../schema/sqlite/0002_unpublished.sql"), oldest: 2 },
];

/// The version that this program writes.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// What a file's `user_version` says.
pub(super) fn tables(user_version: u32) -> Tables {
    let (oldest, version) = (user_version >> 16, user_version & 0xffff);
    Tables { version, oldest: if oldest == 0 { version } else { oldest } }
}

fn user_version(tables: Tables) -> u32 {
    let Tables { version, oldest } = tables;
    if oldest == version { version } else { (oldest << 16) | version }
}

/// Brings the data up to date; each step is done whole or not at all. Data that has more steps than
/// this program knows stays as it is.
pub(super) fn run(connection: &mut Connection, tables: Tables) -> rusqlite::Result<()> {
    run_steps(connection, tables, STEPS)
}

pub(super) fn run_steps(
    connection: &mut Connection,
    mut tables: Tables,
    steps: &[Step],
) -> rusqlite::Result<()> {
    for (step, number) in steps.iter().zip(1..).skip(tables.version as usize) {
        tables = tables.after(number, step.oldest);
        let transaction = connection.transaction()?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.execute_batch(step.code)?;
        transaction.pragma_update(None, "user_version", user_version(tables))?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_says_the_steps_and_the_oldest_program() {
        for (number, version, oldest) in [(0, 0, 0), (2, 2, 2), (0x0002_0003, 3, 2)] {
            assert_eq!(tables(number), Tables { version, oldest });
            assert_eq!(user_version(Tables { version, oldest }), number);
        }
    }
}
