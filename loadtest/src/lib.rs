//! What the load tests of a Starling server share: frames of WebSocket and what they
//! say, histograms, and how a run's result is told. Knows no sockets.

pub mod frame;
pub mod histogram;
pub mod report;
pub mod rng;
pub mod wire;
