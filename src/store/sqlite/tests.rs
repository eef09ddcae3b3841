//! The contract on the embedded store, and what only this store promises.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempDir;

use super::{SqliteOptions, SqliteStore};
use crate::store::Store;
use crate::store::contract::contract_tests;

fn open(folder: &Path) -> SqliteStore {
    SqliteStore::open(&SqliteOptions::new(folder)).expect("the data opens")
}

/// A new store, and the folder that it lives in.
fn fresh() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().expect("a folder for the test");
    (Arc::new(open(folder.path())), folder)
}

contract_tests!(fresh);
