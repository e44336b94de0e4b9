//! A user of the server: it takes the lease, joins or starts the server, and keeps it supervised.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::account::Account;
use crate::join::join_or_start;
use crate::layout::Layout;
use crate::lease;
use crate::options::Options;
use crate::parameters::check_settings;
use crate::watch::Watch;
use crate::{Error, cluster, outage};

/// A user of the server. The server runs at least as long as this value lives.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    layout: Layout,
    port: u16,
    password: Option<String>,
    /// The open file of the lease. Closing it, or the end of the process for any reason, returns
    /// the lease.
    _lease: Arc<File>,
}

impl EmbeddedPostgres {
    /// Joins the server of this directory if it runs, and starts it otherwise. Blocks until it
    /// accepts connections.
    ///
    /// It takes about 10 ms to join, 0.1 s to start an existing cluster and 1 s to make a new one,
    /// and fails after 60 s.
    ///
    /// As long as the returned value lives, a server that ends by itself and a supervisor that ends
    /// are started again, with pauses that grow to 30 s.
    ///
    /// # Errors
    /// The programs of PostgreSQL are not installed or too old, the unprivileged user cannot reach
    /// the directory, the cluster has another version or durability, or the server does not start
    /// (with the end of its log).
    pub fn start(options: &Options) -> Result<Self, Error> {
        start(options)
    }

    /// The connection string of a database on this server. The name must need no escaping in a URL.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let port = self.port;
        match &self.password {
            Some(password) => {
                format!("postgres://postgres:{password}@127.0.0.1:{port}/{database}")
            }
            None => format!("postgres://postgres@127.0.0.1:{port}/{database}"),
        }
    }

    /// The port on 127.0.0.1, which stays the same as long as there is a user.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The directory of the cluster, lease, socket and log, with resolved links.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.layout.directory()
    }

    /// Why the server is away and when it is started again; none while it runs. The log has the
    /// details.
    #[must_use]
    pub fn outage(&self) -> Option<String> {
        outage::read(&self.layout)
    }

    /// The log of the supervisor and of PostgreSQL.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.layout.log()
    }
}

fn start(options: &Options) -> Result<EmbeddedPostgres, Error> {
    check_settings(&options.settings)?;
    let account = Account::to_run_as()?;
    let layout = Layout::new(&options.directory)?;
    if let Some(account) = &account {
        // This check comes before anything is made, so that no unusable directory is left behind.
        account.check_data_directory(layout.directory())?;
    }
    let lease = lease::take(&layout, account.as_ref(), options.durability)?;
    if let Some(account) = &account {
        account.check_data_directory(layout.directory())?;
    }
    let server = join_or_start(&layout, options, account.as_ref(), None)?;
    let lease = Arc::new(lease);
    Watch::new(&layout, options, &lease, server.port).start()?;
    Ok(EmbeddedPostgres {
        port: server.port,
        password: cluster::password(&layout, options.durability)?,
        layout,
        _lease: lease,
    })
}
