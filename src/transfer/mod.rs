//! People, conversations and messages as a file of JSON lines, out of one store and into another.
//!
//! What stands in a line is in [`line`]; `docs/export.md` tells it to others. Both directions may be
//! ended at any moment and begun again: an export goes on from what its file holds, an import writes
//! nothing that is there already. It knows the trait of a store, and none that implements it.

mod export;
mod import;
mod line;
mod progress;

pub use self::export::Export;
pub use self::import::import;

/// Calls to the store under way at once, where they are one for each person.
const CONCURRENT: usize = 16;
