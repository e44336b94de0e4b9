//! What a person is, which e-mail addresses, names and passwords can be, and what a change does; pure.

use chrono::{DateTime, Utc};
use contracts::events::identity::PersonState;
use contracts::{PersonId, Role};
use kernel::problem::FieldError;

const EMAIL_MAX_CHARS: usize = 254;
const NAME_MAX_CHARS: usize = 200;
const PASSWORD_MIN_CHARS: usize = 8;
const PASSWORD_MAX_CHARS: usize = 128;
/// The languages in which the company writes to a person.
const LANGUAGES: [&str; 2] = ["en", "ru"];

/// Somebody with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: PersonId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub active: bool,
    /// `en` or `ru`; without one the installation's default holds.
    pub language: Option<String>,
    /// Counts the changes, from 1; the same number as in the events.
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

/// Somebody to be added, as it was entered.
#[derive(Debug, Clone)]
pub struct NewPerson {
    pub email: String,
    pub name: String,
    pub role: Role,
    pub language: Option<String>,
}

/// What is to become different about a person; `None` leaves a thing as it is.
#[derive(Debug, Clone, Default)]
pub struct PersonChange {
    pub role: Option<Role>,
    pub active: Option<bool>,
    pub name: Option<String>,
    /// `Some(None)` takes the language away, so that the installation's default holds.
    pub language: Option<Option<String>>,
}

/// An e-mail address that looks like one, with the key under which it is unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    pub text: String,
    /// The same address in lower case.
    pub key: String,
}

/// A `NewPerson` whose every part was found good.
#[derive(Debug, Clone)]
pub(crate) struct ValidPerson {
    pub email: Email,
    pub name: String,
    pub role: Role,
    pub language: Option<String>,
}

/// The person as a change leaves them.
#[derive(Debug)]
pub(crate) struct ChangedPerson {
    pub person: Person,
    /// Whether access tokens given out before must be refused.
    pub access_changed: bool,
}

impl Person {
    /// Whether this person keeps the company manageable.
    pub(crate) fn is_active_admin(&self) -> bool {
        self.active && self.role == Role::Admin
    }

    /// The person as the other modules hear of them.
    pub(crate) fn state(&self) -> PersonState {
        PersonState {
            person_id: self.id,
            version: self.version,
            name: self.name.clone(),
            email: self.email.clone(),
            role: self.role,
            active: self.active,
            language: self.language.clone(),
        }
    }
}

impl Email {
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if text.chars().count() > EMAIL_MAX_CHARS {
            return Err("an e-mail address is at most 254 characters");
        }
        let plausible = text.split_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain));
        if !plausible {
            return Err("not an e-mail address, such as ada@example.com");
        }
        Ok(Self { text: text.to_owned(), key: text.to_lowercase() })
    }
}

fn is_local_part(text: &str) -> bool {
    let fits = |character: char| character.is_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(character);
    text.split('.').all(|part| !part.is_empty() && part.chars().all(fits))
}

fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|character| character.is_alphanumeric() || character == '-')
    };
    text.split('.').all(is_label)
}

/// A name is 1 to 200 characters after trimming, none of them a control character.
pub(crate) fn parse_name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        return Err("a name is 1 to 200 characters");
    }
    if name.chars().any(char::is_control) {
        return Err("a name has no control characters");
    }
    Ok(name.to_owned())
}

/// A password is 8 to 128 characters, taken as they are.
pub(crate) fn check_password(password: &str) -> Result<(), &'static str> {
    if (PASSWORD_MIN_CHARS..=PASSWORD_MAX_CHARS).contains(&password.chars().count()) {
        Ok(())
    } else {
        Err("a password is 8 to 128 characters")
    }
}

fn check_language(language: &str) -> Result<(), &'static str> {
    if LANGUAGES.contains(&language) { Ok(()) } else { Err("a language is one of en, ru") }
}

/// Takes the good value out of a check, or notes what is wrong with the field.
pub(crate) fn note<T>(errors: &mut Vec<FieldError>, pointer: &str, result: Result<T, &'static str>) -> Option<T> {
    result.map_err(|detail| errors.push(FieldError::new(pointer, detail))).ok()
}

impl NewPerson {
    /// Says everything that is wrong, field by field; the same check that adding makes, without adding.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        self.parse().map(|_| ())
    }

    pub(crate) fn parse(&self) -> Result<ValidPerson, Vec<FieldError>> {
        let mut errors = Vec::new();
        let email = note(&mut errors, "/email", Email::parse(&self.email));
        let name = note(&mut errors, "/name", parse_name(&self.name));
        let language = self.language.clone();
        if let Some(language) = &language {
            note(&mut errors, "/language", check_language(language));
        }
        match (email, name) {
            (Some(email), Some(name)) if errors.is_empty() => {
                Ok(ValidPerson { email, name, role: self.role, language })
            }
            _ => Err(errors),
        }
    }
}

impl ValidPerson {
    pub fn into_person(self, id: PersonId, now: DateTime<Utc>) -> Person {
        Person {
            id,
            email: self.email.text,
            name: self.name,
            role: self.role,
            active: true,
            language: self.language,
            version: 1,
            created_at: now,
        }
    }
}

impl PersonChange {
    /// The same change with its values in their final form, or everything that is wrong with it.
    pub(crate) fn parse(mut self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.role.is_none() && self.active.is_none() && self.name.is_none() && self.language.is_none() {
            errors.push(FieldError::new("", "say at least one of role, active, name, language"));
        }
        if let Some(name) = &self.name {
            self.name = note(&mut errors, "/name", parse_name(name));
        }
        if let Some(Some(language)) = &self.language {
            note(&mut errors, "/language", check_language(language));
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// Whether it could leave the company without an admin.
    pub(crate) fn may_end_an_admin(&self) -> bool {
        self.active == Some(false) || self.role.is_some_and(|role| role != Role::Admin)
    }

    /// What `person` becomes by it; `None` if that is what they already are.
    pub(crate) fn apply(self, person: &Person) -> Option<ChangedPerson> {
        let next = Person {
            role: self.role.unwrap_or(person.role),
            active: self.active.unwrap_or(person.active),
            name: self.name.unwrap_or_else(|| person.name.clone()),
            language: self.language.unwrap_or_else(|| person.language.clone()),
            ..person.clone()
        };
        if next == *person {
            return None;
        }
        let access_changed = next.role != person.role || next.active != person.active;
        Some(ChangedPerson { person: Person { version: person.version + 1, ..next }, access_changed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> Person {
        Person {
            id: PersonId::from(uuid::Uuid::nil()),
            email: "ada@example.com".to_owned(),
            name: "Ada".to_owned(),
            role: Role::Worker,
            active: true,
            language: None,
            version: 7,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_email_is_trimmed_and_its_key_is_lower_case() {
        let email = Email::parse("  Ada.Lovelace+Post@Example.COM ").unwrap();
        assert_eq!(email.text, "Ada.Lovelace+Post@Example.COM");
        assert_eq!(email.key, "ada.lovelace+post@example.com");
        assert!(Email::parse("admin@localhost").is_ok());
        assert!(Email::parse("Ölaf@bücher.example").is_ok());
    }

    #[test]
    fn what_is_no_email_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(243));
        for wrong in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "a@b@c",
            "a b@c.d",
            "a\u{0}b@c.d",
            "a@b\n.c",
            ".a@b.c",
            "a..b@c.d",
            "a@b..c",
            "a@-b.c",
            "a@b.c.",
            "<a@b.c>",
            "a,b@c.d",
            &long,
        ] {
            assert!(Email::parse(wrong).is_err(), "{wrong:?}");
        }
        assert!(Email::parse(&long[1..]).is_ok(), "254 characters are allowed");
    }

    #[test]
    fn a_name_is_1_to_200_characters_after_trimming() {
        assert_eq!(parse_name("  Ada Lovelace ").as_deref(), Ok("Ada Lovelace"));
        assert!(parse_name(&"ы".repeat(200)).is_ok());
        for wrong in ["", "   ", "a\u{7}b", "a\nb", &"a".repeat(201)] {
            assert!(parse_name(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_8_to_128_characters_and_not_trimmed() {
        assert!(check_password("        ").is_ok());
        assert!(check_password(&"ы".repeat(128)).is_ok());
        assert!(check_password("1234567").is_err());
        assert!(check_password(&"a".repeat(129)).is_err());
    }

    #[test]
    fn every_wrong_field_is_named() {
        let new = NewPerson {
            email: "nobody".to_owned(),
            name: String::new(),
            role: Role::Worker,
            language: Some("tlh".to_owned()),
        };
        let pointers: Vec<String> = new.check().unwrap_err().into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/email", "/name", "/language"]);
    }

    #[test]
    fn a_change_to_what_already_is_changes_nothing() {
        let change = PersonChange {
            role: Some(Role::Worker),
            active: Some(true),
            name: Some(" Ada ".to_owned()),
            language: Some(None),
        };
        assert!(change.parse().unwrap().apply(&ada()).is_none());
    }

    #[test]
    fn a_change_counts_the_version_and_only_role_and_activity_touch_access() {
        let renamed =
            PersonChange { name: Some("Ada L.".to_owned()), ..PersonChange::default() }.apply(&ada()).unwrap();
        assert_eq!((renamed.person.version, renamed.access_changed), (8, false));
        for change in [
            PersonChange { role: Some(Role::Manager), ..PersonChange::default() },
            PersonChange { active: Some(false), ..PersonChange::default() },
        ] {
            assert!(change.apply(&ada()).unwrap().access_changed);
        }
    }

    #[test]
    fn an_empty_change_is_refused() {
        assert_eq!(PersonChange::default().parse().unwrap_err().len(), 1);
    }
}
