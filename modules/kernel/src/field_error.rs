//! An error in one field of an input, with a code and parameters for texts in other languages.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What is wrong with a value. These are all codes; each says which parameters it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldCode {
    /// The value cannot be read: it has another type or form.
    Malformed,
    /// There is no such field or parameter.
    Unknown,
    /// The field is missing.
    Required,
    /// The field does not belong into this request.
    NotAllowed,
    /// None of the fields that can be changed is there. `fields`
    NothingToChange,
    /// The value is not one of a list. `allowed`
    NotOneOf,
    /// Nothing of the text can be seen.
    Blank,
    /// The text is too long. `max` characters; `actual`, where it is counted
    TooLong,
    /// The text has a control character. `character`, as U+0000, where it is known
    ControlCharacter,
    /// The text has a character that cannot be seen. `character`, `position`
    HiddenCharacter,
    /// The text begins with a mark that belongs to a letter before it.
    LeadingMark,
    /// The number of items is not allowed. `min`, `max`, `actual`
    Count,
    /// The text is no e-mail address.
    EmailMalformed,
    /// The part before the `@` has other letters than mail servers accept.
    EmailLocalPart,
    /// The part before the `@` is too long. `max`
    EmailLocalPartTooLong,
    /// The part after the `@` is no domain name.
    EmailDomain,
    /// The part after the `@` looks like another name.
    EmailConfusable,
    /// The length of the password. `min`, `max`
    PasswordLength,
    /// The password is the name or the address of its person.
    PasswordIsName,
    /// The password is one of the most common ones.
    PasswordCommon,
    /// The password is not the current one.
    PasswordWrong,
    /// The reference of a task has another form, as `POP-42`.
    Reference,
    /// The title begins with another reference. `in_title`, `reference`
    ReferenceDiffers,
    /// The text is no http or https address. `max`
    Link,
    /// The text is no name of a time zone of the IANA database.
    TimeZone,
    /// There is no such scope of a token.
    ScopeUnknown,
    /// The person's role does not have the permission. `role`
    ScopeNotOfRole,
    /// The time is not in the future, or too far in it. `max_days`
    Expiry,
    /// The path is not one of this program.
    ReturnPath,
    /// The end of a range is before its beginning.
    RangeReversed,
    /// The range is too long. `max_days`
    RangeTooLong,
    /// The date is not in these years. `min`, `max`
    Years,
    /// The parameter is sent together with another one, or not at all. `with`
    NeededWith,
    /// The parameter cannot be sent together with others. `with`
    NotWith,
    /// The order of a list needs other filters.
    Sort,
    /// The key was used for a request with another body.
    KeyReused,
}

/// What is wrong with a value, without its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The code.
    pub code: FieldCode,
    /// The values that a text about the fault contains, by their names.
    pub parameters: BTreeMap<&'static str, Value>,
    /// A text in English.
    pub detail: String,
}

/// One error in a request, and its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// A JSON pointer into the body (`/title`), or a query or path parameter (`?limit`, `{id}`).
    pub pointer: String,
    /// A stable code for programs.
    pub code: FieldCode,
    /// The values that a text about the error contains, by their names.
    #[schema(value_type = Object, example = json!({ "max": 500 }))]
    pub parameters: BTreeMap<&'static str, Value>,
    /// What is wrong with the value, in English.
    pub detail: String,
}

impl Fault {
    /// A fault without parameters.
    pub fn new(code: FieldCode, detail: impl Into<String>) -> Self {
        Self { code, parameters: BTreeMap::new(), detail: detail.into() }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name, value.into());
        self
    }

    /// Begins the text with what the value is: `a title`.
    #[must_use]
    pub fn of(self, what: &str) -> Self {
        Self { detail: format!("{what} {}", self.detail), ..self }
    }

    /// The fault that a text of serde describes.
    pub(crate) fn of_deserializer(detail: String) -> Self {
        let code = if detail.starts_with("unknown field") {
            FieldCode::Unknown
        } else if detail.starts_with("missing field") {
            FieldCode::Required
        } else {
            FieldCode::Malformed
        };
        Self::new(code, detail)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl FieldError {
    /// The fault of the value at this place.
    pub fn new(pointer: impl Into<String>, fault: impl Into<Fault>) -> Self {
        let Fault { code, parameters, detail } = fault.into();
        Self { pointer: pointer.into(), code, parameters, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_a_deserializer_gives_the_code() {
        let code = |text: &str| Fault::of_deserializer(text.to_owned()).code;
        assert_eq!(code("unknown field `owner`, expected `title`"), FieldCode::Unknown);
        assert_eq!(code("missing field `title` at line 1"), FieldCode::Required);
        assert_eq!(code("invalid type: integer `7`, expected a string"), FieldCode::Malformed);
    }
}
