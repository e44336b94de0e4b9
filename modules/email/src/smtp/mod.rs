//! Sends mail over SMTP, with a connection for each mail.
//!
//! The commands and the login are those of lettre. Its connection is not used: it takes a reply
//! that is not UTF-8, is long, or has no text for a network error, and it does not reveal at which
//! command a failure happens. Both decide whether a mail is sent again.

mod failure;
mod reply;
mod server;
mod session;
mod tls;

use std::net::IpAddr;
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

pub(crate) use self::failure::SendError;
use self::failure::{Failure, Position};
pub(crate) use self::server::{MailServer, Security};
use self::session::{ByteStream, Offers, Session};
use crate::settings::Settings;

/// Maximum time that the server gets to answer QUIT.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends each mail over a connection of its own. A pool would save handshakes, but the next mail
/// would fail on a connection that the server has closed while it was idle.
pub(crate) struct SmtpSender {
    server: MailServer,
    connector: TlsConnector,
    hello_name: ClientId,
    from: Address,
    timeout: Duration,
}

impl SmtpSender {
    /// The text of an error names the setting that is wrong.
    pub fn new(settings: &Settings, from: Address, public_url: &str) -> Result<Self, String> {
        let Some(url) = settings.smtp_url.as_deref().filter(|url| !url.is_empty()) else {
            return Err("email.smtp_url is needed when email.transport is smtp".to_owned());
        };
        let server = MailServer::parse(url).map_err(|reason| format!("email.smtp_url cannot be used: {reason}"))?;
        let ca_file = settings.smtp_ca_file.as_deref().filter(|path| !path.is_empty());
        if ca_file.is_some() && server.security == Security::None {
            return Err("email.smtp_ca_file has no effect if email.smtp_url says tls=none".to_owned());
        }
        let connector = tls::connector(ca_file)?;
        let hello_name = hello_name(settings.helo_name.as_deref(), public_url);
        Ok(Self { server, connector, hello_name, from, timeout: settings.send_timeout() })
    }

    /// Sends one mail. `Ok` means that the server has accepted it.
    pub async fn send(&self, to_address: &str, message: &[u8]) -> Result<(), SendError> {
        let to: Address = to_address
            .parse()
            .map_err(|error| SendError::Refused(format!("the recipient's address is invalid: {error}")))?;
        let mut position = Position::default();
        match tokio::time::timeout(self.timeout, self.converse(&mut position, &to, message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(failure)) => position.judge(failure),
            Err(_) => position.judge(Failure::TimedOut(self.timeout)),
        }
    }

    /// Talks to the server up to MAIL FROM, and sends no mail.
    pub async fn probe(&self) -> Result<(), SendError> {
        let mut position = Position::default();
        let probe = async {
            let (mut session, offers) = self.open(&mut position).await?;
            self.login(&mut session, &offers).await?;
            let parameters = session::sender_parameters(&offers, &[&self.from], &[])?;
            session.sender(&self.from, parameters).await?;
            session.reset().await?;
            let _the_server_has_answered = tokio::time::timeout(QUIT_TIMEOUT, session.quit()).await;
            Ok(())
        };
        let failure = match tokio::time::timeout(self.timeout, probe).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(failure)) => failure,
            Err(_) => Failure::TimedOut(self.timeout),
        };
        position.judge(failure)
    }

    /// The host and the port of the server.
    pub fn server_name(&self) -> String {
        format!("{}:{}", self.server.host, self.server.port)
    }

    async fn converse(&self, position: &mut Position, to: &Address, message: &[u8]) -> Result<(), Failure> {
        let (mut session, offers) = self.open(position).await?;
        let parameters = session::sender_parameters(&offers, &[&self.from, to], message)?;
        let sent = async {
            self.login(&mut session, &offers).await?;
            session.sender(&self.from, parameters).await?;
            session.transmit(to, message).await
        };
        let sent = sent.await;
        let _a_server_that_does_not_answer_is_left = tokio::time::timeout(QUIT_TIMEOUT, session.quit()).await;
        sent
    }

    /// Connects, secures the connection, and sends EHLO.
    async fn open<'a>(
        &self,
        position: &'a mut Position,
    ) -> Result<(Session<'a, Box<dyn ByteStream>>, Offers), Failure> {
        let address = (self.server.host.as_str(), self.server.port);
        let tcp = TcpStream::connect(address).await.map_err(Failure::Lost)?;
        tcp.set_nodelay(true).map_err(Failure::Lost)?;
        let stream: Box<dyn ByteStream> = match &self.server.security {
            Security::None => Box::new(tcp),
            Security::Implicit(name) => Box::new(self.handshake(name, tcp).await?),
            Security::StartTls(name) => {
                let mut plain = Session::new(tcp, &mut *position);
                plain.greeting().await?;
                if !plain.hello(&self.hello_name).await?.starttls {
                    let reason = "it does not offer STARTTLS, which email.smtp_url requires unless it says tls=none";
                    return Err(Failure::Unusable(reason.to_owned()));
                }
                let tcp = plain.start_tls().await?;
                Box::new(self.handshake(name, tcp).await?)
            }
        };
        let mut session = Session::new(stream, position);
        if !matches!(self.server.security, Security::StartTls(_)) {
            session.greeting().await?;
        }
        // What the server offered before the handshake may have been changed on the way.
        let offers = session.hello(&self.hello_name).await?;
        Ok((session, offers))
    }

    async fn handshake(&self, name: &ServerName<'static>, tcp: TcpStream) -> Result<TlsStream<TcpStream>, Failure> {
        self.connector.connect(name.clone(), tcp).await.map_err(|error| {
            // rustls reports what is wrong with a certificate or the protocol as invalid data.
            if error.kind() == std::io::ErrorKind::InvalidData {
                Failure::Unusable(format!("the TLS handshake failed: {error}"))
            } else {
                Failure::Lost(error)
            }
        })
    }

    async fn login<S: ByteStream>(&self, session: &mut Session<'_, S>, offers: &Offers) -> Result<(), Failure> {
        let Some(credentials) = &self.server.credentials else { return Ok(()) };
        let Some(mechanism) = offers.login else {
            let reason = "email.smtp_url has a user, but the server offers no login with PLAIN or LOGIN";
            return Err(Failure::Unusable(reason.to_owned()));
        };
        session.login(mechanism, credentials).await
    }
}

/// The name in EHLO: the setting, or the host of the public URL (RFC 5321, 4.1.1.1).
fn hello_name(setting: Option<&str>, public_url: &str) -> ClientId {
    let from_ip = |address: IpAddr| match address {
        IpAddr::V4(address) => ClientId::Ipv4(address),
        IpAddr::V6(address) => ClientId::Ipv6(address),
    };
    if let Some(name) = setting.filter(|name| !name.is_empty()) {
        return name.parse().map_or_else(|_| ClientId::Domain(name.to_owned()), from_ip);
    }
    match Url::parse(public_url).ok().as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => ClientId::Domain(name.to_owned()),
        Some(Host::Ipv4(address)) => ClientId::Ipv4(address),
        Some(Host::Ipv6(address)) => ClientId::Ipv6(address),
        None => ClientId::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ehlo_has_the_host_of_the_public_url_or_the_setting() {
        let name = |setting, public_url| hello_name(setting, public_url).to_string();
        assert_eq!(name(None, "https://work.example.org"), "work.example.org");
        assert_eq!(name(Some(""), "https://work.example.org:8443/path"), "work.example.org");
        assert_eq!(name(None, "https://b\u{fc}cher.example"), "xn--bcher-kva.example");
        assert_eq!(name(None, "http://192.0.2.7:8080"), "[192.0.2.7]");
        assert_eq!(name(None, "http://[2001:db8::7]"), "[IPv6:2001:db8::7]");
        assert_eq!(name(Some("mx.example.org"), "https://work.example.org"), "mx.example.org");
        assert_eq!(name(Some("192.0.2.7"), "https://work.example.org"), "[192.0.2.7]");
        assert_eq!(name(None, ""), "[127.0.0.1]");
    }
}
