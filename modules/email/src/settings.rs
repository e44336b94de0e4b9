//! The `email` section of the configuration.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::domain::Language;

const LONGEST_SEND_TIMEOUT_MS: u64 = 600_000;
const LONGEST_PAUSE_MS: u64 = 7 * 24 * 3_600_000;

/// How mail leaves. `smtp_url` may hold a password: whoever prints settings hides it.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    pub transport: Transport,
    /// `smtp://`, `smtp://…?tls=required` (STARTTLS) or `smtps://`, with `user:password@` where the server asks for a login.
    pub smtp_url: Option<String>,
    /// The sender, such as `Piecework <piecework@example.org>`.
    pub from: String,
    /// For people who have chosen none.
    pub language: Language,
    /// The part of a Message-ID behind the `@`.
    pub message_id_domain: String,
    /// After so many failed tries a mail is parked.
    pub max_attempts: i32,
    /// The pause after the first failure; it doubles with each further one.
    pub first_pause_ms: u64,
    /// No pause is longer.
    pub longest_pause_ms: u64,
    /// How long one try may take, from connecting to the server's answer.
    pub send_timeout_ms: u64,
}

/// By what way mail leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// To the server at `smtp_url`.
    Smtp,
    /// One `.eml` file a mail, under the data directory: no server needed.
    File,
}

impl Settings {
    /// Refuses what could not work, naming the key.
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
            from: "Piecework <piecework@example.org>".to_owned(),
            language: Language::English,
            message_id_domain: "piecework.local".to_owned(),
            max_attempts: 12,
            first_pause_ms: 1_000,
            longest_pause_ms: 600_000,
            send_timeout_ms: 30_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_could_not_work_is_refused_by_its_name() {
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
