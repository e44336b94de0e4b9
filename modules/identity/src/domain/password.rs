//! Passwords: which are refused, and the one spelling in which they are hashed (NIST SP 800-63B).

use kernel::text::{MailAddress, is_blank, nfc, nfkc};
use kernel::{Fault, FieldCode};
use passwords::analyzer::is_common_password;

/// Minimum length of a password, in characters.
const CHARS_MIN: usize = 8;
/// Maximum length of a password, in characters.
const CHARS_MAX: usize = 1024;

/// The person who chooses a password. Their address and name are no passwords.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PasswordOwner<'a> {
    /// The e-mail address, as it was entered.
    pub email: &'a str,
    /// The name.
    pub name: &'a str,
}

/// The password as it is hashed: in NFKC, so that every keyboard enters the same one, and not
/// trimmed. The error is the rule that it breaks. There is no rule about kinds of characters.
pub(crate) fn parse_password(password: &str, owner: PasswordOwner<'_>) -> Result<String, Fault> {
    let password = nfkc(password);
    if !(CHARS_MIN..=CHARS_MAX).contains(&password.chars().count()) {
        let fault = Fault::new(FieldCode::PasswordLength, "a password is 8 to 1024 characters");
        return Err(fault.with("min", CHARS_MIN).with("max", CHARS_MAX));
    }
    if is_blank(&password) {
        return Err(Fault::new(FieldCode::Blank, "a password has visible characters"));
    }
    if owner.is_named_by(&password) {
        let detail = "a password is neither the person's e-mail address nor the person's name";
        return Err(Fault::new(FieldCode::PasswordIsName, detail));
    }
    if is_common_password(&password) || is_common_password(password.to_lowercase()) {
        let detail = "this password is on the list of the most common ones, which are guessed first";
        return Err(Fault::new(FieldCode::PasswordCommon, detail));
    }
    Ok(password)
}

impl PasswordOwner<'_> {
    /// Whether the password is the address, the part of it before the `@`, or the name, in upper or
    /// lower case, with blanks or without.
    fn is_named_by(&self, password: &str) -> bool {
        let password = plain(password);
        let address = plain(&MailAddress::key_of(self.email));
        let local_part = address.split('@').next().unwrap_or_default().to_owned();
        [plain(self.email), address, local_part, plain(self.name)].contains(&password)
    }
}

/// The text in NFKC and lower case, without blanks.
fn plain(text: &str) -> String {
    nfkc(text).to_lowercase().split_whitespace().collect()
}

/// The spellings of an entered password that may have been hashed, without repetition: NFKC, and
/// for hashes from before passwords were normalised the text as it was entered and its NFC.
pub(crate) fn password_spellings(password: &str) -> Vec<String> {
    let mut spellings = vec![nfkc(password)];
    for older in [password.to_owned(), nfc(password)] {
        if !spellings.contains(&older) {
            spellings.push(older);
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: PasswordOwner<'_> = PasswordOwner { email: "Ada.Lovelace@B\u{fc}cher.example", name: "Ada Lovelace" };

    fn parse(password: &str) -> Result<String, Fault> {
        parse_password(password, ADA)
    }

    #[test]
    fn a_password_is_8_to_1024_characters_and_not_trimmed() {
        assert_eq!(parse(" a blank "), Ok(" a blank ".to_owned()));
        assert!(parse(&"\u{44b}".repeat(1024)).is_ok());
        for length in [0, 7, 1025] {
            assert!(
                parse(&"\u{44b}".repeat(length)).is_err_and(|reason| reason.detail.contains("8 to 1024")),
                "{length}"
            );
        }
    }

    #[test]
    fn a_password_of_blanks_is_refused() {
        for blank in ["        ", "\t\t\t\t\u{a0}\u{2003}\n\n", &"\u{200b}".repeat(8), &"\u{3164}".repeat(8)] {
            assert!(parse(blank).is_err_and(|reason| reason.detail.contains("visible")), "{blank:?}");
        }
    }

    #[test]
    fn a_common_password_is_refused_in_any_case_of_letters_and_width() {
        for common in ["12345678", "password", "PASSWORD", "iloveyou", "qwertyuiop", "\u{ff11}2345678", "PassWord1"] {
            assert!(parse(common).is_err_and(|reason| reason.detail.contains("common")), "{common}");
        }
        assert!(parse("a password that nobody else has").is_ok());
    }

    #[test]
    fn the_address_and_the_name_of_the_person_are_refused() {
        for own in [
            "ada.lovelace@b\u{fc}cher.example",
            "ADA.LOVELACE@xn--bcher-kva.example",
            "ada.lovelace",
            "Ada Lovelace",
            "adalovelace",
            " \u{ff41}da  lovelace ",
        ] {
            assert!(parse(own).is_err_and(|reason| reason.detail.contains("name")), "{own}");
        }
        assert!(parse("Ada Lovelace 1815").is_ok());
    }

    #[test]
    fn there_is_no_rule_about_kinds_of_characters() {
        for plain in
            ["correct horse battery", "vqjkxwzp", "\u{43b}\u{43e}\u{448}\u{430}\u{434}\u{44c} \u{434}\u{43e}\u{43c}"]
        {
            assert!(parse(plain).is_ok(), "{plain}");
        }
    }

    #[test]
    fn a_password_has_one_spelling_and_its_length_is_counted_in_it() {
        let composed = parse("caf\u{e9} \u{e9}t\u{e9}").unwrap();
        assert_eq!(parse("cafe\u{301} e\u{301}te\u{301}").unwrap(), composed);
        assert_eq!(parse("\u{ff56}qjkxwzp"), Ok("vqjkxwzp".to_owned()), "a full-width letter");
        assert!(parse("e\u{301}e\u{301}e\u{301}e\u{301}").is_err(), "eight code points, four letters");
        assert!(parse(&"e\u{301}".repeat(1024)).is_ok());
    }

    #[test]
    fn a_password_that_every_form_leaves_alone_has_one_spelling() {
        for plain in ["correct horse", "", "\u{43f}\u{430}\u{440}\u{43e}\u{43b}\u{44c}", "caf\u{e9}"] {
            assert_eq!(password_spellings(plain), [plain]);
        }
        assert_eq!(password_spellings("cafe\u{301}"), ["caf\u{e9}", "cafe\u{301}"]);
        assert_eq!(password_spellings("\u{fb01}e\u{301}"), ["fi\u{e9}", "\u{fb01}e\u{301}", "\u{fb01}\u{e9}"]);
    }
}
