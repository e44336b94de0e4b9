//! What a failure means, by the stage at which it happens.

use std::io;
use std::time::Duration;

use super::reply::{Reply, ReplyParser};

/// Why a mail was not sent, in the words of the mail server or the operating system.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SendError {
    /// Another attempt may succeed.
    #[error("{0}")]
    Retry(String),
    /// The server refuses this mail, now and at every later attempt.
    #[error("{0}")]
    Refused(String),
    /// The server refuses this installation, and so would refuse every other mail.
    #[error("{text}")]
    Installation {
        /// The reason, for the mail.
        text: String,
        /// The reason, for the log: it contains nothing about a recipient.
        fault: String,
    },
    /// The whole mail was sent, and whether the server has accepted it is not known.
    #[error("{0}")]
    OutcomeUnknown(String),
}

/// The stages of a conversation, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// The TCP connection.
    Connect,
    /// The server's first reply.
    Greeting,
    /// EHLO.
    Hello,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    Login,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA.
    Data,
    /// The message without its end.
    Content,
    /// The end of the message, and the reply to it.
    Outcome,
    /// The server has accepted the message.
    Accepted,
}

impl Stage {
    const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::Greeting => "the greeting",
            Self::Hello => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Login => "AUTH",
            Self::Sender => "MAIL FROM",
            Self::Recipient => "RCPT TO",
            Self::Data => "DATA",
            Self::Content | Self::Outcome | Self::Accepted => "the end of the message",
        }
    }
}

/// Why a conversation ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The server refuses a command, or gives a reply that does not belong to it.
    #[error("{0}")]
    Reply(Reply),
    /// The connection could not be opened or has ended.
    #[error("the connection is lost: {0}")]
    Lost(#[source] io::Error),
    /// The server sends something that is not a reply.
    #[error("the server's answer is not a reply of a mail server")]
    Unreadable,
    /// The deadline of the attempt has passed.
    #[error("the server did not answer within {} ms", .0.as_millis())]
    TimedOut(Duration),
    /// This installation and the server cannot work together.
    #[error("{0}")]
    Unusable(String),
    /// The server cannot take this mail.
    #[error("{0}")]
    Unsendable(&'static str),
}

/// How far a conversation has come. It outlives the conversation, which a deadline may cancel.
#[derive(Debug)]
pub(crate) struct Position {
    /// The current stage.
    pub stage: Stage,
    /// The bytes of the current reply.
    pub reply: ReplyParser,
}

impl Default for Position {
    fn default() -> Self {
        Self { stage: Stage::Connect, reply: ReplyParser::default() }
    }
}

impl Position {
    /// What a failure at this position means for the mail. `Ok` means that the server has accepted
    /// it: a failure after that does not matter.
    pub fn judge(&self, failure: Failure) -> Result<(), SendError> {
        if self.stage == Stage::Accepted {
            return Ok(());
        }
        // A reply whose code has arrived counts, even if its end never arrives.
        let failure = match (failure, self.reply.partial()) {
            (Failure::Lost(_) | Failure::Unreadable | Failure::TimedOut(_), Some(reply)) if reply.class() >= 4 => {
                Failure::Reply(reply)
            }
            (Failure::Lost(_) | Failure::Unreadable | Failure::TimedOut(_), Some(reply))
                if reply.class() == 2 && self.stage == Stage::Outcome =>
            {
                return Ok(());
            }
            (failure, _) => failure,
        };
        Err(match failure {
            Failure::Reply(reply) => self.judge_reply(&reply),
            Failure::Unusable(reason) => {
                let text = format!("the mail server cannot be used: {reason}");
                SendError::Installation { fault: text.clone(), text }
            }
            Failure::Unsendable(reason) => SendError::Refused(reason.to_owned()),
            failure if self.stage == Stage::Outcome => SendError::OutcomeUnknown(failure.to_string()),
            failure => SendError::Retry(failure.to_string()),
        })
    }

    /// Whether a refusal is about this mail: its recipient or its content. Any other refusal from
    /// RCPT TO on is about the installation.
    ///
    /// Many servers answer RCPT TO also where they refuse the client, EHLO or the sender (Postfix:
    /// `smtpd_delay_reject`), and some check the sender only after the message. The enhanced code
    /// (RFC 3463) decides. Without one, the code and the words decide. A wrong guess is harmless:
    /// the mail is retried for hours and then parked, instead of being parked at once.
    fn is_about_this_mail(&self, reply: &Reply) -> bool {
        let text = reply.lines.join(" ").to_lowercase();
        // An address and a host are one word, because they have no blank.
        let mut words = text.split_whitespace().map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()));
        match words.clone().find_map(enhanced_code) {
            // An address; 1.7 and 1.8 are about the sender, and 1.0 is about any address.
            Some((1, detail)) => !matches!(detail, 0 | 7 | 8),
            // The mailbox, and the content.
            Some((2 | 6, _)) => true,
            // The message is too big.
            Some((3, 4)) => true,
            Some(_) => false,
            None if reply.code == 552 => true,
            None => {
                let is_relaying = |word: &str| matches!(word, "relay" | "relaying" | "relayed" | "rcpthosts");
                self.stage == Stage::Recipient && matches!(reply.code, 550 | 551 | 553) && !words.any(is_relaying)
            }
        }
    }

    fn judge_reply(&self, reply: &Reply) -> SendError {
        let stage = self.stage.name();
        match reply.class() {
            4 => SendError::Retry(reply.to_string()),
            5 if self.stage < Stage::Recipient || !self.is_about_this_mail(reply) => {
                // From the recipient on, a server may repeat the address, which is not for the log.
                let logged = if self.stage < Stage::Recipient { reply.to_string() } else { reply.code.to_string() };
                let fault = format!("the mail server refuses this installation at {stage}: {logged}");
                SendError::Installation { fault, text: format!("{stage}: {reply}") }
            }
            5 => SendError::Refused(reply.to_string()),
            _ if self.stage == Stage::Outcome => SendError::OutcomeUnknown(format!("unexpected reply {reply}")),
            _ => SendError::Retry(format!("unexpected reply to {stage}: {reply}")),
        }
    }
}

/// The subject and the detail of an enhanced status code (RFC 3463), such as (7, 1) for 5.7.1.
fn enhanced_code(word: &str) -> Option<(u16, u16)> {
    let (subject, detail) = word.strip_prefix("5.")?.split_once('.')?;
    Some((subject.parse().ok()?, detail.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::reply::Progress;

    /// What a reply means at a stage: one letter for each class of result.
    fn judged(stage: Stage, reply: &[u8]) -> char {
        let mut position = Position { stage, reply: ReplyParser::default() };
        let failure = match position.reply.take(reply).1 {
            Progress::Complete(reply) => Failure::Reply(reply),
            Progress::Incomplete => Failure::TimedOut(Duration::from_secs(1)),
            Progress::Unreadable => Failure::Unreadable,
        };
        match position.judge(failure) {
            Ok(()) => 's',
            Err(SendError::Retry(_)) => 'r',
            Err(SendError::Refused(_)) => 'p',
            Err(SendError::Installation { .. }) => 'i',
            Err(SendError::OutcomeUnknown(_)) => 'u',
        }
    }

    #[test]
    fn a_failure_is_judged_by_its_stage_and_its_code() {
        use Stage::{Connect, Content, Data, Greeting, Hello, Login, Outcome, Recipient, Sender, StartTls};
        let at = |reply: &[u8], stages: &[Stage]| stages.iter().map(|stage| judged(*stage, reply)).collect::<String>();
        let refusing = [Greeting, Hello, StartTls, Login, Sender];
        let mail = [Recipient, Data, Content, Outcome];
        assert_eq!(at(b"550 no\r\n", &refusing), "iiiii");
        assert_eq!(at(b"554 no", &refusing), "iiiii", "the line has no end");
        assert_eq!(at(b"550 no\r\n", &mail), "piii", "after RCPT TO, nothing says that the mail is refused");
        assert_eq!(at(b"552 no\r\n", &mail), "pppp");
        assert_eq!(at(b"550-5.1.1 no", &mail), "pppp", "the reply has no end");
        assert_eq!(at(b"554 no\r\n", &mail), "iiii");
        assert_eq!(at(b"530 login\r\n", &mail), "iiii");
        assert_eq!(at(b"451 later\r\n", &refusing), "rrrrr");
        assert_eq!(at(b"451 later", &mail), "rrrr");
        assert_eq!(
            at(b"nonsense\r\n", &[Connect, Greeting, Hello, StartTls, Login, Sender, Recipient, Data, Content]),
            "rrrrrrrrr"
        );
        assert_eq!(at(b"", &[Connect, Greeting, Sender, Content, Outcome]), "rrrru");
        assert_eq!([judged(Outcome, b"nonsense\r\n"), judged(Outcome, b"354\r\n"), judged(Outcome, b"25")], ['u'; 3]);
        assert_eq!([judged(Outcome, b"250"), judged(Outcome, b"250-a\r\n"), judged(Stage::Accepted, b"")], ['s'; 3]);
    }

    #[test]
    fn a_refusal_of_the_client_the_sender_or_relaying_is_a_refusal_of_the_installation() {
        for reply in [
            "554 5.7.1 <ada@example.org>: Relay access denied",
            "550 5.7.1 <ada@example.org>... Relaying denied",
            "550-Verification failed\r\n550 relay not permitted",
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "551 We do not relay.",
            "554 5.7.1 <unknown[192.0.2.7]>: Client host rejected: Access denied",
            "504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname",
            "553 5.7.1 <piecework@example.org>: Sender address rejected: not owned by user piecework",
            "550 5.1.0 <piecework@example.org>: Sender address rejected: User unknown in local recipient table",
            "550 5.1.8 Access denied, bad outbound sender",
        ] {
            assert_eq!(judged(Stage::Recipient, format!("{reply}\r\n").as_bytes()), 'i', "{reply}");
        }
        for reply in [
            "554 Message rejected: Email address is not verified.",
            "550 The from address does not match a verified Sender Identity.",
            "550 5.4.5 Daily user sending limit exceeded",
        ] {
            assert_eq!(judged(Stage::Outcome, format!("{reply}\r\n").as_bytes()), 'i', "{reply}");
        }
    }

    #[test]
    fn a_refusal_of_the_recipient_or_the_content_is_a_refusal_of_the_mail() {
        for reply in [
            "550 5.1.1 <relay@example.org>: Recipient address rejected: User unknown in relay recipient table",
            "550 no such user here (relay.example.org)",
            "556 5.1.10 Recipient address has null MX",
            "552 5.2.2 The mailbox is full",
        ] {
            assert_eq!(judged(Stage::Recipient, format!("{reply}\r\n").as_bytes()), 'p', "{reply}");
        }
        for reply in ["552 5.3.4 Message too big", "554 5.6.0 Message contains an invalid header", "552 too big"] {
            assert_eq!(judged(Stage::Outcome, format!("{reply}\r\n").as_bytes()), 'p', "{reply}");
        }
    }
}
