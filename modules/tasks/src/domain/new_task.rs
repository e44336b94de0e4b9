//! The fields of a new task, and what each of them may contain (DOMAIN T1, T3).

use kernel::text::{self, InvalidText};
use kernel::{Fault, FieldCode, FieldError};

use super::TASKS_PER_REQUEST_MAX;

/// Maximum length of a title.
const TITLE_CHARS_MAX: usize = 500;
/// Maximum length of a description.
const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Maximum length of a link.
const LINK_CHARS_MAX: usize = 2_000;
/// Maximum length of a ticket reference.
const REFERENCE_CHARS_MAX: usize = 50;

/// The fields of a task as a request or a file contains them.
#[derive(Debug, Clone, Default)]
pub struct RawTask {
    /// The title, with or without a reference in brackets at its beginning.
    pub title: String,
    /// The ticket reference, if it has a field of its own.
    pub reference: Option<String>,
    /// Free text.
    pub description: Option<String>,
    /// An http or https address.
    pub link: Option<String>,
}

/// The valid fields of a new task: trimmed, with the reference split from the title (DOMAIN T3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTask {
    /// The title, without a reference in brackets.
    pub(crate) title: String,
    /// The ticket reference, such as `POP-42`.
    pub(crate) reference: Option<String>,
    /// Free text.
    pub(crate) description: Option<String>,
    /// An http or https address.
    pub(crate) link: Option<String>,
}

/// Every invalid field of a new task, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", describe(.0))]
pub struct InvalidTask(pub Vec<FieldError>);

/// `title: the reason; link: the reason`.
fn describe(errors: &[FieldError]) -> String {
    let field = |error: &FieldError| format!("{}: {}", error.pointer.trim_start_matches('/'), error.detail);
    errors.iter().map(field).collect::<Vec<_>>().join("; ")
}

impl NewTask {
    /// Checks the fields. The error names every invalid field.
    pub fn parse(raw: RawTask) -> Result<Self, InvalidTask> {
        let mut errors = Vec::new();
        let mut refuse = |pointer: &str, fault: Fault| errors.push(FieldError::new(pointer, fault));

        let typed = text::nfc(raw.title.trim());
        let (bracketed, title) = split_reference(&typed);
        let title = text::parse_line(title, TITLE_CHARS_MAX);
        if let Err(error) = title {
            refuse("/title", Fault::from(error).of("a title"));
        }

        let given = some_trimmed(raw.reference);
        if let Some(reference) = &given
            && !is_reference(reference)
        {
            let detail = "a reference consists of capital letters and digits, a hyphen and digits, such as POP-42";
            refuse("/reference", Fault::new(FieldCode::Reference, detail));
        }
        if let (Some(given), Some(bracketed)) = (&given, &bracketed)
            && given != bracketed
        {
            let detail = format!("the title begins with [{bracketed}], but the reference says {given}");
            let fault = Fault::new(FieldCode::ReferenceDiffers, detail);
            refuse("/reference", fault.with("in_title", bracketed.as_str()).with("reference", given.as_str()));
        }

        let description = parse_description(raw.description.as_deref());
        if let Err(error) = description {
            refuse("/description", Fault::from(error).of("a description"));
        }

        let link = some_trimmed(raw.link);
        if link.as_ref().is_some_and(|link| !is_link(link)) {
            let detail = format!("a link is an http or https address of at most {LINK_CHARS_MAX} characters");
            refuse("/link", Fault::new(FieldCode::Link, detail).with("max", LINK_CHARS_MAX));
        }

        match (title, description) {
            (Ok(title), Ok(description)) if errors.is_empty() => {
                Ok(Self { title, reference: given.or(bracketed), description, link })
            }
            _ => Err(InvalidTask(errors)),
        }
    }

    /// Checks the fields of 1 to `TASKS_PER_REQUEST_MAX` tasks. The error names every invalid field
    /// of every task, as `/tasks/<place>/<field>`.
    pub fn parse_all(raw: Vec<RawTask>) -> Result<Vec<Self>, InvalidTask> {
        check_count("/tasks", raw.len())?;
        let (mut tasks, mut errors) = (Vec::with_capacity(raw.len()), Vec::new());
        for (place, raw) in raw.into_iter().enumerate() {
            match Self::parse(raw) {
                Ok(task) => tasks.push(task),
                Err(InvalidTask(invalid)) => errors.extend(
                    invalid
                        .into_iter()
                        .map(|error| FieldError { pointer: format!("/tasks/{place}{}", error.pointer), ..error }),
                ),
            }
        }
        if errors.is_empty() { Ok(tasks) } else { Err(InvalidTask(errors)) }
    }

    /// All fields as one text. An import recognises a row without an id by it.
    pub(crate) fn content(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        // Only the description can contain the unit separator, and it comes last.
        [part(&self.reference), self.title.clone(), part(&self.link), part(&self.description)].join("\u{1f}")
    }
}

/// Checks the number of the tasks in the field `pointer` of a request.
pub fn check_count(pointer: &str, count: usize) -> Result<(), InvalidTask> {
    if (1..=TASKS_PER_REQUEST_MAX).contains(&count) {
        return Ok(());
    }
    let detail = format!("1 to {TASKS_PER_REQUEST_MAX} tasks, this has {count}");
    let fault = Fault::new(FieldCode::Count, detail).with("min", 1).with("max", TASKS_PER_REQUEST_MAX);
    Err(InvalidTask(vec![FieldError::new(pointer, fault.with("actual", count))]))
}

/// The description; `None` if nothing of it is visible.
fn parse_description(text: Option<&str>) -> Result<Option<String>, InvalidText> {
    text.map_or(Ok(None), |text| text::parse_lines(text, DESCRIPTION_CHARS_MAX))
}

/// The text without space around it; `None` if nothing remains.
fn some_trimmed(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// Splits `[POP-42] - Fix the door` into the reference `POP-42` and the title `Fix the door`. Other
/// brackets remain part of the title (DOMAIN T3).
fn split_reference(title: &str) -> (Option<String>, &str) {
    let Some((reference, rest)) = title.strip_prefix('[').and_then(|rest| rest.split_once(']')) else {
        return (None, title);
    };
    if !is_reference(reference) {
        return (None, title);
    }
    let rest = rest.trim_start();
    // A hyphen with space around it is a separator. A hyphen in a word (`-5 degrees`) belongs to
    // the title.
    let title = match rest.strip_prefix('-') {
        Some(after) if after.is_empty() || after.starts_with(char::is_whitespace) => after.trim_start(),
        _ => rest,
    };
    (Some(reference.to_owned()), title)
}

/// Whether the text is `[A-Z][A-Z0-9]*-[0-9]+` and not too long.
fn is_reference(text: &str) -> bool {
    let Some((project, number)) = text.split_once('-') else { return false };
    text.len() <= REFERENCE_CHARS_MAX
        && project.starts_with(|first: char| first.is_ascii_uppercase())
        && project.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether the text is an http or https address without spaces and hidden characters, and not too
/// long. It is not normalised: another spelling could be another page.
fn is_link(text: &str) -> bool {
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    text.chars().count() <= LINK_CHARS_MAX
        && address.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
        && !text.chars().any(char::is_whitespace)
        && text::check_line(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(title: &str) -> Result<NewTask, InvalidTask> {
        NewTask::parse(RawTask { title: title.to_owned(), ..RawTask::default() })
    }

    #[test]
    fn t3_a_reference_in_brackets_is_split_from_the_title() {
        for (typed, reference, title) in [
            ("[POP-42] - Fix the door", Some("POP-42"), "Fix the door"),
            ("[POP-42] Fix the door", Some("POP-42"), "Fix the door"),
            ("  [A1B-7]Fix  ", Some("A1B-7"), "Fix"),
            ("[POP-42] -5 degrees", Some("POP-42"), "-5 degrees"),
            ("[netstack3] ARP", None, "[netstack3] ARP"),
            ("Vec<[u8]>", None, "Vec<[u8]>"),
            ("[pop-42] lower case", None, "[pop-42] lower case"),
            ("[POP-] no number", None, "[POP-] no number"),
            ("[4POP-1] digit first", None, "[4POP-1] digit first"),
            ("[POP-4x] not a number", None, "[POP-4x] not a number"),
            ("see [POP-42]", None, "see [POP-42]"),
        ] {
            let task = parse(typed).unwrap();
            assert_eq!((task.reference.as_deref(), task.title.as_str()), (reference, title), "{typed}");
        }
    }

    #[test]
    fn a_title_has_1_to_500_characters_without_control_characters() {
        assert!(parse(&"я".repeat(500)).is_ok());
        assert!(parse(&"я".repeat(501)).is_err());
        for empty in ["", "  \u{a0} ", "[POP-42] - ", "[POP-42]"] {
            assert!(parse(empty).is_err(), "{empty:?}");
        }
        for control in ["two\nlines", "a\tb", "bell\u{7}", "c1\u{85}x", "a\u{202e}b", "\u{200b}", "[POP-42] \u{301}"] {
            assert!(parse(control).is_err(), "{control:?}");
        }
    }

    #[test]
    fn a_text_is_stored_in_one_spelling_and_a_link_as_it_is() {
        let task = NewTask::parse(RawTask {
            title: "[POP-42] cafe\u{301}".to_owned(),
            reference: None,
            description: Some("e\u{301}\n\u{2068}x\u{2069}".to_owned()),
            link: Some("https://example.org/e\u{301}".to_owned()),
        });
        let task = task.unwrap();
        assert_eq!((task.title.as_str(), task.reference.as_deref()), ("caf\u{e9}", Some("POP-42")));
        assert_eq!(task.description.as_deref(), Some("\u{e9}\n\u{2068}x\u{2069}"));
        assert_eq!(task.link.as_deref(), Some("https://example.org/e\u{301}"));
        let with = |description: &str, link: &str| RawTask {
            title: "Fix".to_owned(),
            description: Some(description.to_owned()),
            link: Some(link.to_owned()),
            ..RawTask::default()
        };
        assert_eq!(NewTask::parse(with("\u{200b}\n", "")).unwrap().description, None);
        assert!(NewTask::parse(with("x\u{202e}y", "")).is_err());
        assert!(NewTask::parse(with("", "https://\u{200b}")).is_err());
        assert!(NewTask::parse(with("", "https://example.org/\u{202e}gpj.exe")).is_err());
    }

    #[test]
    fn every_invalid_field_is_named_in_one_error() {
        let wrong = RawTask {
            title: String::new(),
            reference: Some("pop 42".to_owned()),
            description: Some("\u{0}".to_owned()),
            link: Some("javascript:alert(1)".to_owned()),
        };
        let InvalidTask(errors) = NewTask::parse(wrong).unwrap_err();
        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/title", "/reference", "/description", "/link"]);
    }

    #[test]
    fn every_invalid_field_of_every_task_of_a_request_is_named() {
        let raw = |title: &str, link: &str| RawTask {
            title: title.to_owned(),
            link: Some(link.to_owned()),
            ..RawTask::default()
        };
        let InvalidTask(errors) =
            NewTask::parse_all(vec![raw("", ""), raw("Fix", ""), raw("a\tb", "ftp://a")]).unwrap_err();
        let pointers: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/tasks/0/title", "/tasks/2/title", "/tasks/2/link"]);
        for count in [0, 501] {
            let InvalidTask(errors) = NewTask::parse_all(vec![raw("Fix", ""); count]).unwrap_err();
            assert_eq!(errors[0].pointer, "/tasks", "{count}");
        }
        assert_eq!(NewTask::parse_all(vec![raw("Fix", ""); 500]).unwrap().len(), 500);
    }

    #[test]
    fn two_different_references_are_refused() {
        let raw = |reference: &str| RawTask {
            title: "[POP-42] Fix".to_owned(),
            reference: Some(reference.to_owned()),
            ..RawTask::default()
        };
        assert!(NewTask::parse(raw("POP-42")).is_ok());
        assert!(NewTask::parse(raw("POP-43")).is_err());
    }
}
