//! Starling, a chat server. From the bottom to the top:

pub mod observe;
pub mod protocol;
pub mod report;
pub mod stops;
pub mod trace;

pub mod domain;

pub mod bus;
pub mod store;

pub mod auth;
pub mod hub;

pub mod relay;
pub mod service;

pub mod http;
pub mod ws;

pub mod app;
pub mod backup;
pub mod config;
pub mod doctor;
pub mod documents;
pub mod health;
pub mod transfer;
