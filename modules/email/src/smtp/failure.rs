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

    /// Whether the server says to a recipient that it relays no mail of this installation: it would
    /// refuse each recipient outside of its own domains.
    ///
    /// There is no code for it: 5.7.1 also means that the recipient's own server refuses the mail.
    /// So the words decide, and a code that is about the recipient (5.1.1) overrides them. A wrong
    /// guess is harmless: the mail is retried for hours and then parked, instead of being parked at
    /// once.
    fn is_about_relaying(&self, reply: &Reply) -> bool {
        let text = reply.lines.join(" ").to_lowercase();
        let is_relaying = |word: &str| matches!(word, "relay" | "relaying" | "relayed" | "rcpthosts");
        // An address and a host are one word, because they have no blank.
        let mut words = text.split_whitespace().map(|word| word.trim_matches(|letter: char| !letter.is_alphanumeric()));
        let code = words.clone().find(|word| is_enhanced_code(word));
        self.stage == Stage::Recipient && code.is_none_or(|code| code.starts_with("5.7.")) && words.any(is_relaying)
    }

    fn judge_reply(&self, reply: &Reply) -> SendError {
        let stage = self.stage.name();
        // Replies 53x are about the login, also where they answer a recipient.
        let is_about_login = (530..540).contains(&reply.code) || self.is_about_relaying(reply);
        match reply.class() {
            4 => SendError::Retry(reply.to_string()),
            5 if self.stage < Stage::Recipient || is_about_login => {
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

/// Whether a word is an enhanced status code (RFC 3463), such as 5.7.1.
fn is_enhanced_code(word: &str) -> bool {
    let mut numbers = word.split('.');
    let is_number = |text: &str| !text.is_empty() && text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    word.starts_with(['4', '5']) && numbers.clone().count() == 3 && numbers.all(is_number)
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
        assert_eq!(at(b"550 no\r\n", &mail), "pppp");
        assert_eq!(at(b"550-no", &mail), "pppp", "the reply has no end");
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
    fn a_server_that_relays_nothing_for_this_installation_refuses_the_installation() {
        for reply in [
            "554 5.7.1 <ada@example.org>: Relay access denied",
            "550 5.7.1 <ada@example.org>... Relaying denied",
            "550-Verification failed\r\n550 relay not permitted",
            "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain",
            "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
            "551 We do not relay.",
        ] {
            assert_eq!(judged(Stage::Recipient, format!("{reply}\r\n").as_bytes()), 'i', "{reply}");
        }
        for reply in [
            "550 5.1.1 <relay@example.org>: Recipient address rejected: User unknown in relay recipient table",
            "550 5.7.1 <relay@example.org>: rejected by policy",
            "550 no such user here (relay.example.org)",
            "550 5.7.1 message refused as spam",
        ] {
            assert_eq!(judged(Stage::Recipient, format!("{reply}\r\n").as_bytes()), 'p', "{reply}");
        }
        assert_eq!(judged(Stage::Content, b"554 5.7.1 relay access denied\r\n"), 'p', "only a recipient is relayed");
    }
}
