//! The first line of a request, as far as its length goes. The HTTP library answers a URL that is
//! too long as it answers any other malformed request.

/// Maximum length of a line whose URL the library can read.
const LENGTH_MAX: usize = 65_534;

/// The first line of the request that is arriving.
#[derive(Default)]
pub struct RequestLine {
    /// The number of requests before it.
    request: u64,
    length: usize,
    has_ended: bool,
}

impl RequestLine {
    /// Takes what has arrived of the head of the request that follows `requests` others.
    pub fn take(&mut self, bytes: &[u8], requests: u64) {
        if self.request != requests {
            *self = Self { request: requests, ..Self::default() };
        }
        if self.has_ended {
            return;
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        self.has_ended = end.is_some();
        self.length = self.length.saturating_add(end.unwrap_or(bytes.len()));
    }

    /// Whether the URL is too long to be read.
    pub const fn is_too_long(&self) -> bool {
        self.length > LENGTH_MAX
    }
}
