//! TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ProtocolVersion, RootCertStore};
use starling_servers::{Certificate, Nginx};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use crate::node;

/// A client that trusts this authority.
async fn connect(to: SocketAddr, trusts: &Certificate) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(trusts.authority()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.unwrap().with_root_certificates(roots).with_no_client_auth();
    let tcp = TcpStream::connect(to).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_and_sockets_go_through_tls() {
    let (node, certificate) = (node(&[]), Certificate::for_loopback());
    let nginx = Nginx::before_with_tls(&[node.address()], &certificate);

    let mut stream = connect(nginx.address(), &certificate).await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(ProtocolVersion::TLSv1_3));
    let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    // nginx may close without a farewell.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    assert!(answer.contains("Strict-Transport-Security: max-age=31536000"), "{answer}");

    let stream = connect(nginx.address(), &certificate).await.unwrap();
    let mut request = "wss://localhost/api/v1/socket".into_client_request().unwrap();
    let protocol = HeaderValue::from_static("starling.v1");
    request.headers_mut().insert("sec-websocket-protocol", protocol);
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
    socket.send(Message::text("{}")).await.unwrap();
    assert!(socket.next().await.unwrap().is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_a_browser_keeps_its_session_for_https_alone() {
    let (node, certificate) = (node(&[]), Certificate::for_loopback());
    let nginx = Nginx::before_with_tls(&[node.address()], &certificate);
    let mut stream = connect(nginx.address(), &certificate).await.unwrap();
    let body =
        r#"{"username":"ada","email":"ada@example.org","password":"correct horse","cookie":true}"#;
    let request = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nhost: localhost\r\norigin: https://localhost\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // nginx may close without a farewell.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let cookie = answer.lines().find(|line| line.to_lowercase().starts_with("set-cookie: "));
    let cookie = cookie.expect("a cookie");
    for attribute in ["; Secure", "; HttpOnly", "; SameSite=Strict"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_trusts_another_authority_does_not_connect() {
    let certificate = Certificate::for_loopback();
    let nginx = Nginx::before_with_tls(&["127.0.0.1:1".parse().unwrap()], &certificate);
    assert!(connect(nginx.address(), &certificate).await.is_ok());
    assert!(connect(nginx.address(), &Certificate::for_loopback()).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn http_leads_to_https() {
    let certificate = Certificate::for_loopback();
    let nginx = Nginx::before_with_tls(&["127.0.0.1:1".parse().unwrap()], &certificate);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build();
    let url = format!("http://{}/api/v1/rooms?kind=public", nginx.plain_address());
    let reply = client.unwrap().post(url).send().await.unwrap();
    assert_eq!(reply.status(), 308);
    assert_eq!(reply.headers()["location"], "https://127.0.0.1/api/v1/rooms?kind=public");
}
