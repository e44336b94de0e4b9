//! The client of a request that came through proxies: what `X-Forwarded-For` and `Forwarded` (RFC
//! 7239) say, as far as those who wrote it are trusted.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{self, HeaderMap, HeaderName};
use ipnet::IpNet;

const FORWARDED_FOR_HEADER: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client: the last address that is not one of a trusted proxy. An entry that is
/// no address hides what stands before it, so the proxy that wrote it counts.
///
/// A proxy sets one of the two headers and may pass on the other as the client wrote it. If they
/// disagree, neither is believed, and the sender of the request counts.
#[must_use]
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    if !is_trusted(peer) {
        return peer;
    }
    let client = |hops: Vec<Option<IpAddr>>| {
        let mut client = peer;
        for hop in hops.into_iter().rev() {
            let Some(hop) = hop else { return client };
            client = hop;
            if !is_trusted(hop) {
                return client;
            }
        }
        client
    };
    let hops = |name: &HeaderName, read: fn(&str) -> Vec<Option<IpAddr>>| {
        // A value that is no text is one hop that is not understood.
        let read = |value: &header::HeaderValue| value.to_str().map_or_else(|_| vec![None], read);
        headers.contains_key(name).then(|| headers.get_all(name).flat_map(read).collect::<Vec<_>>())
    };
    let forwarded_for = hops(&FORWARDED_FOR_HEADER, read_forwarded_for).map(client);
    let forwarded = hops(&header::FORWARDED, read_forwarded).map(client);
    match (forwarded_for, forwarded) {
        (None, None) => peer,
        (Some(client), None) | (None, Some(client)) => client,
        (Some(one), Some(other)) if one == other => one,
        (Some(_), Some(_)) => peer,
    }
}

/// The hops of a line of `X-Forwarded-For`; `None` is a hop that is no address.
fn read_forwarded_for(line: &str) -> Vec<Option<IpAddr>> {
    line.split(',').map(|hop| read_node(hop.trim())).collect()
}

/// The hops of a line of `Forwarded`.
fn read_forwarded(line: &str) -> Vec<Option<IpAddr>> {
    let read_hop = |hop: &str| {
        let parameters = split_outside_quotes(hop, ';').into_iter().filter_map(|pair| pair.split_once('='));
        let mut nodes = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("for")).map(|(_, node)| node);
        let node = nodes.next()?.trim();
        let node = node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node);
        if nodes.next().is_some() { None } else { read_node(node) }
    };
    split_outside_quotes(line, ',').into_iter().map(read_hop).collect()
}

/// An address, with or without a port. An IPv6 address with a port is in brackets.
fn read_node(node: &str) -> Option<IpAddr> {
    let in_brackets = || node.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok();
    let with_port = || node.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = node.parse::<IpAddr>().ok().or_else(with_port).or_else(in_brackets)?;
    Some(address.to_canonical())
}

/// The parts of a text between separators that are not in a quoted string.
fn split_outside_quotes(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ if letter == separator && !is_quoted => {
                parts.push(&text[start..place]);
                start = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    /// The client of a request from `peer` with these headers, behind proxies in 10.0.0.0/8 and
    /// fd00::/8.
    fn client(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        client_address(peer.parse().unwrap(), &map, &trusted).to_string()
    }

    #[test]
    fn headers_of_a_sender_that_is_no_trusted_proxy_are_ignored() {
        assert_eq!(client("203.0.113.7", &[]), "203.0.113.7");
        assert_eq!(client("203.0.113.7", &[("x-forwarded-for", "198.51.100.1")]), "203.0.113.7");
        assert_eq!(client("::ffff:203.0.113.7", &[("forwarded", "for=198.51.100.1")]), "203.0.113.7");
    }

    #[test]
    fn the_last_address_that_no_trusted_proxy_has_is_the_client() {
        let through = |value| client("10.0.0.1", &[("x-forwarded-for", value)]);
        assert_eq!(through("198.51.100.1"), "198.51.100.1");
        assert_eq!(through("192.0.2.66, 198.51.100.1, 10.0.0.9"), "198.51.100.1", "what stands before it is forged");
        assert_eq!(through("10.0.0.5, 10.0.0.9"), "10.0.0.5", "all of them are trusted");
        assert_eq!(through("198.51.100.1:4711,[fd00::1]:80"), "198.51.100.1");
        assert_eq!(through("::ffff:198.51.100.1"), "198.51.100.1");
        let two_lines = [("x-forwarded-for", "192.0.2.66"), ("x-forwarded-for", "198.51.100.1, 10.0.0.9")];
        assert_eq!(client("::ffff:10.0.0.1", &two_lines), "198.51.100.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn the_header_forwarded_says_the_same_with_quotes_and_parameters() {
        let through = |value| client("fd00::1", &[("forwarded", value)]);
        assert_eq!(through("for=198.51.100.1;proto=https;by=10.0.0.1"), "198.51.100.1");
        assert_eq!(through("For=\"[2001:db8::7]:4711\", for=10.0.0.3"), "2001:db8::7");
        assert_eq!(through("for=192.0.2.66;host=\"a, for=192.0.2.67\", for=198.51.100.1"), "198.51.100.1");
        assert_eq!(through("for=192.0.2.66;host=\"\\\", for=192.0.2.67\""), "192.0.2.66");
    }

    #[test]
    fn an_entry_that_is_not_understood_hides_what_stands_before_it() {
        for value in ["192.0.2.66, unknown", "192.0.2.66,", "", "192.0.2.66, 10.0.0.300", "\u{fc}"] {
            assert_eq!(client("10.0.0.1", &[("x-forwarded-for", value)]), "10.0.0.1", "{value}");
        }
        assert_eq!(client("10.0.0.1", &[("x-forwarded-for", "192.0.2.66, secret, 10.0.0.9")]), "10.0.0.9");
        for value in ["for=unknown", "for=_hidden", "proto=https", "for=192.0.2.66;for=192.0.2.67", "for=\"192.0.2.66"]
        {
            assert_eq!(client("10.0.0.1", &[("forwarded", value)]), "10.0.0.1", "{value}");
        }
    }

    #[test]
    fn of_two_headers_that_disagree_neither_is_believed() {
        let both = |one, other| client("10.0.0.1", &[("x-forwarded-for", one), ("forwarded", other)]);
        assert_eq!(both("198.51.100.1", "for=198.51.100.1"), "198.51.100.1");
        assert_eq!(both("198.51.100.1", "for=192.0.2.66"), "10.0.0.1");
    }
}
