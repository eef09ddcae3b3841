//! A certificate for this machine, and the authority that signed it, made for the run.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

use crate::guardian;

/// Files in PEM. They are there as long as a clone is.
#[derive(Clone, Debug)]
pub struct Certificate {
    folder: Arc<TempDir>,
}

impl Certificate {
    /// One for `localhost` and 127.0.0.1.
    pub fn for_loopback() -> Self {
        Self::new(&["localhost", "127.0.0.1"])
    }

    /// One for these host names and addresses.
    pub fn new(names: &[&str]) -> Self {
        let folder = guardian::folder("certificate");
        let key = || KeyPair::generate().expect("a key can be made");
        let names = names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();

        let mut authority = CertificateParams::default();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.distinguished_name.push(DnType::CommonName, "Starling's tests");
        let authority_key = key();
        let signed = authority.self_signed(&authority_key).expect("what was set is allowed");
        let authority = Issuer::new(authority, authority_key);

        let own_key = key();
        let own = CertificateParams::new(names).expect("names of hosts");
        let own = own.signed_by(&own_key, &authority).expect("what was set is allowed");

        for (file, text) in [
            ("authority.pem", signed.pem()),
            ("certificate.pem", own.pem()),
            ("key.pem", own_key.serialize_pem()),
        ] {
            fs::write(folder.path().join(file), text).expect("a file can be written");
        }
        Self { folder: Arc::new(folder) }
    }

    /// What a client trusts.
    pub fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("certificate.pem")
    }

    pub fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }
}
