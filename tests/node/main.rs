//! One node, over real sockets: what people and their clients see of it.
#![allow(clippy::unwrap_used, reason = "a test may fail anywhere")]

mod support;

mod accounts;
mod cookies;
mod edge;
mod faults;
mod messages;
mod poll;
mod reports;
mod resume;
mod rooms;
mod site;
mod socket;
mod tasks;
mod traces;
