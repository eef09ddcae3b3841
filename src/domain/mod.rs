//! What is allowed: names, texts, roles and permissions, pages and buckets, presence, limits.
//!
//! Pure functions. Time and randomness are passed in; nothing here waits, reads or writes.

pub mod clock;
pub mod cursor;
pub mod history;
pub mod names;
pub mod network;
pub mod permissions;
pub mod presence;
pub mod rules;
pub mod text;
pub mod window;
