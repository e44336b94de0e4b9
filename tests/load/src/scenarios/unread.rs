//! Measures the memory that clients hold who request a large file many times and never read it.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::error::{Error, Result};
use crate::installation::Installation;
use crate::report::{Goal, Row};
use crate::resources::Memory;
use crate::rounds::spread;

/// Number of clients. None of them logs in.
const CLIENTS: usize = 100;

/// Number of requests that each client sends at once.
const REQUESTS: usize = 16;

/// The largest file that needs no token: more than a megabyte.
const LARGEST_FILE: &str = "/api/v1/docs/swagger-ui-bundle.js";

/// How long the memory is watched. It is shorter than the deadline after which the program closes
/// the connections.
const WATCH: Duration = Duration::from_secs(5);

/// Time between two readings.
const INTERVAL: Duration = Duration::from_millis(100);

pub async fn measure(installation: &Installation) -> Result<Row> {
    let pid = installation.process.pid()?;
    let before = Memory::of(pid)?.resident_mib;
    let requests = format!("GET {LARGEST_FILE} HTTP/1.1\r\nHost: load\r\n\r\n").repeat(REQUESTS);
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let client = TcpStream::connect(installation.process.address).await;
        let mut client = client.map_err(Error::io("connect to the program"))?;
        client.write_all(requests.as_bytes()).await.map_err(Error::io("send requests"))?;
        clients.push(client);
    }
    let (begin, mut most) = (Instant::now(), before);
    while begin.elapsed() < WATCH {
        tokio::time::sleep(INTERVAL).await;
        most = most.max(Memory::of(pid)?.resident_mib);
    }
    drop(clients);
    let held = spread(&[most - before])?;
    let note = format!("{CLIENTS} clients with {REQUESTS} requests each");
    Ok(Row::new("memory of clients that do not read", "MiB", held, None, Goal::AtMost(32.0)).with_note(note))
}
