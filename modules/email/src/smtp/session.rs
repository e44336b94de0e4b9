//! One conversation with a mail server, command by command: the stage of a failure is known.

use std::fmt::Display;
use std::io;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::commands::{Auth, Data, Ehlo, Mail, Quit, Rcpt, Rset, Starttls};
use lettre::transport::smtp::extension::{ClientId, MailBodyParameter, MailParameter};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};

use super::failure::{Failure, Position, Stage};
use super::reply::{Progress, Reply, ReplyParser};

/// A byte stream to a mail server: a TCP connection, or TLS over one.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// What a server offers in its reply to EHLO. Keywords are read in any case (RFC 5321, 2.4).
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers {
    /// The server can switch to TLS.
    pub starttls: bool,
    /// The server accepts bytes outside of ASCII in a message.
    pub eight_bit: bool,
    /// The server accepts addresses outside of ASCII.
    pub utf8_addresses: bool,
    /// A mechanism for the login that both sides know.
    pub login: Option<Mechanism>,
}

impl Offers {
    /// Reads the reply to EHLO. Its first line is the name of the server.
    pub fn read(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines.iter().skip(1) {
            // Old servers write `AUTH=LOGIN`.
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => offers.starttls = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("SMTPUTF8") => offers.utf8_addresses = true,
                Some("AUTH") => offers.read_mechanisms(words),
                _ => {}
            }
        }
        offers
    }

    fn read_mechanisms<'a>(&mut self, words: impl Iterator<Item = &'a str>) {
        for word in words {
            match word {
                "PLAIN" => self.login = Some(Mechanism::Plain),
                "LOGIN" if self.login.is_none() => self.login = Some(Mechanism::Login),
                _ => {}
            }
        }
    }
}

/// A conversation over one byte stream.
pub(crate) struct Session<'a, S> {
    stream: BufReader<S>,
    position: &'a mut Position,
}

impl<'a, S: ByteStream> Session<'a, S> {
    pub fn new(stream: S, position: &'a mut Position) -> Self {
        Self { stream: BufReader::new(stream), position }
    }

    /// Reads the greeting.
    pub async fn greeting(&mut self) -> Result<(), Failure> {
        self.begin(Stage::Greeting);
        self.reply(2).await.map(drop)
    }

    /// Sends EHLO.
    pub async fn hello(&mut self, name: &ClientId) -> Result<Offers, Failure> {
        let reply = self.command(Stage::Hello, Ehlo::new(name.clone()), 2).await?;
        Ok(Offers::read(&reply))
    }

    /// Sends STARTTLS. Returns the byte stream for the handshake.
    pub async fn start_tls(mut self) -> Result<S, Failure> {
        self.command(Stage::StartTls, Starttls, 2).await?;
        // These bytes are not encrypted, so anyone on the way may have sent them.
        if !self.stream.buffer().is_empty() {
            return Err(Failure::Unusable("the server sends unencrypted bytes after STARTTLS".to_owned()));
        }
        Ok(self.stream.into_inner())
    }

    /// Logs in.
    pub async fn login(&mut self, mechanism: Mechanism, credentials: &Credentials) -> Result<(), Failure> {
        let step = |challenge: Option<&str>| {
            let challenge = challenge.map(str::to_owned);
            Auth::new(mechanism, credentials.clone(), challenge)
                .map_err(|error| Failure::Unusable(format!("the login is impossible: {error}")))
        };
        if mechanism == Mechanism::Login {
            self.command(Stage::Login, step(None)?, 3).await?;
            // Servers translate or misspell the two questions, but always ask in this order.
            self.command(Stage::Login, step(Some("Username"))?, 3).await?;
            self.command(Stage::Login, step(Some("Password"))?, 2).await?;
        } else {
            self.command(Stage::Login, step(None)?, 2).await?;
        }
        Ok(())
    }

    /// Names the sender.
    pub async fn sender(&mut self, from: &Address, parameters: Vec<MailParameter>) -> Result<(), Failure> {
        self.command(Stage::Sender, Mail::new(Some(from.clone()), parameters), 2).await.map(drop)
    }

    /// Takes the sender back, so that no mail begins.
    pub async fn reset(&mut self) -> Result<(), Failure> {
        self.command(Stage::Sender, Rset, 2).await.map(drop)
    }

    /// Sends one message to one recipient. `Ok` means that the server has accepted it.
    pub async fn transmit(&mut self, to: &Address, message: &[u8]) -> Result<(), Failure> {
        self.command(Stage::Recipient, Rcpt::new(to.clone(), Vec::new()), 2).await?;
        self.command(Stage::Data, Data, 3).await?;
        self.begin(Stage::Content);
        self.write(&with_doubled_dots(message)).await?;
        self.begin(Stage::Outcome);
        self.write(b"\r\n.\r\n").await?;
        self.reply(2).await?;
        self.position.stage = Stage::Accepted;
        Ok(())
    }

    /// Ends the conversation. The result of the mail is known, so every failure is ignored, and the
    /// position is left as it is.
    pub async fn quit(&mut self) {
        let leave = async {
            self.write(Quit.to_string().as_bytes()).await?;
            self.stream.fill_buf().await.map_err(Failure::Lost)?;
            self.stream.shutdown().await.map_err(Failure::Lost)
        };
        let _the_result_of_the_mail_is_known: Result<(), Failure> = leave.await;
    }

    async fn command(&mut self, stage: Stage, command: impl Display, class: u16) -> Result<Reply, Failure> {
        self.begin(stage);
        self.write(command.to_string().as_bytes()).await?;
        self.reply(class).await
    }

    fn begin(&mut self, stage: Stage) {
        *self.position = Position { stage, reply: ReplyParser::default() };
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.stream.write_all(bytes).await.map_err(Failure::Lost)?;
        self.stream.flush().await.map_err(Failure::Lost)
    }

    /// Reads a reply, and refuses a reply of another class than `class`.
    async fn reply(&mut self, class: u16) -> Result<Reply, Failure> {
        loop {
            let bytes = self.stream.fill_buf().await.map_err(Failure::Lost)?;
            if bytes.is_empty() {
                return Err(Failure::Lost(io::ErrorKind::ConnectionAborted.into()));
            }
            let (taken, progress) = self.position.reply.take(bytes);
            self.stream.consume(taken);
            match progress {
                Progress::Incomplete => {}
                Progress::Complete(reply) if reply.class() == class => return Ok(reply),
                Progress::Complete(reply) => return Err(Failure::Reply(reply)),
                Progress::Unreadable => return Err(Failure::Unreadable),
            }
        }
    }
}

/// The parameters of MAIL FROM for addresses and bytes outside of ASCII.
pub(crate) fn sender_parameters(
    offers: &Offers,
    addresses: &[&Address],
    message: &[u8],
) -> Result<Vec<MailParameter>, Failure> {
    let mut parameters = Vec::new();
    if addresses.iter().any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !offers.utf8_addresses {
            return Err(Failure::Unsendable("the mail server does not accept addresses outside of ASCII (SMTPUTF8)"));
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        if !offers.eight_bit {
            return Err(Failure::Unsendable("the mail server does not accept bytes outside of ASCII (8BITMIME)"));
        }
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    Ok(parameters)
}

/// Doubles each dot at the beginning of a line (RFC 5321, 4.5.2), so that no line ends the message.
fn with_doubled_dots(message: &[u8]) -> Vec<u8> {
    let mut doubled = Vec::with_capacity(message.len());
    let mut is_line_start = true;
    for byte in message {
        if is_line_start && *byte == b'.' {
            doubled.push(b'.');
        }
        doubled.push(*byte);
        is_line_start = *byte == b'\n';
    }
    doubled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(lines: &[&str]) -> Offers {
        Offers::read(&Reply { code: 250, lines: lines.iter().map(|&line| line.to_owned()).collect() })
    }

    #[test]
    fn the_offers_of_a_server_are_read_in_any_case() {
        assert_eq!(offers(&[]), Offers::default());
        assert_eq!(offers(&["STARTTLS"]), Offers::default(), "the first line is the name of the server");
        let all = offers(&["mail.example.org", "starttls", "8BitMime", "SMTPUTF8", "auth login plain", "SIZE 1000"]);
        let login = Some(Mechanism::Plain);
        assert_eq!(all, Offers { starttls: true, eight_bit: true, utf8_addresses: true, login });
        assert_eq!(offers(&["host", "AUTH=LOGIN"]).login, Some(Mechanism::Login));
        assert_eq!(offers(&["host", "AUTH CRAM-MD5 XOAUTH2"]).login, None);
    }

    #[test]
    fn a_dot_at_the_beginning_of_a_line_is_doubled() {
        assert_eq!(with_doubled_dots(b".a\r\n.\r\nb.c\r\n..\r\n"), b"..a\r\n..\r\nb.c\r\n...\r\n");
    }
}
