//! Passwords and tokens. Pure, but for the key file and the threads that hash.

pub mod keys;
pub mod passwords;
pub mod tokens;
