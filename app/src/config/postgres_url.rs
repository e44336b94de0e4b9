//! The PostgreSQL URLs in the settings.

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

/// The parameters of a URL. sqlx takes these, and ignores all others.
const PARAMETERS: [&str; 17] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
];
/// The parameters that name an authority for certificates.
const AUTHORITIES: [&str; 3] = ["sslrootcert", "ssl-root-cert", "ssl-ca"];
/// The parameters that name a server, which a URL with several servers names before the slash.
const SERVERS: [&str; 3] = ["host", "hostaddr", "port"];

/// Reads a URL. It may name several servers before the slash, separated by commas, as in libpq:
/// `postgres://user@db1,db2:5433/name`. The result has one entry for each server.
///
/// # Errors
/// Why the URL cannot be used. The text continues a sentence that begins with the key, and holds no
/// part of the URL that may be a secret.
pub fn parse_postgres_url(text: &str) -> Result<Vec<PgConnectOptions>, String> {
    let no_url = "is no PostgreSQL URL: it looks like postgres://user:password@host:5432/database";
    let (scheme, rest) = text.split_once("://").ok_or(no_url)?;
    if !matches!(scheme, "postgres" | "postgresql") {
        return Err(no_url.to_owned());
    }
    let (authority, tail) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (login, servers) = match authority.rsplit_once('@') {
        Some((login, servers)) => (format!("{login}@"), servers),
        None => (String::new(), authority),
    };
    let servers: Vec<&str> = servers.split(',').collect();
    if servers.len() > 1 && servers.iter().any(|server| server.is_empty()) {
        return Err("names an empty host among several".to_owned());
    }
    let parse = |server: &&str| parse_one(&format!("{scheme}://{login}{server}{tail}"), servers.len() > 1);
    servers.iter().map(parse).collect()
}

fn parse_one(text: &str, is_one_of_several: bool) -> Result<PgConnectOptions, String> {
    let url = Url::parse(text).map_err(|error| format!("is no PostgreSQL URL: {error}"))?;
    let names: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let is_known =
        |name: &&String| PARAMETERS.contains(&name.as_str()) || is_option(name) || *name == "application_name";
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        let known = PARAMETERS.join(", ");
        return Err(format!("has the unknown parameter `{unknown}`; there are {known}, application_name, options[…]"));
    }
    if let Some(server) = names.iter().find(|name| is_one_of_several && SERVERS.contains(&name.as_str())) {
        return Err(format!("names several hosts, and one more by the parameter `{server}`"));
    }
    let options: PgConnectOptions = text.parse().map_err(|error| format!("is no PostgreSQL URL: {error}"))?;
    let is_checked = matches!(options.get_ssl_mode(), PgSslMode::VerifyCa | PgSslMode::VerifyFull);
    if !is_checked && names.iter().any(|name| AUTHORITIES.contains(&name.as_str())) {
        return Err("names an authority (sslrootcert) that only sslmode=verify-full uses".to_owned());
    }
    Ok(options)
}

/// Whether a parameter sets one setting of the session, as in `options[work_mem]=8MB`.
fn is_option(name: &str) -> bool {
    name.strip_prefix("options[").is_some_and(|rest| rest.len() > 1 && rest.ends_with(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_may_name_several_servers() {
        for (text, expected) in [
            ("postgres://me:a@b@db1/x", &[("db1", 5432)][..]),
            (
                "postgresql://me:hush@db1:6000,db2,10.0.0.7:6001/x?sslmode=require",
                &[("db1", 6000), ("db2", 5432), ("10.0.0.7", 6001)],
            ),
            ("postgres://[::1]:5433,db2/x", &[("[::1]", 5433), ("db2", 5432)]),
            ("postgres:///x?host=db1&port=1&application_name=a&options[work_mem]=8MB", &[("db1", 1)]),
        ] {
            let servers = parse_postgres_url(text).unwrap();
            let found: Vec<_> = servers.iter().map(|server| (server.get_host(), server.get_port())).collect();
            assert_eq!(found, expected, "{text}");
            assert!(servers.iter().all(|server| server.get_database() == Some("x")), "{text}");
        }
    }

    #[test]
    fn a_url_that_would_be_read_in_part_is_refused() {
        for (text, reason) in [
            ("db1/x", "is no PostgreSQL URL"),
            ("mysql://db1/x", "is no PostgreSQL URL"),
            ("postgres://db1,/x", "an empty host"),
            ("postgres://db1:port/x", "is no PostgreSQL URL"),
            ("postgres://db1,db2/x?host=db3", "one more by the parameter `host`"),
            ("postgres://db1,db2/x?target_session_attrs=read-write", "unknown parameter `target_session_attrs`"),
            ("postgres://db1/x?sslmod=require", "unknown parameter `sslmod`; there are sslmode"),
            ("postgres://db1/x?connect_timeout=3", "unknown parameter `connect_timeout`"),
            ("postgres://db1/x?sslmode=maybe", "is no PostgreSQL URL"),
            ("postgres://db1/x?sslrootcert=/ca.pem", "names an authority"),
        ] {
            let error = parse_postgres_url(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
