//! Renders the mails with a one-time link: invitations, and links to set a forgotten password.

use askama::Template;
use chrono::{DateTime, Utc};
use contracts::{Secret, pages};
use serde::{Deserialize, Serialize};

use crate::domain::{INVITATION, Language};
use crate::statement::Content;

/// The content of a mail with a link, as stored with the mail until it is sent.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct PasswordLink {
    /// The token of the link.
    pub token: Secret,
    /// From this moment on the link is refused.
    pub expires_at: DateTime<Utc>,
}

/// The data of the templates.
struct TemplateData<'a> {
    name: &'a str,
    /// The address of the program, without a slash at the end.
    program: &'a str,
    /// The day and the time at which the link expires, in UTC.
    expiry: String,
    link: String,
}

#[derive(Template)]
#[template(path = "invitation.en.txt")]
struct EnglishInvitationText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "invitation.en.html")]
struct EnglishInvitationHtml<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "invitation.ru.txt")]
struct RussianInvitationText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "invitation.ru.html")]
struct RussianInvitationHtml<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "password_reset.en.txt")]
struct EnglishResetText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "password_reset.en.html")]
struct EnglishResetHtml<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "password_reset.ru.txt")]
struct RussianResetText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "password_reset.ru.html")]
struct RussianResetHtml<'a> {
    shown: &'a TemplateData<'a>,
}

/// Renders a mail of the kind `INVITATION` or `PASSWORD_RESET`. `public_url` has no slash at the
/// end.
pub(crate) fn render(
    link: &PasswordLink,
    kind: &str,
    name: &str,
    language: Language,
    public_url: &str,
) -> Result<Content, askama::Error> {
    let day = language.format_day(link.expires_at.date_naive());
    let shown = &TemplateData {
        name,
        program: public_url,
        expiry: format!("{day}, {}", link.expires_at.format("%H:%M")),
        link: pages::set_password(public_url, &link.token.0),
    };
    let (subject, text, html) = match (language, kind == INVITATION) {
        (Language::English, true) => (
            "Your account at Piecework",
            EnglishInvitationText { shown }.render()?,
            EnglishInvitationHtml { shown }.render()?,
        ),
        (Language::English, false) => {
            ("Set a new password", EnglishResetText { shown }.render()?, EnglishResetHtml { shown }.render()?)
        }
        (Language::Russian, true) => (
            "Ваша учётная запись в Piecework",
            RussianInvitationText { shown }.render()?,
            RussianInvitationHtml { shown }.render()?,
        ),
        (Language::Russian, false) => {
            ("Задайте новый пароль", RussianResetText { shown }.render()?, RussianResetHtml { shown }.render()?)
        }
    };
    Ok(Content { subject: subject.to_owned(), text, html })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PASSWORD_RESET;

    #[test]
    fn a_mail_has_its_link_and_its_expiry_in_text_and_html() {
        let expires_at = "2026-11-21T14:05:59Z".parse().unwrap();
        let link = PasswordLink { token: Secret("a-token_0".to_owned()), expires_at };
        assert!(!format!("{link:?}").contains("a-token_0"));
        let url = "https://work.example.org/set-password#token=a-token_0";
        for (language, expiry) in
            [(Language::English, "21 November 2026, 14:05"), (Language::Russian, "21 ноября 2026 г., 14:05")]
        {
            let mut subjects = Vec::new();
            for kind in [INVITATION, PASSWORD_RESET] {
                let content = render(&link, kind, "Zoë <b>", language, "https://work.example.org").unwrap();
                for part in ["Zoë <b>", expiry, url] {
                    assert!(content.text.contains(part), "{part}: {}", content.text);
                }
                assert!(content.html.contains(&format!("href=\"{url}\"")), "{}", content.html);
                assert!(content.html.contains(expiry) && !content.html.contains("<b>"), "{}", content.html);
                assert!(!content.subject.contains("a-token_0"));
                subjects.push(content.subject);
            }
            assert_ne!(subjects[0], subjects[1]);
        }
    }
}
