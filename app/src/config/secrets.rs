//! Hides passwords and keys before settings are printed.

/// Parts of the names of settings that are secret.
const SECRET_NAMES: [&str; 4] = ["password", "secret", "token", "private"];

/// Replaces the values of secret settings, and passwords inside of URLs.
pub fn hide_secrets(name: &str, value: &mut serde_json::Value) {
    use serde_json::Value::{Array, Object, String};
    match value {
        Object(fields) => fields.iter_mut().for_each(|(name, value)| hide_secrets(name, value)),
        Array(items) => items.iter_mut().for_each(|item| hide_secrets(name, item)),
        String(text) => {
            if !text.is_empty() && (name == "keys" || SECRET_NAMES.iter().any(|secret| name.contains(secret))) {
                "(hidden)".clone_into(text);
            } else {
                hide_credentials(text);
            }
        }
        _ => {}
    }
}

/// Hides the passwords of `scheme://user:password@host?password=…`.
fn hide_credentials(url: &mut String) {
    let Some(start) = url.find("://").map(|at| at + 3) else { return };
    let query = url[start..].find('?').map(|at| start + at);
    if let Some(at) = query.filter(|at| url[*at..].contains("password")) {
        url.replace_range(at + 1.., "(hidden)");
    }
    let authority_end = url[start..].find(['/', '?']).map_or(url.len(), |at| start + at);
    // The last @ ends the password, which may hold an @ that was not escaped.
    let Some(end) = url[start..authority_end].rfind('@').map(|at| start + at) else { return };
    if let Some(colon) = url[start..end].find(':').map(|at| start + at) {
        url.replace_range(colon + 1..end, "(hidden)");
    }
}
