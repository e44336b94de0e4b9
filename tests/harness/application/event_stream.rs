//! A client of an event stream.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use reqwest::Method;
use serde_json::Value;

use super::api::{Api, PREFIX};
use super::document::{self, Sent};

/// Maximum time until an event arrives.
const DEADLINE: Duration = Duration::from_secs(60);

/// An open event stream.
pub struct EventStream {
    path: String,
    chunks: BoxStream<'static, Result<Vec<u8>, reqwest::Error>>,
    received: String,
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    pub id: String,
    pub name: String,
    pub data: Value,
}

impl EventStream {
    /// Opens a stream. `last_id` is the id of the last event of an earlier stream.
    pub async fn open(api: &Api, path: &str, last_id: Option<&str>) -> Self {
        let request = api.request(Method::GET, path);
        let request = last_id.into_iter().fold(request, |request, id| request.header("Last-Event-ID", id));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let chunks = response.bytes_stream().map(|chunk| chunk.map(|bytes| bytes.to_vec()));
        Self { path: format!("{PREFIX}{path}"), chunks: chunks.boxed(), received: String::new() }
    }

    /// The next event. Comments are passed over.
    pub async fn next(&mut self) -> StreamEvent {
        loop {
            while let Some((text, rest)) = self.received.split_once("\n\n") {
                let content_type = Some("text/event-stream");
                let sent = Sent { method: "GET", path: &self.path, status: 200, content_type, text };
                document::check(&sent).unwrap_or_else(|difference| panic!("{difference}"));
                let event = parse(text);
                self.received = rest.to_owned();
                if let Some(event) = event {
                    return event;
                }
            }
            let chunk = tokio::time::timeout(DEADLINE, self.chunks.next()).await.expect("an event arrives in time");
            self.received.push_str(std::str::from_utf8(&chunk.expect("the stream goes on").unwrap()).unwrap());
        }
    }

    /// The next event of this name. Other events are passed over.
    pub async fn next_named(&mut self, name: &str) -> StreamEvent {
        loop {
            let event = self.next().await;
            if event.name == name {
                return event;
            }
        }
    }
}

fn parse(text: &str) -> Option<StreamEvent> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).unwrap();
    Some(StreamEvent { id: field("id").unwrap_or_default().to_owned(), name: field("event")?.to_owned(), data })
}
