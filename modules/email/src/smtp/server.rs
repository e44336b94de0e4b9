//! Reads `email.smtp_url`: where the mail server is, and how the connection is secured.

use lettre::transport::smtp::authentication::Credentials;
use rustls::pki_types::ServerName;
use url::Url;

/// How a connection is secured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Security {
    /// The connection begins with a TLS handshake (`smtps://`).
    Implicit(ServerName<'static>),
    /// STARTTLS is required before anything else is sent (`smtp://`).
    StartTls(ServerName<'static>),
    /// Nothing is encrypted (`smtp://…?tls=none`).
    None,
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MailServer {
    /// The name or the address of the server.
    pub host: String,
    /// The port of the server.
    pub port: u16,
    /// How a connection is secured.
    pub security: Security,
    /// The login, if the server requires one.
    pub credentials: Option<Credentials>,
}

impl MailServer {
    /// Reads a URL. The text of an error never contains the URL, which may contain a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| error.to_string())?;
        let is_encrypted = check_parameters(&url)?;
        if !matches!(url.path(), "" | "/") {
            return Err("a path is not allowed; email.helo_name sets the name for EHLO".to_owned());
        }
        if url.fragment().is_some() {
            return Err("a fragment is not allowed; a # in a password is written %23".to_owned());
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let is_name = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(is_name) {
            return Err("the host must be a name in ASCII (xn--…) or an address".to_owned());
        }
        let server_name =
            || ServerName::try_from(host.clone()).map_err(|_| "no certificate can be issued for this host".to_owned());
        let (security, usual_port) = match (url.scheme(), is_encrypted) {
            ("smtps", true) => (Security::Implicit(server_name()?), 465),
            ("smtps", false) => return Err("tls=none contradicts smtps://".to_owned()),
            ("smtp", true) => (Security::StartTls(server_name()?), 587),
            ("smtp", false) => (Security::None, 25),
            _ => return Err("the URL must begin with smtp:// or smtps://".to_owned()),
        };
        let port = url.port().unwrap_or(usual_port);
        if port == 0 {
            return Err("port 0 is not a port".to_owned());
        }
        Ok(Self { port, security, credentials: credentials(&url)?, host })
    }
}

/// Reads the parameters. Returns whether TLS is required.
fn check_parameters(url: &Url) -> Result<bool, String> {
    let mut is_encrypted = None;
    for (name, value) in url.query_pairs() {
        let read = match (name.as_ref(), value.as_ref()) {
            ("tls", "required") => true,
            ("tls", "none") => false,
            ("tls", _) => return Err("the parameter tls must be required or none".to_owned()),
            (name, _) => return Err(format!("{} is unknown; the only parameter is tls", shown(name))),
        };
        if is_encrypted.replace(read).is_some() {
            return Err("the parameter tls is given twice".to_owned());
        }
    }
    Ok(is_encrypted.unwrap_or(true))
}

/// A parameter's name for an error. A password with a `?` that is not encoded would end up as a
/// parameter, so only a plain word is shown.
fn shown(name: &str) -> String {
    let is_plain = !name.is_empty()
        && name.len() <= 20
        && name.chars().all(|letter| letter.is_ascii_alphabetic() || letter == '_');
    if is_plain { format!("the parameter {name}") } else { "a parameter".to_owned() }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let decode = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
        let decoded = decoded.map_err(|_| "the user or the password is not UTF-8".to_owned())?;
        if decoded.contains('\0') {
            return Err("the user or the password contains %00".to_owned());
        }
        Ok(decoded.into_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => Err("a password is given without a user".to_owned()),
        (_, None | Some("")) => Err("a user is given without a password".to_owned()),
        (user, Some(password)) => Ok(Some(Credentials::new(decode(user)?, decode(password)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> (String, u16, &'static str) {
        let server = MailServer::parse(url).unwrap();
        let security = match server.security {
            Security::Implicit(_) => "implicit",
            Security::StartTls(_) => "starttls",
            Security::None => "none",
        };
        (server.host, server.port, security)
    }

    #[test]
    fn starttls_is_required_unless_the_url_asks_for_another_security() {
        let expected = [
            ("smtp://mail.example.org", ("mail.example.org", 587, "starttls")),
            ("smtp://mail.example.org/", ("mail.example.org", 587, "starttls")),
            ("smtp://mail.example.org?tls=required", ("mail.example.org", 587, "starttls")),
            ("smtp://mail.example.org:25", ("mail.example.org", 25, "starttls")),
            ("smtp://user:password@mail.example.org:2525", ("mail.example.org", 2525, "starttls")),
            ("smtp://mail_relay?tls=none", ("mail_relay", 25, "none")),
            ("smtp://127.0.0.1:1025/?tls=none", ("127.0.0.1", 1025, "none")),
            ("smtps://mail.example.org", ("mail.example.org", 465, "implicit")),
            ("smtps://[::1]:4650?tls=required", ("::1", 4650, "implicit")),
        ];
        for (url, (host, port, security)) in expected {
            assert_eq!(parsed(url), (host.to_owned(), port, security), "{url}");
        }
    }

    #[test]
    fn an_unknown_parameter_is_refused_by_its_name() {
        for (url, reason) in [
            ("smtp://host?TLS=required", "the parameter TLS is unknown"),
            ("smtp://host?Tls=none", "the parameter Tls is unknown"),
            ("smtp://host?tsl=required", "the parameter tsl is unknown"),
            ("smtps://host?verify=none", "the parameter verify is unknown"),
            ("smtp://host?tls=required&timeout=3", "the parameter timeout is unknown"),
            ("smtp://host?=required", "a parameter is unknown"),
            ("smtp://host?tls=opportunistic", "tls must be required or none"),
            ("smtp://host?tls=Required", "tls must be required or none"),
            ("smtp://host?tls=", "tls must be required or none"),
            ("smtp://host?tls", "tls must be required or none"),
            ("smtp://host?tls=none&tls=required", "given twice"),
            ("smtps://host?tls=none", "contradicts"),
        ] {
            let error = MailServer::parse(url).unwrap_err();
            assert!(error.contains(reason), "{url}: {error}");
        }
    }

    #[test]
    fn an_invalid_url_is_refused_without_its_password() {
        for url in [
            "",
            "mail.example.org",
            "mail.example.org:25",
            "http://user:s3cret@host",
            "smtp://",
            "smtp://user:s3cret@",
            "smtp://user:s3cret@host:0",
            "smtp://user:s3cret@host:port",
            "smtp://user:s3cret@host/piecework.example.org",
            "smtp://user:s3cret@host#x",
            "smtp://user:12?s3cret@host",
            "smtp://user:12#s3cret@host",
            "smtp://user:12/s3cret@host",
            "smtp://user:s3cret%00@host",
            "smtp://user:s3cret%ff@host",
            "smtp://s3cret@host",
            "smtp://s3cret:@host",
            "smtp://:s3cret@host",
            "smtp://user:s3cret@b\u{fc}cher.example",
            "smtp://user:s3cret@host name",
            "SMTP+TLS://user:s3cret@host",
        ] {
            let error = MailServer::parse(url).unwrap_err();
            assert!(!error.contains("s3cret"), "{url}: {error}");
        }
    }

    #[test]
    fn a_login_is_decoded() {
        let server = MailServer::parse("smtps://me%40example.org:p%2F%3F%23s@host").unwrap();
        let expected = Credentials::new("me@example.org".to_owned(), "p/?#s".to_owned());
        assert_eq!(server.credentials, Some(expected));
    }
}
