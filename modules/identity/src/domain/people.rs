//! What a valid person is, and what an update does to one.

use chrono::{DateTime, Utc};
use contracts::events::identity::PersonState;
use contracts::{PersonId, Role};
use kernel::text::{self, LANGUAGES, MailAddress};
use kernel::{Fault, FieldCode, FieldError, ListOrder};

/// Maximum length of a name, in characters.
const NAME_CHARS_MAX: usize = 200;

/// A person with an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The person's id, which never changes.
    pub id: PersonId,
    /// The e-mail address, as it was entered.
    pub email: String,
    /// The full name.
    pub name: String,
    /// The role, which decides the permissions.
    pub role: Role,
    /// Whether the person may log in. A person is deactivated, never deleted.
    pub active: bool,
    /// `en` or `ru`; `None` for the default of the installation.
    pub language: Option<String>,
    /// The time zone, by its name in the IANA database; `None` for that of the installation.
    pub time_zone: Option<String>,
    /// Raised by each update, from 1. The events carry the same number.
    pub version: i64,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
}

/// A person to be created, as entered.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// The e-mail address, which no other person has.
    pub email: String,
    /// The full name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// `en` or `ru`; `None` for the default of the installation.
    pub language: Option<String>,
}

/// The new values of a person; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct PersonUpdate {
    /// The new role.
    pub role: Option<Role>,
    /// Whether the person may log in from now on.
    pub active: Option<bool>,
    /// The new e-mail address, which no other person has.
    pub email: Option<String>,
    /// The new name.
    pub name: Option<String>,
    /// The new language; `Some(None)` for the default of the installation.
    pub language: Option<Option<String>>,
    /// The new time zone; `Some(None)` for that of the installation.
    pub time_zone: Option<Option<String>>,
    /// The versions of the person to which the update applies; `None` for any.
    pub if_version: Option<Vec<i64>>,
}

/// Which people a list contains, and their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeopleFilter {
    /// The order.
    pub order: ListOrder,
    /// Part of the name, in upper or lower case.
    pub text: Option<String>,
    /// Whether the text may also be part of the e-mail address. Only for callers who may see
    /// addresses, because a search reveals them.
    pub search_email: bool,
    /// The role.
    pub role: Option<Role>,
    /// Whether the person may log in.
    pub active: Option<bool>,
}

/// A `NewPerson` whose fields are all valid.
#[derive(Debug, Clone)]
pub(crate) struct ValidPerson {
    /// The e-mail address.
    pub email: MailAddress,
    /// The name, trimmed.
    pub name: String,
    /// The role.
    pub role: Role,
    /// `en` or `ru`; `None` for the default of the installation.
    pub language: Option<String>,
}

/// A person after an update.
#[derive(Debug)]
pub(crate) struct UpdatedPerson {
    /// The person with the new values and the next version.
    pub person: Person,
    /// Whether the update revokes the person's access tokens.
    pub access_changed: bool,
}

impl Person {
    /// Whether the person can manage people.
    pub(crate) fn is_active_admin(&self) -> bool {
        self.active && self.role == Role::Admin
    }

    /// The person as the event `PeopleChanged` carries them.
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

/// A name is one line of 1 to 200 characters.
pub(crate) fn parse_name(text: &str) -> Result<String, Fault> {
    text::parse_line(text, NAME_CHARS_MAX).map_err(|error| Fault::from(error).of("a name"))
}

fn check_language(language: &str) -> Result<(), Fault> {
    if LANGUAGES.contains(&language) {
        return Ok(());
    }
    let detail = format!("a language is one of {}", LANGUAGES.join(", "));
    Err(Fault::new(FieldCode::NotOneOf, detail).with("allowed", LANGUAGES.as_slice()))
}

/// An update has none of these fields.
pub(crate) fn nothing_to_change(fields: &[&str]) -> Fault {
    let detail = format!("at least one of {} is required", fields.join(", "));
    Fault::new(FieldCode::NothingToChange, detail).with("fields", fields)
}

/// The value of a passed check. If the check failed, adds the error of the field to `errors`.
pub(crate) fn check_field<T>(
    errors: &mut Vec<FieldError>,
    pointer: &str,
    result: Result<T, impl Into<Fault>>,
) -> Option<T> {
    result.map_err(|fault| errors.push(FieldError::new(pointer, fault))).ok()
}

impl NewPerson {
    /// Checks every field and returns the errors of all. Creating the person runs the same check.
    pub fn check(&self) -> Result<(), Vec<FieldError>> {
        self.parse().map(|_| ())
    }

    /// The valid person, or the errors of all fields.
    pub(crate) fn parse(&self) -> Result<ValidPerson, Vec<FieldError>> {
        let mut errors = Vec::new();
        let email = check_field(&mut errors, "/email", MailAddress::parse(&self.email));
        let name = check_field(&mut errors, "/name", parse_name(&self.name));
        let language = self.language.clone();
        if let Some(language) = &language {
            check_field(&mut errors, "/language", check_language(language));
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
    /// An active person with the version 1.
    pub fn into_person(self, id: PersonId, now: DateTime<Utc>) -> Person {
        Person {
            id,
            email: self.email.text,
            name: self.name,
            role: self.role,
            active: true,
            language: self.language,
            time_zone: None,
            version: 1,
            created_at: now,
        }
    }
}

impl PersonUpdate {
    /// The update with its values trimmed, or the errors of all fields.
    pub(crate) fn parse(mut self) -> Result<Self, Vec<FieldError>> {
        let mut errors = Vec::new();
        let is_own_omitted = self.name.is_none() && self.language.is_none() && self.time_zone.is_none();
        let is_text_omitted = self.email.is_none() && is_own_omitted;
        if self.role.is_none() && self.active.is_none() && is_text_omitted {
            let fields = ["role", "active", "email", "name", "language"];
            errors.push(FieldError::new("", nothing_to_change(&fields)));
        }
        if let Some(email) = &self.email {
            self.email = check_field(&mut errors, "/email", MailAddress::parse(email)).map(|email| email.text);
        }
        if let Some(name) = &self.name {
            self.name = check_field(&mut errors, "/name", parse_name(name));
        }
        if let Some(Some(language)) = &self.language {
            check_field(&mut errors, "/language", check_language(language));
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// Whether the update applies to this version of the person.
    pub(crate) fn applies_to(&self, person: &Person) -> bool {
        self.if_version.as_ref().is_none_or(|versions| versions.contains(&person.version))
    }

    /// Whether the update could end an active admin's right to manage people.
    pub(crate) fn may_remove_an_admin(&self) -> bool {
        self.active == Some(false) || self.role.is_some_and(|role| role != Role::Admin)
    }

    /// The person after the update; `None` if the update changes no value.
    pub(crate) fn apply(self, person: &Person) -> Option<UpdatedPerson> {
        let next = Person {
            role: self.role.unwrap_or(person.role),
            active: self.active.unwrap_or(person.active),
            email: self.email.unwrap_or_else(|| person.email.clone()),
            name: self.name.unwrap_or_else(|| person.name.clone()),
            language: self.language.unwrap_or_else(|| person.language.clone()),
            time_zone: self.time_zone.unwrap_or_else(|| person.time_zone.clone()),
            ..person.clone()
        };
        if next == *person {
            return None;
        }
        let access_changed = next.role != person.role || next.active != person.active;
        Some(UpdatedPerson { person: Person { version: person.version + 1, ..next }, access_changed })
    }
}

impl PeopleFilter {
    /// The filter with its text as names are stored.
    pub fn parse(self) -> Result<Self, FieldError> {
        Ok(Self { text: text::parse_search(self.text.as_deref())?, ..self })
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
            time_zone: None,
            version: 7,
            created_at: DateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_name_is_1_to_200_characters_after_trimming() {
        assert_eq!(parse_name("  Ada Lovelace ").as_deref(), Ok("Ada Lovelace"));
        assert!(parse_name(&"ы".repeat(200)).is_ok());
        assert_eq!(parse_name("Zoe\u{308}").as_deref(), Ok("Zo\u{eb}"), "one spelling");
        for invalid in ["", "   ", "a\u{7}b", "a\nb", "\u{200b}", "Ada\u{202e}", "\u{301}", &"a".repeat(201)] {
            assert!(parse_name(invalid).is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn the_errors_of_a_new_person_name_every_invalid_field() {
        let new = NewPerson {
            email: "ada".to_owned(),
            name: String::new(),
            role: Role::Worker,
            language: Some("tlh".to_owned()),
        };
        let pointers: Vec<String> = new.check().unwrap_err().into_iter().map(|error| error.pointer).collect();
        assert_eq!(pointers, ["/email", "/name", "/language"]);
    }

    #[test]
    fn an_update_to_the_present_values_changes_nothing() {
        let update = PersonUpdate {
            role: Some(Role::Worker),
            active: Some(true),
            email: Some(" ada@example.com".to_owned()),
            name: Some(" Ada ".to_owned()),
            language: Some(None),
            time_zone: Some(None),
            if_version: None,
        };
        assert!(update.parse().unwrap().apply(&ada()).is_none());
    }

    #[test]
    fn an_update_raises_the_version_and_only_role_and_activity_change_the_access() {
        let renamed =
            PersonUpdate { name: Some("Ada L.".to_owned()), ..PersonUpdate::default() }.apply(&ada()).unwrap();
        assert_eq!((renamed.person.version, renamed.access_changed), (8, false));
        for update in [
            PersonUpdate { role: Some(Role::Manager), ..PersonUpdate::default() },
            PersonUpdate { active: Some(false), ..PersonUpdate::default() },
        ] {
            assert!(update.apply(&ada()).unwrap().access_changed);
        }
    }

    #[test]
    fn an_empty_update_is_refused() {
        assert_eq!(PersonUpdate::default().parse().unwrap_err().len(), 1);
    }
}
