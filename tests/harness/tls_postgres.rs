//! A PostgreSQL server that requires TLS and has a certificate of a company's own authority.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::sync::atomic::{AtomicU32, Ordering};

use embedded_postgres::{Durability, EmbeddedPostgres, Options};
use tempfile::TempDir;

use crate::postgres::{memory_directory, supervisor};
use crate::rabbitmq::{CERTIFICATE, user_id};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// The server. Dropping it stops the server and deletes its data.
pub struct TlsPostgres {
    server: EmbeddedPostgres,
    _certificate: TempDir,
}

impl TlsPostgres {
    /// Starts a server whose certificate is for `localhost`.
    #[must_use]
    pub fn start() -> Self {
        let certificate = tempfile::tempdir_in(memory_directory()).expect("a temporary directory");
        fs::set_permissions(&certificate, fs::Permissions::from_mode(0o755)).expect("PostgreSQL can enter");
        let [certificate_file, key_file] = CERTIFICATE.map(|(name, text)| {
            let path = certificate.path().join(name);
            fs::write(&path, text).expect("a file of the server");
            path
        });
        // PostgreSQL refuses a key that others may read.
        fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).expect("the key belongs to this user");
        if rustix::process::geteuid().is_root() {
            let (user, group) = user_id("postgres").expect("the user that runs PostgreSQL");
            chown(&key_file, Some(user), Some(group)).expect("root may change the owner");
        }
        let setting = |name: &str, value: String| (name.to_owned(), value);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let options = Options {
            directory: memory_directory().join(format!("piecework-tls-{}-{number}", std::process::id())),
            bin_dir: None,
            durability: Durability::Throwaway,
            settings: vec![
                setting("ssl", "on".to_owned()),
                setting("ssl_cert_file", certificate_file.display().to_string()),
                setting("ssl_key_file", key_file.display().to_string()),
            ],
            standby_of: None,
            supervisor: supervisor(0),
        };
        let server = EmbeddedPostgres::start(&options).expect("a server with TLS");
        Self { server, _certificate: certificate }
    }

    /// The URL of a database at this host, without parameters.
    #[must_use]
    pub fn url(&self, host: &str, database: &str) -> String {
        format!("postgres://postgres@{host}:{}/{database}", self.server.port())
    }
}
