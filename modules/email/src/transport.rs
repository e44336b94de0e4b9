//! The two transports: a mail server, and a directory.

use std::path::PathBuf;

use lettre::message::Mailbox;
use tokio::io::AsyncWriteExt;

use crate::Error;
use crate::settings::{Settings, Transport};
use crate::smtp::{SendError, SmtpSender};

/// Sends finished mails over the configured transport.
pub(crate) enum MailSender {
    Smtp(Box<SmtpSender>),
    File(FileSender),
}

/// Writes each mail to a `.eml` file.
pub(crate) struct FileSender {
    directory: PathBuf,
}

/// A mail to send.
pub(crate) struct OutgoingMail<'a> {
    /// The name of the file in the file transport.
    pub file_name: &'a str,
    /// The recipient's address.
    pub to_address: &'a str,
    /// The bytes of the message.
    pub message: &'a [u8],
}

impl MailSender {
    pub(crate) fn new(
        settings: &Settings,
        from: &Mailbox,
        directory: PathBuf,
        public_url: &str,
    ) -> Result<Self, Error> {
        match settings.transport {
            Transport::File => Ok(Self::File(FileSender { directory })),
            Transport::Smtp => {
                let sender = SmtpSender::new(settings, from.email.clone(), public_url).map_err(Error::Settings)?;
                Ok(Self::Smtp(Box::new(sender)))
            }
        }
    }

    /// Creates the directory of the file transport, so that a wrong path fails at startup.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        match self {
            Self::Smtp(_) => Ok(()),
            Self::File(sender) => sender.create_directory().await.map_err(Error::Settings),
        }
    }

    /// Sends one mail. `Ok` means that the server has accepted it, or that its file is on the disk.
    pub(crate) async fn send(&self, mail: OutgoingMail<'_>) -> Result<(), SendError> {
        match self {
            Self::Smtp(sender) => sender.send(mail.to_address, mail.message).await,
            Self::File(sender) => sender.send(mail).await.map_err(SendError::Retry),
        }
    }
}

impl FileSender {
    /// Writes to a temporary name and renames the file, so that readers of the directory see only
    /// complete mails.
    async fn send(&self, mail: OutgoingMail<'_>) -> Result<(), String> {
        self.create_directory().await?;
        let path = self.directory.join(mail.file_name);
        let temporary = self.directory.join(format!("{}.tmp", mail.file_name));
        let write = async {
            let mut file = tokio::fs::File::create(&temporary).await?;
            file.write_all(mail.message).await?;
            file.sync_all().await?;
            tokio::fs::rename(&temporary, &path).await?;
            // Without this, a mail that is recorded as sent could be lost in a power failure.
            tokio::fs::File::open(&self.directory).await?.sync_all().await
        };
        let written: std::io::Result<()> = write.await;
        written.map_err(|error| format!("cannot write {}: {error}", path.display()))
    }

    async fn create_directory(&self) -> Result<(), String> {
        tokio::fs::create_dir_all(&self.directory)
            .await
            .map_err(|error| format!("cannot create the directory {}: {error}", self.directory.display()))
    }
}
