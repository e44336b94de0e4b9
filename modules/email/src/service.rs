//! The service: what every use case shares.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use kernel::{ReadPool, WritePool};
use lettre::message::Mailbox;
use tokio::sync::Notify;

use crate::Error;
use crate::domain::MailId;
use crate::outage::Outage;
use crate::settings::{Settings, Transport};
use crate::smtp::{MailServer, Security};
use crate::transport::MailSender;

/// Delivers the mail that events of other modules ask for (DOMAIN E1, E2). Clones share one state.
#[derive(Clone)]
pub struct Email {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    /// Connections for transactions.
    pub write: WritePool,
    /// Connections for reads.
    pub read: ReadPool,
    /// The checked settings.
    pub settings: Settings,
    /// Wakes the delivery job when a mail was queued.
    pub wake: Arc<Notify>,
    /// The sender of every mail.
    pub from: Mailbox,
    /// The configured transport.
    pub sender: MailSender,
    /// The directory that the file transport writes to.
    pub mail_dir: PathBuf,
    /// The mails that the server has accepted and that are not yet recorded as sent.
    pub accepted: Mutex<HashSet<MailId>>,
    /// Whether the mail server refuses this installation.
    pub outage: Outage,
    /// The address of this installation for people, without a slash at the end.
    pub public_url: String,
}

impl Email {
    /// `mail_dir` is the directory that the file transport writes to.
    /// `public_url` is the address at which people reach this installation.
    ///
    /// # Errors
    /// A setting is invalid; the text names its key.
    pub fn new(
        write: WritePool,
        read: ReadPool,
        settings: Settings,
        mail_dir: PathBuf,
        mut public_url: String,
    ) -> Result<Self, Error> {
        public_url.truncate(public_url.trim_end_matches('/').len());
        let (from, sender) = sender(&settings, mail_dir.clone(), &public_url)?;
        Ok(Self {
            inner: Arc::new(Inner {
                write,
                read,
                settings,
                wake: Arc::new(Notify::new()),
                from,
                sender,
                mail_dir,
                accepted: Mutex::default(),
                outage: Outage::default(),
                public_url,
            }),
        })
    }

    /// Checks settings as `new` does, without databases.
    ///
    /// # Errors
    /// A setting is invalid; the text names its key.
    pub fn check_settings(settings: &Settings) -> Result<(), Error> {
        sender(settings, PathBuf::new(), "").map(drop)
    }

    /// Whether mails are sent to a server without encryption. An invalid URL sends nothing.
    #[must_use]
    pub fn sends_clear_text(settings: &Settings) -> bool {
        let server = settings.smtp_url.as_deref().and_then(|url| MailServer::parse(url).ok());
        settings.transport == Transport::Smtp && server.is_some_and(|server| server.security == Security::None)
    }

    /// Talks to the mail server up to MAIL FROM, and sends no mail. Returns the server's host and
    /// port, or `None` if mail is written to files.
    ///
    /// # Errors
    /// A setting is invalid, or the server cannot be used.
    pub async fn probe_mail_server(settings: &Settings, public_url: &str) -> Result<Option<String>, String> {
        let (_, sender) = sender(settings, PathBuf::new(), public_url).map_err(|error| error.to_string())?;
        let MailSender::Smtp(smtp) = sender else { return Ok(None) };
        let server = smtp.server_name();
        smtp.probe().await.map_err(|error| format!("{server}: {error}"))?;
        Ok(Some(server))
    }

    /// Checks at startup that the file transport can write. A mail server is allowed to be down.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub async fn prepare(&self) -> Result<(), Error> {
        self.inner.sender.prepare().await
    }
}

/// Checks the settings, and builds what they describe: the sender's address and the transport.
fn sender(settings: &Settings, mail_dir: PathBuf, public_url: &str) -> Result<(Mailbox, MailSender), Error> {
    settings.check()?;
    let from: Mailbox = settings
        .from
        .parse()
        .map_err(|error| Error::Settings(format!("email.from is not `Name <address>`: {error}")))?;
    let sender = MailSender::new(settings, &from, mail_dir, public_url)?;
    Ok((from, sender))
}
