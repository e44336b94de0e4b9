//! A small mail server that can be told to misbehave.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the server does with the next mails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Accept,
    /// Says this to every recipient.
    Answer(&'static str),
    /// Goes silent at the recipient.
    Hang,
    /// Hangs up at the recipient.
    HangUp,
    /// Takes the mail and goes silent instead of saying so.
    TakeAndHang,
}

/// A mail as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub recipient: String,
    pub message: String,
}

pub struct SmtpServer {
    pub address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    received: watch::Sender<Vec<Received>>,
    accepting: JoinHandle<()>,
}

impl Drop for SmtpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl SmtpServer {
    pub async fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().unwrap()).await
    }

    pub async fn start_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mood = Arc::new(Mutex::new(Mood::Accept));
        let received = watch::Sender::new(Vec::new());
        let accepting = tokio::spawn(accept(listener, Arc::clone(&mood), received.clone()));
        Self { address, mood, received, accepting }
    }

    pub fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// Waits until so many mails have come.
    pub async fn wait_for(&self, count: usize) {
        self.received.subscribe().wait_for(|received| received.len() >= count).await.unwrap();
    }
}

async fn accept(listener: TcpListener, mood: Arc<Mutex<Mood>>, received: watch::Sender<Vec<Received>>) {
    // Dropped with this task, so a stopped server hangs up.
    let mut conversations = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        conversations.spawn(converse(stream, Arc::clone(&mood), received.clone()));
    }
}

async fn converse(
    stream: TcpStream,
    mood: Arc<Mutex<Mood>>,
    received: watch::Sender<Vec<Received>>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut recipient = String::new();
    say(&mut stream, "220 test.example.org").await?;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let command = line.trim_end();
        let mood_now = *mood.lock().unwrap();
        match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => say(&mut stream, "250 test.example.org").await?,
            "MAIL" => say(&mut stream, "250 ok").await?,
            "RCPT" => match mood_now {
                Mood::Answer(answer) => say(&mut stream, answer).await?,
                Mood::Hang => std::future::pending().await,
                Mood::HangUp => return Ok(()),
                Mood::Accept | Mood::TakeAndHang => {
                    recipient = command.trim_start_matches("RCPT TO:").trim_matches(['<', '>']).to_owned();
                    say(&mut stream, "250 ok").await?;
                }
            },
            "DATA" => {
                say(&mut stream, "354 go on").await?;
                let message = read_message(&mut stream).await?;
                received.send_modify(|all| all.push(Received { recipient: recipient.clone(), message }));
                if mood_now == Mood::TakeAndHang {
                    std::future::pending::<()>().await;
                }
                say(&mut stream, "250 taken").await?;
            }
            "QUIT" => return say(&mut stream, "221 bye").await,
            _ => say(&mut stream, "502 not known here").await?,
        }
    }
}

/// Up to the line with a single point; a doubled point at the start of a line is one.
async fn read_message(stream: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut message = String::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 || line == ".\r\n" {
            return Ok(message);
        }
        message.push_str(line.strip_prefix('.').unwrap_or(&line));
    }
}

async fn say(stream: &mut BufReader<TcpStream>, line: &str) -> std::io::Result<()> {
    stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await
}
