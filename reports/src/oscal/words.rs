//! OSCAL's own kinds of text: tokens, properties, Markdown, and ids of controls.

use serde_json::{Value, json};

use crate::identity::{HOME, uuid};
use crate::sanitize;

/// AWS knows no longer ARN. Descriptions are not cut.
const VALUE: usize = 2_048;

/// A property of ours.
pub(super) fn prop(name: &'static str, text: &str) -> Value {
    json!({"name": name, "ns": HOME, "value": value(text)})
}

/// OSCAL takes no empty string, and no space around one.
pub(super) fn value(text: &str) -> String {
    let value = sanitize::short(text, VALUE);
    let value = value.trim();
    if value.is_empty() { "-" } else { value }.to_owned()
}

/// Markdown that shows exactly this text; never empty.
pub(super) fn markup(text: &str) -> String {
    let safe = sanitize::markdown(text, usize::MAX);
    if safe.trim().is_empty() {
        return "-".to_owned();
    }
    safe
}

/// The UUID of a thing of this kind.
pub(super) fn id(kind: &str, of: &str) -> String {
    uuid(&format!("{kind}\n{of}"))
}

/// The control's id as an OSCAL token. NIST's are those of its published catalogue, `AU-9(2)` being `au-9.2`;
/// others have no OSCAL catalogue, and begin with their framework's id.
pub(super) fn control(framework: &str, control: &str) -> String {
    let id = if framework.starts_with("nist-800-53") {
        control.to_lowercase().replace('(', ".").replace(')', "")
    } else {
        format!("{framework}_{control}")
    };
    token(&id)
}

/// Letters, digits, `.`, `-` and `_`, the first a letter or `_`.
fn token(text: &str) -> String {
    let mut token = String::with_capacity(text.len());
    for c in text.chars() {
        if token.is_empty() && !c.is_ascii_alphabetic() {
            token.push('_');
        }
        let plain = c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        token.push(if plain { c } else { '_' });
    }
    if token.is_empty() {
        "_".to_owned()
    } else {
        token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_tokens() {
        for (framework, name, token) in [
            ("nist-800-53-r5", "AU-9(2)", "au-9.2"),
            (
                "cis-aws-foundations-3.0",
                "3.1",
                "cis-aws-foundations-3.0_3.1",
            ),
            ("pci", "10.3.4 a", "pci_10.3.4_a"),
            ("3ü", "", "_3__"),
        ] {
            assert_eq!(control(framework, name), token);
        }
    }
}
