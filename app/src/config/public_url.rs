//! The URL at which people reach the program, the origins whose pages may read its API, and the URL
//! of a collector of traces.

use hyper::Uri;

/// A URL that is allowed, for messages.
const EXAMPLE: &str = "such as https://piecework.example.org";
/// The same for the URL of a collector.
const COLLECTOR_EXAMPLE: &str = "such as http://127.0.0.1:4318";

/// Checks `http.public_url`. Links in mails are this URL with a path behind it.
///
/// # Errors
/// The end of a sentence that begins with the key.
pub fn check_public_url(text: &str) -> Result<(), String> {
    check_url(text, EXAMPLE)
}

/// Checks `telemetry.otlp_url`. Traces are sent to this URL with a path behind it.
///
/// # Errors
/// The end of a sentence that begins with the key.
pub fn check_collector_url(text: &str) -> Result<(), String> {
    check_url(text, COLLECTOR_EXAMPLE)
}

fn check_url(text: &str, example: &str) -> Result<(), String> {
    let url: Uri = text.parse().map_err(|error| format!("is no URL ({error}); it is to be {example}"))?;
    let is_http = matches!(url.scheme_str(), Some("http" | "https"));
    let Some(authority) = url.authority().filter(|authority| is_http && !authority.host().is_empty()) else {
        return Err(format!("begins with http:// or https:// and names a host, {example}"));
    };
    if authority.as_str().contains('@') || text.contains(['?', '#']) {
        return Err(format!("has no user, no `?` and no `#`, {example}"));
    }
    let port = authority.as_str().strip_prefix(authority.host()).and_then(|port| port.strip_prefix(':'));
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Err(format!("has an invalid port; it is to be {example}"));
    }
    Ok(())
}

/// Checks an origin of `http.allowed_origins`. It has to be exactly what a browser sends.
///
/// # Errors
/// The end of a sentence that begins with the key.
pub fn check_origin(text: &str) -> Result<(), String> {
    let invalid = || Err(format!("has {text:?}, which is no origin {EXAMPLE}: no path, no star, no usual port"));
    if check_public_url(text).is_err() || text != text.to_ascii_lowercase() {
        return invalid();
    }
    let Some((scheme, authority)) = text.split_once("://") else { return invalid() };
    let usual_port = if scheme == "https" { ":443" } else { ":80" };
    if authority.contains(['/', '*']) || authority.ends_with(usual_port) {
        return invalid();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_a_browser_writes_it() {
        for valid in ["https://app.example.org", "http://localhost:3000", "https://[::1]:8443"] {
            assert_eq!(check_origin(valid), Ok(()), "{valid}");
        }
        for invalid in [
            "*",
            "null",
            "app.example.org",
            "https://app.example.org/",
            "https://app.example.org/path",
            "https://*.example.org",
            "https://App.example.org",
            "https://app.example.org:443",
            "http://app.example.org:80",
            "https://user@app.example.org",
            "ftp://app.example.org",
            "",
        ] {
            assert!(check_origin(invalid).is_err(), "{invalid}");
        }
    }
}
