//! A pooler in session mode that drops the settings of a session, as PgBouncer does with
//! `ignore_startup_parameters = options`, or that refuses a parameter, as PgBouncer does without.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// The code of a request for TLS in place of a protocol version.
const TLS_REQUEST: u32 = 80_877_103;
/// The parameter of a session's start that has its settings.
const SETTINGS: &[u8] = b"options";

/// Forwards sessions to a port of this machine.
pub struct Pooler {
    address: SocketAddr,
    target: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Pooler {
    /// Drops the settings of sessions.
    pub async fn to(port: u16) -> Self {
        Self::with(port, None).await
    }

    /// Refuses sessions that start with this parameter.
    pub async fn refusing(parameter: &'static str, port: u16) -> Self {
        Self::with(port, Some(parameter)).await
    }

    async fn with(port: u16, refused: Option<&'static str>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let target = (Ipv4Addr::LOCALHOST, port).into();
        let accepting = tokio::spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                // A session that fails ends.
                sessions.spawn(async move { forward(client, target, refused).await.ok() });
            }
        });
        Self { address, target, accepting }
    }

    /// `url` with the address of the pooler in place of the server's.
    #[must_use]
    pub fn instead_of(&self, url: &str) -> String {
        url.replacen(&self.target.to_string(), &self.address.to_string(), 1)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn forward(mut client: TcpStream, target: SocketAddr, refused: Option<&str>) -> std::io::Result<()> {
    let mut start = read_message(&mut client).await?;
    if start.starts_with(&TLS_REQUEST.to_be_bytes()) {
        client.write_all(b"N").await?;
        start = read_message(&mut client).await?;
    }
    if let Some(parameter) = refused.filter(|parameter| texts(&start[4..]).any(|text| text == parameter.as_bytes())) {
        return client.write_all(&refusal(parameter)).await;
    }
    let mut server = TcpStream::connect(target).await?;
    let start = without_settings(&start);
    let length = u32::try_from(start.len() + 4).expect("a short message");
    server.write_all(&[&length.to_be_bytes(), &start[..]].concat()).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// The first message of a session, without its length.
async fn read_message(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let length = client.read_u32().await?;
    let mut message = vec![0; usize::try_from(length).expect("a short message") - 4];
    client.read_exact(&mut message).await?;
    Ok(message)
}

/// The message is the protocol version, pairs of a name and a value, and a zero. Each text ends
/// with a zero.
fn without_settings(message: &[u8]) -> Vec<u8> {
    let (version, parameters) = message.split_at(4);
    let texts: Vec<&[u8]> = texts(parameters).collect();
    let pairs = texts.chunks_exact(2).filter(|pair| !pair[0].is_empty() && pair[0] != SETTINGS);
    let kept = pairs.flat_map(|pair| [pair[0], &[0][..], pair[1], &[0][..]].concat());
    version.iter().copied().chain(kept).chain([0]).collect()
}

fn texts(parameters: &[u8]) -> impl Iterator<Item = &[u8]> {
    parameters.split(|byte| *byte == 0)
}

/// The message `ErrorResponse` with the words of PgBouncer.
fn refusal(parameter: &str) -> Vec<u8> {
    let fields = format!("SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: {parameter}\0\0");
    let length = u32::try_from(fields.len() + 4).expect("a short message");
    [b"E", &length.to_be_bytes()[..], fields.as_bytes()].concat()
}
