//! What the load tests of a Starling server share: what the server's frames say, histograms, and how
//! a run's result is told. Knows no sockets.

pub mod histogram;
pub mod report;
pub mod rng;
pub mod wire;
