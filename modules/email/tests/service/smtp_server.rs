//! A small mail server whose every reply can be set.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// The authority that has issued the certificate of the server, for the name `localhost`.
pub const CA_FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/service/certificates/ca.pem");

/// How the server treats the next mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// It accepts them.
    Accept,
    /// It replies with this to every recipient.
    Answer(&'static str),
    /// It does not reply to the recipient.
    Hang,
    /// It closes the connection at the recipient.
    HangUp,
    /// It accepts the mail but does not reply.
    AcceptAndHang,
    /// It accepts everything but acts in this way at one step.
    At(Step, Action),
}

/// The steps of a conversation at which the server can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Data,
    /// The end of the message.
    Dot,
    Quit,
}

/// What the server does instead of accepting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It sends these bytes.
    Send(&'static [u8]),
    /// It sends these bytes and closes the connection.
    SendAndHangUp(&'static [u8]),
    /// It does nothing.
    Hang,
    /// It accepts after `SmtpServer::release`.
    AcceptLater,
}

/// How the server secures its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all.
    None,
    /// By STARTTLS. Without it, the server offers no login.
    StartTls,
    /// From the start.
    Implicit,
}

/// A mail that the server has received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub recipient: String,
    pub message: String,
}

/// What all connections share.
struct Shared {
    behaviour: Mutex<Behaviour>,
    commands: Mutex<Vec<String>>,
    received: watch::Sender<Vec<Received>>,
    released: Notify,
    tls: Encryption,
}

pub struct SmtpServer {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::start_with(Encryption::None).await
    }

    pub async fn start_with(tls: Encryption) -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap(), tls).await
    }

    pub async fn start_at(address: SocketAddr) -> Self {
        Self::listen(address, Encryption::None).await
    }

    async fn listen(address: SocketAddr, tls: Encryption) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            behaviour: Mutex::new(Behaviour::Accept),
            commands: Mutex::default(),
            received: watch::Sender::new(Vec::new()),
            released: Notify::new(),
            tls,
        });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { address, shared, accepting }
    }

    pub fn set(&self, behaviour: Behaviour) {
        *self.shared.behaviour.lock().unwrap() = behaviour;
    }

    pub fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// The commands so far. Those over TLS begin with `tls `.
    pub fn commands(&self) -> Vec<String> {
        self.shared.commands.lock().unwrap().clone()
    }

    /// Waits until the server has received `count` mails.
    pub async fn wait_for(&self, count: usize) {
        self.shared.received.subscribe().wait_for(|received| received.len() >= count).await.unwrap();
    }

    /// Lets one conversation go on that waits in `Action::AcceptLater`.
    pub fn release(&self) {
        self.shared.released.notify_one();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // The set is dropped with this task, so a stopped server closes its connections.
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve(stream, Arc::clone(&shared)));
    }
}

async fn serve(tcp: TcpStream, shared: Arc<Shared>) -> std::io::Result<()> {
    if shared.tls == Encryption::Implicit {
        let stream = acceptor().accept(tcp).await?;
        return converse(&mut BufReader::new(stream), &shared, true, true).await.map(drop);
    }
    let mut plain = BufReader::new(tcp);
    if converse(&mut plain, &shared, false, true).await? == End::StartTls {
        let stream = acceptor().accept(plain.into_inner()).await?;
        converse(&mut BufReader::new(stream), &shared, true, false).await?;
    }
    Ok(())
}

fn acceptor() -> TlsAcceptor {
    let file = |name| format!("{}/tests/service/certificates/{name}", env!("CARGO_MANIFEST_DIR"));
    let certificate = CertificateDer::from_pem_file(file("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// How a conversation ends.
#[derive(PartialEq, Eq)]
enum End {
    Closed,
    StartTls,
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    shared: &Shared,
    is_encrypted: bool,
    greets: bool,
) -> std::io::Result<End> {
    let mut recipient = String::new();
    if greets && !answer(stream, shared, Step::Greeting, "220 test.example.org").await? {
        return Ok(End::Closed);
    }
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(End::Closed);
        }
        let command = line.trim_end();
        shared.commands.lock().unwrap().push(format!("{}{command}", if is_encrypted { "tls " } else { "" }));
        let goes_on = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => answer(stream, shared, Step::Ehlo, offers(shared.tls, is_encrypted)).await?,
            "STARTTLS" => {
                if !answer(stream, shared, Step::StartTls, "220 go ahead").await? {
                    return Ok(End::Closed);
                }
                return Ok(End::StartTls);
            }
            "AUTH" => {
                if command == "AUTH LOGIN" {
                    // The questions are not those of other servers, and one has no text.
                    for question in ["334\r\n", "334 S2VubndvcnQ=\r\n"] {
                        send(stream, question.as_bytes()).await?;
                        let mut reply = String::new();
                        stream.read_line(&mut reply).await?;
                        shared.commands.lock().unwrap().push(reply.trim_end().to_owned());
                    }
                }
                answer(stream, shared, Step::Auth, "235 welcome").await?
            }
            "MAIL" => answer(stream, shared, Step::Mail, "250 ok").await?,
            "RCPT" => {
                command.trim_start_matches("RCPT TO:").trim_matches(['<', '>']).clone_into(&mut recipient);
                answer(stream, shared, Step::Rcpt, "250 ok").await?
            }
            "DATA" => {
                answer(stream, shared, Step::Data, "354 go on").await? && {
                    let Some(message) = read_message(stream).await? else { return Ok(End::Closed) };
                    let mail = Received { recipient: recipient.clone(), message };
                    shared.received.send_modify(|all| all.push(mail));
                    answer(stream, shared, Step::Dot, "250 accepted").await?
                }
            }
            "RSET" => send(stream, b"250 ok\r\n").await?,
            "QUIT" => {
                answer(stream, shared, Step::Quit, "221 bye").await?;
                false
            }
            _ => send(stream, b"502 unknown command\r\n").await?,
        };
        if !goes_on {
            return Ok(End::Closed);
        }
    }
}

const fn offers(tls: Encryption, is_encrypted: bool) -> &'static str {
    match (tls, is_encrypted) {
        (Encryption::StartTls, false) => "250-test.example.org\r\n250 STARTTLS",
        _ => "250-test.example.org\r\n250 AUTH PLAIN LOGIN",
    }
}

/// Replies as the server is set to. Returns whether the conversation goes on.
async fn answer<S: AsyncWrite + Unpin>(
    stream: &mut S,
    shared: &Shared,
    step: Step,
    usual: &str,
) -> std::io::Result<bool> {
    let behaviour = *shared.behaviour.lock().unwrap();
    let action = match behaviour {
        Behaviour::Answer(text) if step == Step::Rcpt => return send(stream, format!("{text}\r\n").as_bytes()).await,
        Behaviour::Hang if step == Step::Rcpt => Action::Hang,
        Behaviour::HangUp if step == Step::Rcpt => return Ok(false),
        Behaviour::AcceptAndHang if step == Step::Dot => Action::Hang,
        Behaviour::At(at, action) if at == step => action,
        _ => return send(stream, format!("{usual}\r\n").as_bytes()).await,
    };
    match action {
        Action::Send(bytes) => send(stream, bytes).await,
        Action::SendAndHangUp(bytes) => send(stream, bytes).await.map(|_| false),
        Action::Hang => std::future::pending().await,
        Action::AcceptLater => {
            shared.released.notified().await;
            send(stream, format!("{usual}\r\n").as_bytes()).await
        }
    }
}

async fn send<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> std::io::Result<bool> {
    stream.write_all(bytes).await?;
    stream.flush().await?;
    Ok(true)
}

/// Reads up to the line that is a single dot. A doubled dot at the start of a line stands for one.
/// `None` if the connection ends first.
async fn read_message<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        if line == ".\r\n" {
            return Ok(Some(message));
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}
