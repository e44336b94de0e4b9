//! The two ways out: to a mail server, or into a directory.

use std::path::PathBuf;
use std::time::Duration;

use lettre::address::{AddressError, Envelope};
use lettre::message::Mailbox;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use tokio::io::AsyncWriteExt;

use crate::Error;
use crate::settings::{Settings, Transport};

/// Where finished mails go.
pub(crate) enum Outlet {
    Smtp(Box<SmtpOutlet>),
    File(FileOutlet),
}

/// A connection a mail: a pool would save handshakes, and break mails on connections that an idle server had hung up.
pub(crate) struct SmtpOutlet {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
    timeout: Duration,
}

/// One `.eml` file a mail.
pub(crate) struct FileOutlet {
    directory: PathBuf,
}

/// A mail ready to go.
pub(crate) struct Parcel<'a> {
    pub file_name: &'a str,
    pub to_address: &'a str,
    pub message: &'a [u8],
}

/// Why a mail did not go out; the words are the server's or the system's own.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Another try may succeed.
    #[error("{0}")]
    Retry(String),
    /// The server refuses this mail for good.
    #[error("{0}")]
    Refused(String),
}

impl From<AddressError> for SendError {
    fn from(error: AddressError) -> Self {
        Self::Refused(format!("the address on record is not one that mail can be sent to: {error}"))
    }
}

impl Outlet {
    pub(crate) fn new(settings: &Settings, from: &Mailbox, directory: PathBuf) -> Result<Self, Error> {
        match settings.transport {
            Transport::File => Ok(Self::File(FileOutlet { directory })),
            Transport::Smtp => {
                let Some(url) = settings.smtp_url.as_deref().filter(|url| !url.is_empty()) else {
                    return Err(Error::Settings("email.smtp_url is needed when email.transport is smtp".to_owned()));
                };
                // The reason is told without the URL, which may hold a password.
                let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
                    .map_err(|error| Error::Settings(format!("email.smtp_url cannot be used: {error}")))?;
                let timeout = settings.send_timeout();
                Ok(Self::Smtp(Box::new(SmtpOutlet {
                    smtp: builder.timeout(Some(timeout)).build(),
                    from: from.email.clone(),
                    timeout,
                })))
            }
        }
    }

    /// Makes sure that files can be written, so that a wrong directory shows at the start.
    pub(crate) async fn prepare(&self) -> Result<(), Error> {
        match self {
            Self::Smtp(_) => Ok(()),
            Self::File(outlet) => outlet.create_directory().await.map_err(Error::Settings),
        }
    }

    /// Sends one mail; Ok means that the server has taken it, or that it is on the disk.
    pub(crate) async fn send(&self, parcel: Parcel<'_>) -> Result<(), SendError> {
        match self {
            Self::Smtp(outlet) => outlet.send(parcel).await,
            Self::File(outlet) => outlet.send(parcel).await.map_err(SendError::Retry),
        }
    }
}

impl SmtpOutlet {
    async fn send(&self, parcel: Parcel<'_>) -> Result<(), SendError> {
        let to: Address = parcel.to_address.parse()?;
        let envelope =
            Envelope::new(Some(self.from.clone()), vec![to]).map_err(|error| SendError::Refused(error.to_string()))?;
        // lettre's own timeout covers connecting only.
        match tokio::time::timeout(self.timeout, self.smtp.send_raw(&envelope, parcel.message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if is_refusal(&error) => Err(SendError::Refused(error.to_string())),
            Ok(Err(error)) => Err(SendError::Retry(error.to_string())),
            Err(_) => {
                Err(SendError::Retry(format!("the server did not answer within {} ms", self.timeout.as_millis())))
            }
        }
    }
}

/// Whether the server's answer is about this mail and final. 53x is about our login: once that is mended every mail can go, so
/// none is parked for it at once.
fn is_refusal(error: &lettre::transport::smtp::Error) -> bool {
    let is_about_login = error.status().is_some_and(|code| code.to_string().starts_with("53"));
    error.is_permanent() && !is_about_login
}

impl FileOutlet {
    /// Writes beside the final name and renames: whoever reads the directory sees whole mails only.
    async fn send(&self, parcel: Parcel<'_>) -> Result<(), String> {
        self.create_directory().await?;
        let path = self.directory.join(parcel.file_name);
        let unfinished = self.directory.join(format!("{}.tmp", parcel.file_name));
        let write = async {
            let mut file = tokio::fs::File::create(&unfinished).await?;
            file.write_all(parcel.message).await?;
            file.sync_all().await?;
            tokio::fs::rename(&unfinished, &path).await?;
            // The name itself must survive a power cut, or a mail recorded as sent could be gone.
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
