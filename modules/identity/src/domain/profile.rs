//! What people change of their own account.

use chrono_tz::Tz;
use kernel::{Fault, FieldCode, FieldError};

use super::people::{PersonUpdate, check_field, nothing_to_change};

/// The new values of a person's own profile; `None` leaves a value as it is.
#[derive(Debug, Clone, Default)]
pub struct ProfileUpdate {
    /// The new name.
    pub name: Option<String>,
    /// The new language; `Some(None)` for the default of the installation.
    pub language: Option<Option<String>>,
    /// The new time zone, by its name in the IANA database; `Some(None)` for that of the
    /// installation.
    pub time_zone: Option<Option<String>>,
    /// The versions of the person to which the update applies; `None` for any.
    pub if_version: Option<Vec<i64>>,
}

impl ProfileUpdate {
    /// The update as an admin could make it, with valid values; or the errors of all fields.
    pub(crate) fn parse(self) -> Result<PersonUpdate, Vec<FieldError>> {
        let Self { name, language, time_zone, if_version } = self;
        if name.is_none() && language.is_none() && time_zone.is_none() {
            let fields = ["name", "language", "time_zone"];
            return Err(vec![FieldError::new("", nothing_to_change(&fields))]);
        }
        let mut errors = Vec::new();
        if let Some(Some(time_zone)) = &time_zone {
            check_field(&mut errors, "/time_zone", check_time_zone(time_zone));
        }
        let update = PersonUpdate { name, language, time_zone, if_version, ..PersonUpdate::default() }.parse();
        match update {
            Ok(update) if errors.is_empty() => Ok(update),
            update => Err(update.err().into_iter().flatten().chain(errors).collect()),
        }
    }
}

fn check_time_zone(name: &str) -> Result<(), Fault> {
    let detail = "a time zone is a name of the IANA database, such as Europe/Berlin";
    name.parse::<Tz>().map(drop).map_err(|_| Fault::new(FieldCode::TimeZone, detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(update: ProfileUpdate) -> Vec<String> {
        update.parse().err().into_iter().flatten().map(|error| error.pointer).collect()
    }

    #[test]
    fn the_errors_of_a_profile_name_every_invalid_field() {
        let text = |text: &str| Some(Some(text.to_owned()));
        let invalid = ProfileUpdate {
            name: Some(" ".to_owned()),
            language: text("tlh"),
            time_zone: text("Mars/Olympus"),
            if_version: None,
        };
        assert_eq!(pointers(invalid), ["/name", "/language", "/time_zone"]);
        assert_eq!(pointers(ProfileUpdate::default()), [""]);
        for zone in ["europe/berlin", "", "UTC+1", "\u{0}"] {
            assert_eq!(pointers(ProfileUpdate { time_zone: text(zone), ..ProfileUpdate::default() }), ["/time_zone"]);
        }
    }

    #[test]
    fn a_time_zone_is_set_and_removed() {
        for time_zone in [Some("Asia/Novosibirsk".to_owned()), Some("UTC".to_owned()), None] {
            let update = ProfileUpdate { time_zone: Some(time_zone.clone()), ..ProfileUpdate::default() };
            assert_eq!(update.parse().unwrap().time_zone, Some(time_zone));
        }
    }
}
