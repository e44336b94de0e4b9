//! The `email` section of the configuration.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::domain::Language;

/// The upper bound of `send_timeout_ms`: ten minutes.
const LONGEST_SEND_TIMEOUT_MS: u64 = 600_000;

/// The upper bound of `longest_pause_ms`: a week.
const LONGEST_PAUSE_MS: u64 = 7 * 24 * 3_600_000;

/// How mails are sent. `smtp_url` may contain a password and must be redacted when it is printed.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The way in which mails are sent.
    pub transport: Transport,
    /// The mail server: `smtp://` (STARTTLS is required), `smtp://…?tls=none` (nothing is
    /// encrypted) or `smtps://`, with `user:password@` if the server requires a login.
    pub smtp_url: Option<String>,
    /// A PEM file with the authorities that may have issued the server's certificate. `None` means
    /// the public ones.
    pub smtp_ca_file: Option<String>,
    /// The name of this installation in EHLO. `None` means the host of the public URL.
    pub helo_name: Option<String>,
    /// The sender, such as `Piecework <piecework@example.org>`.
    pub from: String,
    /// The language of mails to people who have chosen none.
    pub language: Language,
    /// The part of a Message-ID after the `@`.
    pub message_id_domain: String,
    /// Number of failed attempts after which a mail is parked.
    pub max_attempts: i32,
    /// The pause after the first failed attempt. It doubles with each further failure.
    pub first_pause_ms: u64,
    /// Maximum length of a pause.
    pub longest_pause_ms: u64,
    /// Maximum time of one attempt, from connecting to the server's last reply.
    pub send_timeout_ms: u64,
    /// Number of days that the text of a sent mail is kept; 0 means that it is not deleted.
    pub keep_days: u16,
}

/// The way in which mails are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Mails are sent to the server at `smtp_url`.
    Smtp,
    /// Each mail is written to a `.eml` file below the data directory. No server is needed.
    File,
}

impl Settings {
    /// Refuses an invalid setting with a text that names its key.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |why: &str| Err(Error::Settings(why.to_owned()));
        if self.max_attempts < 1 {
            return refuse("email.max_attempts must be at least 1");
        }
        if self.first_pause_ms == 0 || self.first_pause_ms > self.longest_pause_ms {
            return refuse("email.first_pause_ms must be at least 1 and at most email.longest_pause_ms");
        }
        if self.longest_pause_ms > LONGEST_PAUSE_MS {
            return refuse("email.longest_pause_ms must be at most 604800000 (a week)");
        }
        if !(1..=LONGEST_SEND_TIMEOUT_MS).contains(&self.send_timeout_ms) {
            return refuse("email.send_timeout_ms must be 1 to 600000");
        }
        if !is_domain(&self.message_id_domain) {
            return refuse("email.message_id_domain must be a domain name such as piecework.local");
        }
        let is_host = |name: &str| name.is_empty() || is_domain(name) || name.parse::<IpAddr>().is_ok();
        if !self.helo_name.as_deref().is_none_or(is_host) {
            return refuse("email.helo_name must be a domain name or an IP address");
        }
        Ok(())
    }

    pub(crate) const fn send_timeout(&self) -> Duration {
        Duration::from_millis(self.send_timeout_ms)
    }
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
impl Settings {
    pub(crate) fn for_tests() -> Self {
        Self {
            transport: Transport::File,
            smtp_url: None,
            smtp_ca_file: None,
            helo_name: None,
            from: "Piecework <piecework@example.org>".to_owned(),
            language: Language::English,
            message_id_domain: "piecework.local".to_owned(),
            max_attempts: 12,
            first_pause_ms: 1_000,
            longest_pause_ms: 600_000,
            send_timeout_ms: 30_000,
            keep_days: 90,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_setting_is_refused_by_its_name() {
        let refused = |change: fn(&mut Settings)| {
            let mut settings = Settings::for_tests();
            change(&mut settings);
            settings.check().unwrap_err().to_string()
        };
        assert!(Settings::for_tests().check().is_ok());
        assert!(refused(|settings| settings.max_attempts = 0).contains("email.max_attempts"));
        assert!(refused(|settings| settings.first_pause_ms = 0).contains("email.first_pause_ms"));
        assert!(refused(|settings| settings.longest_pause_ms = u64::MAX).contains("email.longest_pause_ms"));
        assert!(refused(|settings| settings.send_timeout_ms = 0).contains("email.send_timeout_ms"));
        for name in ["mail server", "a..b", "x\r\nMAIL FROM:<>", "p\u{e4}ge.example", "[192.0.2.7]"] {
            let mut settings = Settings::for_tests();
            settings.helo_name = Some(name.to_owned());
            assert!(settings.check().unwrap_err().to_string().contains("email.helo_name"), "{name}");
        }
        for domain in ["", "a..b", "x>\r\nBcc: y", "päge.example", "-a.example"] {
            let mut settings = Settings::for_tests();
            settings.message_id_domain = domain.to_owned();
            assert!(settings.check().is_err(), "{domain}");
        }
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let mut settings = serde_json::to_value(Settings::for_tests()).unwrap();
        settings["smtp_uri"] = "smtp://mail.example.org".into();
        assert!(serde_json::from_value::<Settings>(settings).is_err());
    }
}
