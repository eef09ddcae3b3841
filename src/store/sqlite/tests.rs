//! The contract on the embedded store, and what only this store promises.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{SqliteOptions, SqliteStore};
use crate::store::Store;
use crate::store::contract::{Stage, contract_tests};

mod children;
mod durability;
mod expiry;
mod opening;
pub(super) mod plans;
mod threads;
mod upgrade;

fn folder() -> TempDir {
    TempDir::new().expect("a folder for the test")
}

fn open(folder: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(SqliteOptions::new(folder)).expect("the data opens"))
}

fn stage(store: &Arc<SqliteStore>) -> Stage {
    Stage::new(store.clone())
}

/// A new store, and the folder that it lives in.
fn fresh() -> (Arc<dyn Store>, TempDir) {
    let folder = folder();
    (open(folder.path()), folder)
}

contract_tests!(fresh);
