//! Asks a server on this machine whether it is ready: for an image without a shell or `curl`.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, ensure};

const WITHIN: Duration = Duration::from_secs(4);

/// Fails where it is not ready, with what it says instead.
pub fn ask(listen: SocketAddr) -> anyhow::Result<()> {
    let address = SocketAddr::new(reachable(listen.ip()), listen.port());
    let mut connection = TcpStream::connect_timeout(&address, WITHIN)
        .with_context(|| format!("nobody listens on {address}"))?;
    connection.set_read_timeout(Some(WITHIN))?;
    write!(
        connection,
        "GET /health/ready HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).context("it didn't answer")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("the answer is no HTTP")?;
    ensure!(head.starts_with("HTTP/1.1 200 "), "{}", body.trim());
    Ok(())
}

/// Who listens on every address is reached on this machine's own.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(address) if address.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(address) if address.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        address => address,
    }
}
