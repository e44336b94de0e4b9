//! The headers of a message that a proxy relays. All others concern one connection only.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Marks a forwarded request. Its value is the name of the module.
pub const FORWARDED_HEADER: HeaderName = HeaderName::from_static("x-piecework-forwarded");

/// Tells the other process the address of the client, in a token that only a process of the
/// installation can make.
pub const CLIENT_HEADER: HeaderName = HeaderName::from_static("x-piecework-client");
/// The host of the address that the client has opened.
pub const FORWARDED_HOST_HEADER: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Headers that concern one connection only (RFC 9110, section 7.6.1), and headers that the proxy
/// sets itself.
const NOT_RELAYED: [HeaderName; 13] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::EXPECT,
    header::HOST,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// The headers that are relayed. The headers that `Connection` names are not.
pub fn relayed(headers: &HeaderMap) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(move |(name, _)| !NOT_RELAYED.contains(name) && !named.iter().any(|named| named == name.as_str()))
}
