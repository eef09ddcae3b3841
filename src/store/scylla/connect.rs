//! The session with the cluster.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::policies::speculative_execution::SimpleSpeculativeExecutionPolicy;
use scylla::statement::{Consistency, SerialConsistency};

use crate::store::{StoreError, StoreResult};

/// How long one statement may take, with the driver's own repetitions.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(2);

/// A statement that may be repeated is sent to another node as well when the first one has not answered
/// for so long: ten times what a slow answer takes, so that it costs next to nothing while all is well.
const ASK_ANOTHER_AFTER: Duration = Duration::from_millis(250);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// A node that is stopped keeps its connections open. It is found out after these two together.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(3);
const KEEP_ALIVE_WITHIN: Duration = Duration::from_secs(3);

/// Where the cluster is, and whose keyspace.
#[derive(Clone)]
pub struct ScyllaOptions {
    /// Some nodes, `HOST:PORT`; the others are found by them.
    pub nodes: Vec<String>,
    /// Small letters, digits and underscores. Made where it is missing.
    pub keyspace: String,
    /// Copies of each row, in a keyspace that is made.
    pub replication: u8,
    /// Whose nodes are asked; `None`: the one of the first node that answers.
    pub datacenter: Option<String>,
    /// Who logs in, and their password.
    pub login: Option<(String, String)>,
    /// A PEM file with the authority that signed the nodes' certificates. With it, TLS is used.
    pub ca: Option<PathBuf>,
}

impl ScyllaOptions {
    /// A keyspace on these nodes, with three copies, without TLS or a password.
    pub fn new(nodes: Vec<String>, keyspace: impl Into<String>) -> Self {
        let keyspace = keyspace.into();
        Self { nodes, keyspace, replication: 3, datacenter: None, login: None, ca: None }
    }
}

/// Without the password.
impl std::fmt::Debug for ScyllaOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScyllaOptions")
            .field("nodes", &self.nodes)
            .field("keyspace", &self.keyspace)
            .field("replication", &self.replication)
            .field("datacenter", &self.datacenter)
            .field("user", &self.login.as_ref().map(|(user, _)| user))
            .field("ca", &self.ca)
            .finish()
    }
}

/// Connects. No keyspace is in use: every statement names its own.
pub(super) async fn session(options: &ScyllaOptions) -> StoreResult<Session> {
    let mut policy = DefaultPolicy::builder().token_aware(true);
    if let Some(datacenter) = &options.datacenter {
        policy = policy.prefer_datacenter(datacenter.clone());
    }
    let profile = ExecutionProfile::builder()
        .consistency(Consistency::LocalQuorum)
        .serial_consistency(Some(SerialConsistency::LocalSerial))
        .request_timeout(Some(REQUEST_TIMEOUT))
        .load_balancing_policy(policy.build())
        .speculative_execution_policy(Some(Arc::new(SimpleSpeculativeExecutionPolicy {
            max_retry_count: 1,
            retry_interval: ASK_ANOTHER_AFTER,
        })))
        .build();
    let mut builder = SessionBuilder::new()
        .known_nodes(&options.nodes)
        .default_execution_profile_handle(profile.into_handle())
        .connection_timeout(CONNECT_TIMEOUT)
        .keepalive_interval(KEEP_ALIVE_EVERY)
        .keepalive_timeout(KEEP_ALIVE_WITHIN)
        .tcp_nodelay(true)
        // How the keyspace is replicated says which nodes to ask; no more of it is needed.
        .keyspaces_to_fetch([&options.keyspace])
        .fetch_full_schema_metadata(false);
    if let Some((user, password)) = &options.login {
        builder = builder.user(user, password);
    }
    if let Some(ca) = &options.ca {
        builder = builder.tls_context(Some(tls(ca)?));
    }
    builder.build().await.map_err(|error| StoreError::Unavailable(format!("{error}.")))
}

fn tls(ca: &Path) -> StoreResult<Arc<rustls::ClientConfig>> {
    let failed = |error: String| StoreError::Damaged(format!("{}: {error}.", ca.display()));
    let mut authorities = rustls::RootCertStore::empty();
    let certificates =
        CertificateDer::pem_file_iter(ca).map_err(|error| failed(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        authorities.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if authorities.is_empty() {
        return Err(failed("there is no certificate in it".to_owned()));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .with_root_certificates(authorities)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
