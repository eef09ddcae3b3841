//! Starling, a chat server. From the bottom to the top:

pub mod bus;
pub mod domain;
pub mod protocol;
pub mod store;
