//! Invalid texts, fields and bodies.

use serde_json::json;

/// Texts that programs often handle wrongly.
pub fn invalid_texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "",
        " ",
        "\0",
        "a\0b",
        "\u{7}",
        "a\r\nSet-Cookie: x",
        "\u{202e}",
        "\u{feff}",
        "null",
        "NaN",
        "Infinity",
        "-1",
        "0",
        "201",
        "1e999",
        "9223372036854775807",
        "9223372036854775808",
        "-9223372036854775809",
        "1.5",
        "true",
        "' or 1=1 --",
        "%",
        "_",
        "\\",
        "{}",
        "[]",
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "<script>",
        "\u{1f600}",
        "-9999-01-01",
        "+262142-12-31",
        "-262143-01-01",
        "2999-12-31",
        "1970-01-01",
        "0000-00-00",
        "2026-02-30",
        "2026-11-02T09:00:00Z",
        "00000000-0000-0000-0000-000000000000",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "me",
    ]
    .map(str::to_owned)
    .into();
    texts.push("x".repeat(5_000));
    texts.extend(forged_cursors());
    texts
}

/// Cursors that no list has returned.
fn forged_cursors() -> Vec<String> {
    let keys = [
        "9223372036854775807",
        "-9223372036854775808",
        "9223372036854775808",
        "1e999",
        "-1",
        "null",
        "[]",
        "{}",
        "\"\"",
        "\"2999-12-31\"",
        "\"1970-01-01\"",
        "\"-9999-01-01\"",
        "\"+262142-12-31\"",
        "2147483647",
        "2147483648",
        "\"00000000-0000-0000-0000-000000000000\"",
        "\"ffffffff-ffff-ffff-ffff-ffffffffffff\"",
        "[\"+262142-12-31\",\"00000000-0000-0000-0000-000000000000\"]",
        "[\"2026-11-02\",\"ffffffff-ffff-ffff-ffff-ffffffffffff\"]",
        "[\"00000000-0000-0000-0000-000000000000\",\"\\u0000\"]",
    ];
    keys.into_iter().map(base64_url).collect()
}

/// The Base64 text of a cursor.
fn base64_url(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = text.bytes().map(|byte| format!("{byte:08b}")).collect();
    let letter = |sextet: &[u8]| {
        let padded = format!("{:0<6}", std::str::from_utf8(sextet).unwrap());
        char::from(LETTERS[usize::from_str_radix(&padded, 2).unwrap()])
    };
    bits.as_bytes().chunks(6).map(letter).collect()
}

/// Percent-encodes all characters except unreserved ones.
pub fn percent(text: &str) -> String {
    let encode = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    text.bytes().map(encode).collect()
}

/// Values of a field, as JSON text.
pub fn invalid_fields() -> Vec<String> {
    let written = [
        "null",
        "true",
        "0",
        "-1",
        "1.5",
        "1e999",
        "-1e-999",
        "99999999999999999999999999",
        "[]",
        "{}",
        "[[]]",
        r#""\ud800""#,
        r#""\udc00\ud800""#,
        r#""\u0000""#,
        r#""\u0007""#,
        "NaN",
        "'x'",
        r#"{"$ne": null}"#,
    ];
    let mut fields: Vec<String> = written.map(str::to_owned).into();
    fields.extend(invalid_texts().iter().map(|text| json!(text).to_string()));
    fields.push(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)));
    fields
}

/// Complete bodies that no operation accepts.
pub fn invalid_bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        " ",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "[null]",
        "[1,2,3,4]",
        "{",
        "}",
        "{}{}",
        "{\"a\":1}",
        "{\"\":{}}",
        "{,}",
        "{\"title\":\"a\",\"title\":\"b\"}",
        "{\"reason\":\"a\",\"reason\":\"b\"}",
        "\u{feff}{}",
        "{} x",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(vec![0xff, 0xfe, 0x00]);
    bodies.push(b"{\"title\":\"\xff\xfe\"}".to_vec());
    bodies.push(vec![0; 100]);
    bodies.push("[".repeat(60_000).into_bytes());
    bodies.push("{\"a\":".repeat(12_000).into_bytes());
    bodies
}
