//! The watch of a user: it starts another supervisor when the present one has ended although there
//! are users (it was killed).

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Weak};
use std::thread;

use crate::account::Account;
use crate::join::join_or_start;
use crate::layout::Layout;
use crate::lease;
use crate::options::Options;
use crate::{Error, outage};

/// What a thread of a user needs to start another supervisor.
pub(crate) struct Watch {
    layout: Layout,
    options: Options,
    /// It is gone when the user needs the server no more.
    lease: Weak<File>,
    /// The port that the user knows.
    port: u16,
}

impl Watch {
    pub(crate) fn new(layout: &Layout, options: &Options, lease: &Arc<File>, port: u16) -> Self {
        Self { layout: layout.clone(), options: options.clone(), lease: Arc::downgrade(lease), port }
    }

    /// Watches in a thread, which ends with the first supervisor that ends after the user.
    pub(crate) fn start(self) -> Result<(), Error> {
        thread::Builder::new()
            .name("postgres-watch".to_owned())
            .spawn(move || self.run())
            .map(drop)
            .map_err(Error::io("start the thread", Path::new("postgres-watch")))
    }

    fn run(&self) {
        let mut failures = 0;
        loop {
            let kept = self.wait_for_end().and_then(|()| self.restart());
            let error = match kept {
                Ok(None) => return,
                Ok(Some(port)) if port == self.port => {
                    failures = 0;
                    continue;
                }
                Ok(Some(port)) => {
                    let known = self.port;
                    tracing::error!(port, known, "PostgreSQL runs on another port now: restart this program");
                    return;
                }
                Err(error) => error,
            };
            failures += 1;
            let pause = outage::pause_after(failures);
            tracing::error!(%error, failures, ?pause, "PostgreSQL is away and is started again after a pause");
            thread::sleep(pause);
        }
    }

    /// Returns when no supervisor lives. A supervisor holds its lock until it ends, for any reason.
    fn wait_for_end(&self) -> Result<(), Error> {
        let path = self.layout.supervisor_lock();
        let file = File::open(&path).map_err(Error::io("open", &path))?;
        lease::lock_shared(&file).map_err(Error::io("lock", &path))
    }

    /// Joins a new server or starts it, and returns its port. `None`: there is no user any more.
    fn restart(&self) -> Result<Option<u16>, Error> {
        // The lease is held until the server is ready, so its supervisor finds a user.
        let Some(_lease) = self.lease.upgrade() else { return Ok(None) };
        tracing::warn!("the supervisor of PostgreSQL has ended and is started again");
        let account = Account::to_run_as()?;
        let server = join_or_start(&self.layout, &self.options, account.as_ref(), Some(self.port))?;
        Ok(Some(server.port))
    }
}
