//! Renders the notice that a person's address was changed: subject, text and HTML.

use askama::Template;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::Language;
use crate::statement::Content;

/// The content of a notice, as stored with the mail.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct AddressNotice {
    /// The address before the change.
    pub old_address: String,
    /// The address after the change.
    pub new_address: String,
}

/// The data of the templates.
struct TemplateData<'a> {
    name: &'a str,
    day: String,
    old_address: &'a str,
    new_address: &'a str,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "address_changed.en.txt")]
struct EnglishText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "address_changed.en.html")]
struct EnglishHtml<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "address_changed.ru.txt")]
struct RussianText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "address_changed.ru.html")]
struct RussianHtml<'a> {
    shown: &'a TemplateData<'a>,
}

/// Renders the notice. `day` is the day of the change, in UTC.
pub(crate) fn render(
    notice: &AddressNotice,
    day: NaiveDate,
    name: &str,
    language: Language,
    public_url: &str,
) -> Result<Content, askama::Error> {
    let AddressNotice { old_address, new_address } = notice;
    let shown = &TemplateData { name, day: language.format_day(day), old_address, new_address, link: public_url };
    match language {
        Language::English => Ok(Content {
            subject: "Your e-mail address was changed".to_owned(),
            text: EnglishText { shown }.render()?,
            html: EnglishHtml { shown }.render()?,
        }),
        Language::Russian => Ok(Content {
            subject: "Ваш адрес электронной почты изменён".to_owned(),
            text: RussianText { shown }.render()?,
            html: RussianHtml { shown }.render()?,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_names_both_addresses_in_text_and_html() {
        let notice =
            AddressNotice { old_address: "o'brien@example.org".to_owned(), new_address: "<b>&@example.org".to_owned() };
        let day = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap();
        for (language, day_in_words) in
            [(Language::English, "21 November 2026"), (Language::Russian, "21 ноября 2026 г.")]
        {
            let content = render(&notice, day, "Zoë", language, "https://work.example.org").unwrap();
            for part in ["Zoë", day_in_words, "o'brien@example.org", "<b>&@example.org", "https://work.example.org"] {
                assert!(content.text.contains(part), "{part}: {}", content.text);
            }
            assert!(content.html.contains(day_in_words) && !content.html.contains("<b>"), "{}", content.html);
        }
    }
}
