//! What an installation has to ask for by name, because it suits only a try on one machine.

use super::error::Error;
use super::settings::Config;

/// The module that sends mail.
const MAILING_MODULE: &str = "email";

/// Checks that the settings ask by name for everything that `allow` is about.
///
/// # Errors
/// All settings that are not allowed, in one text.
pub fn check_installation(config: &Config) -> Result<(), Error> {
    let allow = config.allow;
    let is_https = config.http.public_url.as_ref().is_some_and(|url| url.to_lowercase().starts_with("https://"));
    let hosted = &config.modules.hosted;
    let sends_mail = hosted.is_empty() || hosted.iter().any(|module| module == MAILING_MODULE);
    let writes_files = config.email.transport == email::Transport::File;
    let refusals = [
        (
            !allow.embedded_postgres && config.databases.are_embedded(),
            "`databases.tracker.write_url` and `databases.accounting.write_url` are not set, so the embedded \
             PostgreSQL would hold the data: set both, or `allow.embedded_postgres`",
        ),
        (
            !allow.mail_to_files && sends_mail && writes_files,
            "`email.transport` is file, so no person would receive a mail: set it to smtp with `email.smtp_url`, or \
             set `allow.mail_to_files`",
        ),
        (
            !allow.http_public_url && !is_https,
            "`http.public_url` does not begin with https://, so passwords and tokens would travel in clear text: set \
             it, or `allow.http_public_url`",
        ),
        (
            !allow.clear_text_mail && sends_mail && email::Email::sends_clear_text(&config.email),
            "`email.smtp_url` has tls=none, so names and pay would travel in clear text: leave it out, or set \
             `allow.clear_text_mail`",
        ),
    ];
    let reasons: Vec<&str> = refusals.iter().filter(|(is_refused, _)| *is_refused).map(|(_, reason)| *reason).collect();
    if reasons.is_empty() { Ok(()) } else { Err(Error::NotAllowed { reasons: reasons.join("; ") }) }
}
