//! Internet mail addresses to which a server can send: RFC 5321's limits, IDNA, and one key for the
//! forms of one address.

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_script::{Script, UnicodeScript};
use unicode_security::mixed_script::AugmentedScriptSet;
use unicode_security::{MixedScript, skeleton};

use crate::{Fault, FieldCode};

/// Maximum length of the part before the `@` (RFC 5321), in octets.
const LOCAL_PART_OCTETS_MAX: usize = 64;
/// Maximum length of an address (RFC 5321), in octets. The domain counts in its ASCII form.
const ADDRESS_OCTETS_MAX: usize = 254;
/// The punctuation that the part before the `@` may contain without quotes (RFC 5322, `atext`).
const LOCAL_PART_PUNCTUATION: &str = "!#$%&'*+/=?^_`{|}~-";
/// The distance from a full-width character to the ASCII character that it repeats.
const FULL_WIDTH_OFFSET: u32 = 0xfee0;

/// An address to which a mail server can send, and the key under which it is unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailAddress {
    /// The address as it was entered. A domain with letters outside of ASCII is in its ASCII form
    /// (`xn--…`), in which every mail server accepts it.
    pub text: String,
    /// The address in lower case, with the domain in its ASCII form.
    pub key: String,
}

/// Why a text is no address to which a server can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAddress {
    /// The text does not have the form of an address.
    #[error("not an e-mail address, such as ada@example.com")]
    Malformed,
    /// The part before the `@` has a letter outside of ASCII.
    #[error("before the @ an e-mail address has only the letters a to z, digits and !#$%&'*+/=?^_`{{|}}~-.")]
    LocalPartNotAscii,
    /// The part before the `@` is too long.
    #[error("before the @ an e-mail address has at most 64 characters")]
    LocalPartTooLong,
    /// The address is too long.
    #[error("an e-mail address is at most 254 characters, with its domain as mail servers write it (xn--)")]
    TooLong,
    /// The domain is no domain name, or one of its labels is too long.
    #[error("after the @ is no domain name: its parts have 1 to 63 letters, digits and hyphens")]
    Domain,
    /// A label of the domain has letters of several scripts, or letters that look like Latin ones.
    #[error("after the @ are letters that can be mistaken for those of another alphabet")]
    Confusable,
}

impl From<InvalidAddress> for Fault {
    fn from(invalid: InvalidAddress) -> Self {
        let detail = invalid.to_string();
        match invalid {
            InvalidAddress::Malformed => Self::new(FieldCode::EmailMalformed, detail),
            InvalidAddress::LocalPartNotAscii => Self::new(FieldCode::EmailLocalPart, detail),
            InvalidAddress::LocalPartTooLong => {
                Self::new(FieldCode::EmailLocalPartTooLong, detail).with("max", LOCAL_PART_OCTETS_MAX)
            }
            InvalidAddress::TooLong => Self::new(FieldCode::TooLong, detail).with("max", ADDRESS_OCTETS_MAX),
            InvalidAddress::Domain => Self::new(FieldCode::EmailDomain, detail),
            InvalidAddress::Confusable => Self::new(FieldCode::EmailConfusable, detail),
        }
    }
}

impl MailAddress {
    /// Trims the text and checks that a mail server can send to it.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, InvalidAddress> {
        let text: String = text.trim().chars().map(to_ascii_width).collect();
        let (local, domain) = text.split_once('@').ok_or(InvalidAddress::Malformed)?;
        check_local_part(local)?;
        if domain.is_empty() || domain.contains('@') {
            return Err(InvalidAddress::Malformed);
        }
        let ascii = domain_to_ascii(domain)?;
        if local.len() + 1 + ascii.len() > ADDRESS_OCTETS_MAX {
            return Err(InvalidAddress::TooLong);
        }
        let entered = if domain.is_ascii() { domain } else { &ascii };
        let key = format!("{}@{ascii}", local.to_ascii_lowercase());
        Ok(Self { text: format!("{local}@{entered}"), key })
    }

    /// The key of the address. A text that is no address has its lower case as the key, so that
    /// an address that was stored before a rule existed is still found.
    #[must_use]
    pub fn key_of(text: &str) -> String {
        Self::parse(text).map_or_else(|_| Self::plain_key_of(text), |address| address.key)
    }

    /// The text in lower case. It was the key before domains had their ASCII form in keys.
    #[must_use]
    pub fn plain_key_of(text: &str) -> String {
        text.trim().to_lowercase()
    }
}

/// Replaces a full-width form, which an Asian keyboard enters, by its ASCII character.
fn to_ascii_width(character: char) -> char {
    let is_full_width = ('\u{ff01}'..='\u{ff5e}').contains(&character);
    let ascii = if is_full_width { char::from_u32(u32::from(character) - FULL_WIDTH_OFFSET) } else { None };
    ascii.unwrap_or(character)
}

fn check_local_part(text: &str) -> Result<(), InvalidAddress> {
    let is_allowed = |character: char| {
        !character.is_ascii() || character.is_ascii_alphanumeric() || LOCAL_PART_PUNCTUATION.contains(character)
    };
    if !text.split('.').all(|part| !part.is_empty() && part.chars().all(is_allowed)) {
        return Err(InvalidAddress::Malformed);
    }
    if !text.is_ascii() {
        return Err(InvalidAddress::LocalPartNotAscii);
    }
    if text.len() > LOCAL_PART_OCTETS_MAX { Err(InvalidAddress::LocalPartTooLong) } else { Ok(()) }
}

/// The domain in the form of mail servers: in lower case, letters outside of ASCII as `xn--…`.
fn domain_to_ascii(domain: &str) -> Result<String, InvalidAddress> {
    let (idna, hyphens) = (Uts46::new(), Hyphens::CheckFirstLast);
    let ascii = idna.to_ascii(domain.as_bytes(), AsciiDenyList::STD3, hyphens, DnsLength::Verify);
    let ascii = ascii.map_err(|_| InvalidAddress::Domain)?.into_owned();
    let top_level = ascii.rsplit('.').next().unwrap_or_default();
    // A top-level domain has a letter (RFC 3696); four numbers are an address of the network.
    if top_level.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidAddress::Domain);
    }
    let (unicode, valid) = idna.to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, hyphens);
    valid.map_err(|_| InvalidAddress::Domain)?;
    let is_latin_domain = !top_level.starts_with("xn--");
    let is_confusable = |label: &str| mixes_scripts(label) || is_latin_domain && looks_latin(label);
    if unicode.split('.').any(is_confusable) { Err(InvalidAddress::Confusable) } else { Ok(ascii) }
}

/// Whether the label has letters of several scripts. Latin letters may be beside Chinese, Japanese
/// or Korean ones ("highly restrictive" of UTS 39).
fn mixes_scripts(label: &str) -> bool {
    if label.is_single_script() {
        return false;
    }
    let without_latin: String = label.chars().filter(|character| character.script() != Script::Latin).collect();
    let scripts = AugmentedScriptSet::for_str(&without_latin);
    !(scripts.hanb || scripts.jpan || scripts.kore)
}

/// Whether the label has letters, none of them a Latin one, and looks as if all were.
fn looks_latin(label: &str) -> bool {
    let is_other = |script: Script| !matches!(script, Script::Latin | Script::Common | Script::Inherited);
    label.chars().any(|character| is_other(character.script()))
        && label.chars().all(|character| character.script() != Script::Latin)
        && skeleton(label).all(|character| character.is_ascii_alphanumeric() || character == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<String, InvalidAddress> {
        MailAddress::parse(text).map(|address| address.key)
    }

    #[test]
    fn an_address_is_trimmed_and_its_key_is_in_lower_case() {
        let address = MailAddress::parse("  Ada.Lovelace+Post@Example.COM ").unwrap();
        assert_eq!(address.text, "Ada.Lovelace+Post@Example.COM");
        assert_eq!(address.key, "ada.lovelace+post@example.com");
        for valid in ["admin@localhost", "o'brien@example.org", "a@4chan.example", "a@1.example", "a@ab--cd.example"] {
            assert_eq!(key(valid).as_deref(), Ok(valid));
        }
    }

    #[test]
    fn every_form_of_one_address_has_one_key_and_can_be_sent_to() {
        for (form, same) in [
            ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
            ("A@BU\u{308}CHER.example", "a@xn--bcher-kva.example"),
            ("a@XN--BCHER-KVA.example", "a@xn--bcher-kva.example"),
            ("a@fa\u{df}.example", "a@xn--fa-hia.example"),
            ("\u{ff41}\u{ff44}\u{ff41}\u{ff20}\u{ff45}xample\u{ff0e}com", "ada@example.com"),
            ("a@example\u{3002}com", "a@example.com"),
            ("a@\u{43f}\u{43e}\u{447}\u{442}\u{430}.\u{440}\u{444}", "a@xn--80a1acny.xn--p1ai"),
            ("a@\u{65e5}\u{672c}abc.example", "a@xn--abc-s08fl0d.example"),
        ] {
            let address = MailAddress::parse(form).unwrap_or_else(|error| panic!("{form}: {error}"));
            assert!(address.text.is_ascii(), "{form} is kept as {}", address.text);
            assert_eq!(address.text.to_lowercase(), address.key, "{form}");
            assert_eq!(Some(&address.key), key(same).ok().as_ref(), "{form}");
            assert_eq!(MailAddress::parse(&address.text).unwrap().key, address.key, "{form}");
        }
    }

    #[test]
    fn the_limits_of_smtp_and_dns_are_checked() {
        let local = |length: usize| format!("{}@example.com", "a".repeat(length));
        assert!(key(&local(64)).is_ok());
        assert_eq!(key(&local(65)), Err(InvalidAddress::LocalPartTooLong));
        let label = |length: usize| format!("a@{}.example", "b".repeat(length));
        assert!(key(&label(63)).is_ok());
        assert_eq!(key(&label(64)), Err(InvalidAddress::Domain));
        // 60 letters outside of ASCII are more than 63 characters of the label on the wire.
        assert_eq!(key(&format!("a@{}.example", "\u{fc}\u{e9}".repeat(30))), Err(InvalidAddress::Domain));
        let total = |length: usize| {
            let labels = format!("{0}.{0}.{0}", "b".repeat(63));
            format!("{}@{labels}.com", "a".repeat(length - labels.len() - 5))
        };
        assert_eq!(key(&total(254)).map(|key| key.len()), Ok(254));
        assert_eq!(key(&total(255)), Err(InvalidAddress::TooLong));
    }

    #[test]
    fn an_address_to_which_no_mail_can_be_sent_is_refused() {
        for invalid in [
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
            "a@b-.c",
            "a@b.c.",
            "<a@b.c>",
            "a,b@c.d",
            "a@b_c.d",
            "a@b c.d",
            "\"a b\"@c.d",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a@2130706433",
            "a@xn--a.example",
            "a@xn--.example",
            "a@\u{200b}.example",
            "a@b\u{202e}c.example",
            "\u{f6}laf@example.org",
            "\u{430}da@example.org",
            "a\u{200b}b@example.org",
            "a\u{301}@example.org",
            "a@\u{ad}",
            "a@example.com\u{e0041}",
        ] {
            assert!(MailAddress::parse(invalid).is_err(), "{invalid:?}");
        }
    }

    #[test]
    fn a_domain_whose_letters_can_be_mistaken_is_refused_in_both_forms() {
        for confusable in [
            "p\u{430}ypal.com",
            "\u{440}aypal.com",
            "ex\u{3b1}mple.org",
            "\u{441}\u{43e}\u{441}\u{43e}.com",
            "\u{e01}a.example",
            "\u{43f}\u{3b1}.example",
        ] {
            assert_eq!(key(&format!("a@{confusable}")), Err(InvalidAddress::Confusable), "{confusable}");
            let ascii = idna::domain_to_ascii(confusable).unwrap();
            assert_eq!(key(&format!("a@{ascii}")), Err(InvalidAddress::Confusable), "{ascii}");
        }
        for clear in [
            "\u{43f}\u{440}\u{438}\u{43c}\u{435}\u{440}.com",
            "\u{441}\u{43e}\u{441}\u{43e}.\u{440}\u{444}",
            "sar\u{131}.example",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}.example",
            "\u{645}\u{62b}\u{627}\u{644}.example",
            "\u{395}\u{3bb}\u{3bb}\u{3ac}\u{3b4}\u{3b1}.example",
        ] {
            assert!(key(&format!("a@{clear}")).is_ok(), "{clear}");
        }
    }

    #[test]
    fn an_address_of_before_the_rules_has_its_lower_case_as_key() {
        assert_eq!(MailAddress::key_of(" \u{d6}laf@Example.org "), "\u{f6}laf@example.org");
        assert_eq!(MailAddress::key_of(" A@B\u{dc}CHER.example"), "a@xn--bcher-kva.example");
    }
}
