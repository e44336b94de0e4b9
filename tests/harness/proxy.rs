//! A TCP proxy that a test can cut, freeze and restore, to simulate a network or a server that
//! fails.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// The last byte of the next proxy's address.
static NUMBER: AtomicU8 = AtomicU8::new(1);

/// Forwards connections to a port of this machine, or to each of several ports in turn.
pub struct Proxy {
    address: SocketAddr,
    targets: Vec<SocketAddr>,
    frozen: watch::Sender<bool>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy to `port`.
    ///
    /// It has an IP address of its own: while it is cut, no other process takes its port.
    pub async fn to(port: u16) -> Self {
        let mut proxy = Self::cut_to(port).await;
        proxy.restore().await;
        proxy
    }

    /// Starts a balancer, which forwards each connection to the next of these ports.
    pub async fn between(ports: &[u16]) -> Self {
        let mut proxy = Self::cut_to(ports[0]).await;
        proxy.targets = addresses(ports);
        proxy.restore().await;
        proxy
    }

    /// A proxy that refuses connections until it is restored.
    pub async fn cut_to(port: u16) -> Self {
        let [low, middle, ..] = std::process::id().to_le_bytes();
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let host = Ipv4Addr::new(127, middle.max(1), low, number);
        let probe = TcpListener::bind((host, 0)).await.expect("a free port");
        Self {
            address: probe.local_addr().expect("an address"),
            targets: addresses(&[port]),
            frozen: watch::Sender::new(false),
            accepting: None,
        }
    }

    /// `url` with the address of the proxy in place of the server's.
    #[must_use]
    pub fn instead_of(&self, url: &str) -> String {
        let (before, after) = url.split_once(&self.targets[0].to_string()).expect("the URL names the server");
        format!("{before}{}{after}", self.address)
    }

    /// Ends every connection and refuses new ones.
    pub async fn cut(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
            // The result is the error of an aborted task.
            let _aborted = accepting.await;
        }
    }

    /// Forwards connections again.
    pub async fn restore(&mut self) {
        self.frozen.send_replace(false);
        let listener = TcpListener::bind(self.address).await.expect("no other process uses this address");
        let (targets, frozen) = (self.targets.clone(), self.frozen.subscribe());
        self.accepting = Some(tokio::spawn(async move {
            let mut connections = JoinSet::new();
            for target in targets.iter().cycle() {
                let Ok((client, _)) = listener.accept().await else { return };
                connections.spawn(forward(client, *target, frozen.clone()));
            }
        }));
    }

    /// Ends every connection, and forwards new ones to another port.
    pub async fn lead_to(&mut self, port: u16) {
        self.cut().await;
        self.targets = addresses(&[port]);
        self.restore().await;
    }

    /// Holds back all bytes and closes no connection, like a machine that hangs.
    pub fn freeze(&self) {
        self.frozen.send_replace(true);
    }

    /// Forwards the bytes that were held back, and all later ones.
    pub fn thaw(&self) {
        self.frozen.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
    ports.iter().map(|port| (Ipv4Addr::LOCALHOST, *port).into()).collect()
}

async fn forward(client: TcpStream, target: SocketAddr, frozen: watch::Receiver<bool>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    let _undelayed = (client.set_nodelay(true), server.set_nodelay(true));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, frozen.clone()) => {}
        () = pump(from_server, to_client, frozen) => {}
    }
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut frozen: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if frozen.wait_for(|frozen| !*frozen).await.is_err() || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
