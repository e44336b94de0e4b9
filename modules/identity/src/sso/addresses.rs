//! Which addresses of a provider may be called, or may be opened in a browser.

use openidconnect::url::{Host, Url};

/// The addresses that a provider may name in its discovery document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addresses {
    /// Addresses with TLS.
    Https,
    /// Also plain HTTP on this machine, because the provider itself is there.
    HttpsOrLoopback,
}

impl Addresses {
    /// The addresses that the provider with this issuer URL may name.
    pub fn of_issuer(issuer: &Url) -> Self {
        if issuer.scheme() == "http" && is_loopback(issuer) { Self::HttpsOrLoopback } else { Self::Https }
    }

    /// Whether the address may be used.
    pub fn allow(self, url: &Url) -> bool {
        match url.scheme() {
            "https" => url.host().is_some(),
            "http" => self == Self::HttpsOrLoopback && is_loopback(url),
            _ => false,
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_on_this_machine() {
        let url = |text: &str| text.parse::<Url>().unwrap();
        let remote = Addresses::of_issuer(&url("https://login.example.org"));
        let local = Addresses::of_issuer(&url("http://127.0.0.1:9000"));
        assert_eq!((remote, local), (Addresses::Https, Addresses::HttpsOrLoopback));
        assert!(remote.allow(&url("https://keys.example.org/jwks")));
        for refused in
            ["http://login.example.org", "http://127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd"]
        {
            assert!(!remote.allow(&url(refused)), "{refused}");
        }
        assert!(local.allow(&url("http://localhost:9001/token")));
        for refused in ["http://169.254.169.254/", "http://10.0.0.1/", "http://localhost.evil.example/"] {
            assert!(!local.allow(&url(refused)), "{refused}");
        }
    }
}
