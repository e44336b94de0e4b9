//! This program as a browser sees it: its origins, and which form of cookies a request has.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap, HeaderName};
use kernel::http::cookies::{Browser, CookieForm};

use super::proxy::{FORWARDED_HEADER, FORWARDED_HOST_HEADER};
use crate::config;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What the settings and the listener say about the address of this program.
#[derive(Debug, Clone)]
pub struct Site {
    /// The origin of the public URL.
    public_origin: String,
    /// Only programs of this machine reach the listener.
    listens_on_loopback: bool,
    allowed_origins: Vec<String>,
}

impl Site {
    /// The site of a server that listens on `address`.
    pub fn new(settings: &config::Http, address: SocketAddr) -> Self {
        Self {
            public_origin: origin_of(&settings.public_url(address.port())),
            listens_on_loopback: address.ip().is_loopback(),
            allowed_origins: settings.allowed_origins.clone(),
        }
    }

    /// Pages of these origins may read the API.
    #[must_use]
    pub fn allowed_origins(&self) -> &[String] {
        &self.allowed_origins
    }

    /// Whether people reach this program by TLS.
    #[must_use]
    pub fn is_behind_https(&self) -> bool {
        self.public_origin.starts_with("https://")
    }

    /// What is known of the browser that sent the request.
    #[must_use]
    pub fn browser(&self, request: &HttpRequest) -> Browser {
        let host = host(request.headers()).unwrap_or_default().to_ascii_lowercase();
        let is_plain = self.listens_on_loopback && !self.is_behind_https() && is_loopback(&host);
        let (form, scheme) = if is_plain { (CookieForm::Loopback, "http") } else { (CookieForm::Secure, "https") };
        let own_origin = format!("{scheme}://{host}");
        let headers = request.headers();
        Browser {
            form,
            is_same_origin: self.is_same_origin(headers, &own_origin),
            is_cross_origin: is_cross_origin(headers),
        }
    }

    /// Whether a page of this program sent the request. A browser says so itself in
    /// `Sec-Fetch-Site`; an older one says from which origin the request comes.
    fn is_same_origin(&self, headers: &HeaderMap, own_origin: &str) -> bool {
        let is_own = |origin: &str| origin == own_origin || origin == self.public_origin;
        match only_value(headers, &SEC_FETCH_SITE) {
            Some(Only::One(site)) => site == "same-origin",
            Some(Only::Several) => false,
            None => matches!(only_value(headers, &header::ORIGIN), Some(Only::One(origin)) if is_own(origin)),
        }
    }
}

/// Whether the browser says that a page of another origin has caused the request.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    match only_value(headers, &SEC_FETCH_SITE) {
        Some(Only::One(site)) => !matches!(site, "same-origin" | "none"),
        Some(Only::Several) => true,
        None => false,
    }
}

/// The value of a header that a browser sends once.
enum Only<'a> {
    One(&'a str),
    Several,
}

fn only_value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Only<'a>> {
    let mut values = headers.get_all(name);
    let first = values.next()?;
    match (first.to_str(), values.next()) {
        (Ok(text), None) => Some(Only::One(text)),
        _ => Some(Only::Several),
    }
}

/// The host of the address that the browser has opened. Another process of the program that
/// forwards a request passes it on.
fn host(headers: &HeaderMap) -> Option<&str> {
    let name = if headers.contains_key(FORWARDED_HEADER) { FORWARDED_HOST_HEADER } else { header::HOST };
    headers.get(name)?.to_str().ok()
}

/// Whether a host, with or without a port, names this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The origin of a URL, as a browser writes it: in lower case, without the usual port.
fn origin_of(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let Some((scheme, rest)) = url.split_once("://") else { return url };
    let authority = rest.split('/').next().unwrap_or_default();
    let usual_port = if scheme == "https" { ":443" } else { ":80" };
    format!("{scheme}://{}", authority.strip_suffix(usual_port).unwrap_or(authority))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn site(public_url: &str, address: &str) -> Site {
        let variables = [("PIECEWORK_PROFILE", "test"), ("PIECEWORK__HTTP__PUBLIC_URL", public_url)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Site::new(&config::load_from(&variables, &[]).unwrap().config.http, address.parse().unwrap())
    }

    fn browser(site: &Site, headers: &[(&str, &str)]) -> Browser {
        let request = TestRequest::post();
        site.browser(&headers.iter().fold(request, |request, header| request.append_header(*header)).to_http_request())
    }

    #[test]
    fn cookies_are_secure_unless_everything_is_plain_http_on_this_machine() {
        for (public_url, address, host, form) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080", CookieForm::Loopback),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "LOCALHOST:8080", CookieForm::Loopback),
            ("http://[::1]:8080", "[::1]:8080", "[::1]:8080", CookieForm::Loopback),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1.example.org", CookieForm::Secure),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "example.org", CookieForm::Secure),
            ("http://127.0.0.1:8080", "127.0.0.1:8080", "", CookieForm::Secure),
            ("http://127.0.0.1:8080", "0.0.0.0:8080", "127.0.0.1:8080", CookieForm::Secure),
            ("https://example.org", "127.0.0.1:8080", "127.0.0.1:8080", CookieForm::Secure),
        ] {
            let found = browser(&site(public_url, address), &[("host", host)]).form;
            assert_eq!(found, form, "{public_url} {address} {host}");
        }
    }

    #[test]
    fn a_request_is_of_the_same_origin_if_the_browser_says_so_or_names_the_origin() {
        let site = site("https://Piecework.example.org:443/", "0.0.0.0:8080");
        let (fetch, origin) = ("sec-fetch-site", "origin");
        let own = (origin, "https://piecework.example.org");
        for (headers, expected) in [
            (vec![(fetch, "same-origin")], true),
            (vec![(fetch, "same-origin"), (origin, "https://evil.example")], true),
            (vec![(fetch, "same-site"), own], false),
            (vec![(fetch, "cross-site"), own], false),
            (vec![(fetch, "none"), own], false),
            (vec![(fetch, ""), own], false),
            (vec![(fetch, "Same-Origin"), own], false),
            (vec![(fetch, "same-origin"), (fetch, "cross-site")], false),
            (vec![(fetch, "same-origin"), (fetch, "same-origin")], false),
            (vec![own], true),
            (vec![(origin, "https://10.0.0.7:8080")], true),
            (vec![(origin, "http://10.0.0.7:8080")], false),
            (vec![(origin, "http://piecework.example.org")], false),
            (vec![(origin, "https://piecework.example.org:8443")], false),
            (vec![(origin, "https://piecework.example.org.evil.example")], false),
            (vec![(origin, "https://evil.example")], false),
            (vec![(origin, "null")], false),
            (vec![(origin, "")], false),
            (vec![own, own], false),
            (vec![("referer", "https://piecework.example.org/")], false),
            (vec![], false),
        ] {
            let sent = [vec![("host", "10.0.0.7:8080")], headers].concat();
            assert_eq!(browser(&site, &sent).is_same_origin, expected, "{sent:?}");
        }
    }

    #[test]
    fn a_request_is_of_another_origin_if_the_browser_says_so() {
        let site = site("https://piecework.example.org", "0.0.0.0:8080");
        let fetch = "sec-fetch-site";
        for (headers, expected) in [
            (vec![], false),
            (vec![("origin", "https://evil.example")], false),
            (vec![(fetch, "same-origin")], false),
            (vec![(fetch, "none")], false),
            (vec![(fetch, "same-site")], true),
            (vec![(fetch, "cross-site")], true),
            (vec![(fetch, "")], true),
            (vec![(fetch, "none"), (fetch, "cross-site")], true),
        ] {
            assert_eq!(browser(&site, &headers).is_cross_origin, expected, "{headers:?}");
        }
    }

    #[test]
    fn a_forwarded_request_has_the_host_that_the_browser_opened() {
        let site = site("http://127.0.0.1:8081", "127.0.0.1:8081");
        let sent = [("host", "127.0.0.1:8081"), ("x-forwarded-host", "127.0.0.1:8080")];
        let own = ("origin", "http://127.0.0.1:8080");
        let forwarded = ("x-piecework-forwarded", "identity");
        assert!(browser(&site, &[sent[0], sent[1], own, forwarded]).is_same_origin);
        assert!(!browser(&site, &[sent[0], sent[1], own]).is_same_origin, "not from a process of the program");
    }
}
