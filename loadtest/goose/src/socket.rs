//! One client's WebSocket, as `docs/protocol.md` describes it.

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use starling_loadtest::wire::{self, ServerFrame};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    commands: u64,
}

impl Socket {
    /// Ready when everything that was missed has come. What goes wrong is told as a sentence.
    pub async fn open(server: &str, token: &str) -> Result<Self, String> {
        let address = format!("{}/api/v1/socket", server.trim_end_matches('/'));
        let address = address.replacen("http", "ws", 1);
        let mut request = address.into_client_request().map_err(|error| error.to_string())?;
        let protocol = HeaderValue::from_static("starling.v1");
        request.headers_mut().insert("sec-websocket-protocol", protocol);
        let (stream, _) = connect_async(request).await.map_err(|error| error.to_string())?;
        let mut socket = Self { stream, commands: 0 };
        socket.say(json!({"type": "hello", "token": token, "idle": false})).await?;
        loop {
            match socket.next().await? {
                ServerFrame::CaughtUp { .. } => return Ok(socket),
                ServerFrame::Error { error, .. } => return Err(error.detail),
                _ => {}
            }
        }
    }

    /// Sends a command, and gives the number that its answer will carry.
    pub async fn say(&mut self, mut command: Value) -> Result<u64, String> {
        self.commands += 1;
        command["id"] = self.commands.into();
        self.send(command.to_string()).await?;
        Ok(self.commands)
    }

    /// The next frame; heartbeats are answered here. Nothing is lost where this is given up before
    /// it is done.
    pub async fn next(&mut self) -> Result<ServerFrame, String> {
        loop {
            let message = match self.stream.next().await {
                Some(Ok(message)) => message,
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the connection ended".to_owned()),
            };
            match message {
                Message::Text(text) => {
                    let frame = wire::parse(text.as_bytes());
                    let frame = frame.ok_or_else(|| "a frame that is none".to_owned())?;
                    if let ServerFrame::Heartbeat { .. } = frame {
                        self.send(r#"{"type":"heartbeat"}"#.to_owned()).await?;
                        continue;
                    }
                    return Ok(frame);
                }
                Message::Close(Some(close)) => {
                    let code = u16::from(close.code);
                    return Err(format!("closed with code {code}: {}", close.reason));
                }
                _ => {}
            }
        }
    }

    pub async fn close(&mut self) {
        // It may be closed already.
        let _ = self.stream.close(None).await;
    }

    async fn send(&mut self, text: String) -> Result<(), String> {
        self.stream.send(Message::text(text)).await.map_err(|error| error.to_string())
    }
}
