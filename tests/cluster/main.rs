//! Two nodes on a real Redis and a real CQL server, driven over real sockets.

#[path = "../node/support/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the tests of one node use all of it")]
mod support;

mod costs;
mod doctor;
mod rig;
mod rules;
mod traces;
