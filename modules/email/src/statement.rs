//! Renders a payout's mail from `templates/`: subject, text and HTML in the recipient's language.

use askama::Template;
use chrono::NaiveDate;

use crate::domain::{AmountFormat, Language, PayoutStatement};

/// The rendered content of a mail.
pub(crate) struct Content {
    /// The subject.
    pub subject: String,
    /// The body as plain text.
    pub text: String,
    /// The body as HTML.
    pub html: String,
}

/// The data of the templates, with amounts and days formatted in the language.
struct TemplateData<'a> {
    name: &'a str,
    day: String,
    amount: String,
    opening_balance: String,
    lines: Vec<TemplateLine<'a>>,
    /// Number of lines of the day that the event does not contain.
    more: i64,
    /// The address of the full statement.
    link: String,
}

/// One line of the statement.
struct TemplateLine<'a> {
    time: String,
    what: What<'a>,
    title: Option<&'a str>,
    amount: String,
}

/// The kind of a line.
enum What<'a> {
    Fee,
    Reward,
    Correction,
    /// A kind that this version does not know; the name is shown.
    Other(&'a str),
}

#[derive(Template)]
#[template(path = "payout_statement.en.txt")]
struct EnglishText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "payout_statement.en.html")]
struct EnglishHtml<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "payout_statement.ru.txt")]
struct RussianText<'a> {
    shown: &'a TemplateData<'a>,
}

#[derive(Template)]
#[template(path = "payout_statement.ru.html")]
struct RussianHtml<'a> {
    shown: &'a TemplateData<'a>,
}

/// Renders the mail about one payout. `public_url` has no slash at the end.
pub(crate) fn render(
    statement: &PayoutStatement,
    business_day: NaiveDate,
    name: &str,
    language: Language,
    public_url: &str,
) -> Result<Content, askama::Error> {
    let format = AmountFormat { language, currency: statement.currency, exponent: statement.currency_exponent };
    let payout = &statement.payout;
    let shown = TemplateData {
        name,
        day: language.format_day(business_day),
        amount: format.with_currency(payout.amount_minor),
        opening_balance: format.with_currency(payout.opening_balance_minor),
        lines: payout.lines.iter().map(|line| TemplateLine::new(line, format)).collect(),
        more: payout.lines_total.saturating_sub(i64::try_from(payout.lines.len()).unwrap_or(i64::MAX)).max(0),
        link: contracts::pages::my_statement(public_url, business_day),
    };
    let (day, amount) = (&shown.day, &shown.amount);
    match language {
        Language::English => Ok(Content {
            subject: format!("Your payout for {day}: {amount}"),
            text: EnglishText { shown: &shown }.render()?,
            html: EnglishHtml { shown: &shown }.render()?,
        }),
        Language::Russian => Ok(Content {
            subject: format!("Выплата за {day}: {amount}"),
            text: RussianText { shown: &shown }.render()?,
            html: RussianHtml { shown: &shown }.render()?,
        }),
    }
}

impl<'a> TemplateLine<'a> {
    fn new(line: &'a contracts::events::accounting::StatementLine, format: AmountFormat) -> Self {
        let what = match line.kind.as_str() {
            "assignment_fee" => What::Fee,
            "completion_reward" => What::Reward,
            "correction" => What::Correction,
            other => What::Other(other),
        };
        Self {
            time: line.occurred_at.format("%Y-%m-%d %H:%M").to_string(),
            what,
            title: line.task_title.as_deref(),
            amount: format.signed(line.amount_minor),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use contracts::PersonId;
    use contracts::events::accounting::{Payout, StatementLine};

    use super::*;

    /// A title with the characters that break mail which is not encoded or escaped.
    pub(crate) const AWKWARD_TITLE: &str =
        "Fix `Vec<[u8]>` & \"quotes\" 'n' – non\u{2011}breaking\u{a0}space\u{202f}thin, naïve Ελλάδα 日本 🎉 =3D";

    fn line(kind: &str, title: Option<&str>, amount_minor: i64) -> StatementLine {
        let occurred_at = "2026-11-21T14:05:59Z".parse().unwrap();
        StatementLine { kind: kind.to_owned(), task_title: title.map(str::to_owned), amount_minor, occurred_at }
    }

    pub(crate) fn statement() -> PayoutStatement {
        let lines = vec![
            line("assignment_fee", Some("Fix the door"), -1_250),
            line("completion_reward", Some(AWKWARD_TITLE), 4_000),
            line("correction", None, 1_000),
        ];
        let payout = Payout {
            transfer_id: uuid::Uuid::from_u128(7).into(),
            person_id: PersonId::from(uuid::Uuid::from_u128(8)),
            amount_minor: 3_500,
            opening_balance_minor: -250,
            lines_total: 3,
            lines,
        };
        PayoutStatement { currency: "USD".parse().unwrap(), currency_exponent: 2, payout }
    }

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 11, 21).unwrap()
    }

    fn render_in(language: Language, statement: &PayoutStatement) -> Content {
        render(statement, day(), "Ann <b>O'Neil</b>", language, "https://work.example.org").unwrap()
    }

    #[test]
    fn a7_the_english_text_contains_the_amount_and_the_statement_of_the_day() {
        let content = render_in(Language::English, &statement());
        assert_eq!(content.subject, "Your payout for 21 November 2026: 35.00 USD");
        let expected = format!(
            "Hello, Ann <b>O'Neil</b>!

You have been paid for 21 November 2026: 35.00 USD.

Balance when the day began: -2.50 USD

The day, times in UTC:
2026-11-21 14:05        -12.50  Fee for “Fix the door”
2026-11-21 14:05        +40.00  Reward for “{AWKWARD_TITLE}”
2026-11-21 14:05        +10.00  Correction

Paid out: 35.00 USD

--
You get this mail because a positive balance is paid out when a business day ends."
        );
        assert_eq!(content.text, expected);
    }

    #[test]
    fn a7_the_russian_mail_contains_no_english_text() {
        let content = render_in(Language::Russian, &statement());
        assert_eq!(content.subject, "Выплата за 21 ноября 2026 г.: 35,00 USD");
        for part in [
            "Здравствуйте, Ann",
            "Вам выплачен баланс кошелька за 21 ноября 2026 г.: 35,00 USD.",
            "-12,50  Плата за назначение за задачу «Fix the door»",
            "Выплачено: 35,00 USD",
        ] {
            assert!(content.text.contains(part), "{part} in {}", content.text);
        }
        assert!(content.html.contains(r#"<html lang="ru">"#));
        assert!(content.html.contains("+40,00"));
    }

    #[test]
    fn names_and_titles_are_escaped_in_html() {
        for language in [Language::English, Language::Russian] {
            let html = render_in(language, &statement()).html;
            assert!(!html.contains("<b>O'Neil") && !html.contains("<[u8]>") && !html.contains("\"quotes\""), "{html}");
            assert!(html.contains("Vec&#60;[u8]&#62;") && html.contains("&#38; &#34;quotes&#34;"), "{html}");
        }
    }

    #[test]
    fn omitted_lines_are_counted_and_linked() {
        let mut statement = statement();
        statement.payout.lines_total = 45;
        let link = "https://work.example.org/wallet/days/2026-11-21";
        for language in [Language::English, Language::Russian] {
            let content = render_in(language, &statement);
            assert!(content.text.contains("42") && content.text.contains(link), "{}", content.text);
            assert!(
                content.html.contains("42") && content.html.contains(&format!("href=\"{link}\"")),
                "{}",
                content.html
            );
        }
        statement.payout.lines_total = i64::MIN;
        assert!(!render_in(Language::English, &statement).text.contains(link));
    }

    #[test]
    fn an_unknown_kind_of_line_is_shown_by_its_name_and_a_day_without_lines_has_no_list() {
        let mut statement = statement();
        statement.payout.lines = vec![line("<bonus>", None, 1)];
        let content = render_in(Language::English, &statement);
        assert!(content.text.contains("+0.01  <bonus>") && content.html.contains("&#60;bonus&#62;"));
        statement.payout.lines.clear();
        assert!(!render_in(Language::English, &statement).text.contains("times in UTC"));
    }
}
