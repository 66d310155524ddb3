//! A record's JSON without its secrets; everything else byte for byte as in the log.

use std::borrow::Cow;

use super::bytes;
use super::raw::{Kind, Raw};
use super::text::{Text, write_string};

/// What stands in the place of a secret.
pub const MASK: &str = "MASKED";

/// JSON within JSON within JSON: levels that are looked into.
const LEVELS: usize = 4;

/// Names of secrets, in lower case. What ends with `password` is one too.
const SECRETS: [&str; 8] = [
    "sessiontoken",
    "securitytoken",
    "secretstring",
    "secretbinary",
    "secretaccesskey",
    "signature",
    "x-amz-signature",
    "x-amz-security-token",
];

/// Parameters of presigned URLs and of authorization headers, in lower case. Their values give access.
const PARAMETERS: [&str; 2] = ["signature", "x-amz-security-token"];

/// The JSON of a record, or of a value in it, with the secrets in it masked: the values of names such as
/// `sessionToken`, `secretString` and `password`, and the signatures of presigned URLs. JSON within strings is looked
/// into. Broken JSON is masked as far as its strings can be told apart; what cannot be is masked.
#[must_use]
pub fn mask(value: Raw<'_>) -> Vec<u8> {
    masked(value.bytes(), LEVELS).into_owned()
}

fn masked(json: &[u8], levels: usize) -> Cow<'_, [u8]> {
    let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
    while let Some(quote) = memchr::memchr(b'"', json.get(at..).unwrap_or_default()) {
        let begin = at + quote;
        let end = bytes::string_end(json, begin + 1);
        let whole = json
            .get(begin..end.unwrap_or(json.len()))
            .unwrap_or_default();
        let inside = whole.get(1..).unwrap_or_default();
        let inside = inside
            .get(..inside.len() - usize::from(end.is_some()))
            .unwrap_or_default();
        at = begin + whole.len();
        let colon = bytes::skip_space(json, at);
        let replaced = if json.get(colon) == Some(&b':') {
            if !is_secret(&Text::decode(inside)) {
                continue;
            }
            let from = bytes::skip_space(json, colon + 1);
            let to = bytes::value_end(json, from, &mut false).unwrap_or(json.len());
            at = to.max(at);
            is_worth(json.get(from..to).unwrap_or_default()).then(|| (from, format!("\"{MASK}\"")))
        } else {
            without_secrets(inside, levels).map(|text| {
                let mut written = String::new();
                write_string(&mut written, &text);
                (begin, written)
            })
        };
        if let Some((from, text)) = replaced {
            out.extend_from_slice(json.get(copied..from).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            copied = at;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.extend_from_slice(json.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("password") || SECRETS.contains(&name.as_str())
}

/// Whether a value can be a secret at all.
fn is_worth(value: &[u8]) -> bool {
    match Raw::new(value).kind() {
        Kind::Null | Kind::Bool(_) => false,
        Kind::String => value != b"\"\"",
        Kind::Number | Kind::Array | Kind::Object | Kind::Unreadable => !value.is_empty(),
    }
}

/// A text without its secrets, if it has some.
fn without_secrets(inside: &[u8], levels: usize) -> Option<String> {
    // Most strings are short and have nothing: no decoding for them.
    if inside.len() < 10 {
        return None;
    }
    let text = Text::decode(inside);
    if let Some(levels) = levels.checked_sub(1)
        && text.trim_start().starts_with(['{', '['])
        && let Cow::Owned(json) = masked(text.as_bytes(), levels)
    {
        let json = String::from_utf8_lossy(&json).into_owned();
        return Some(without_parameters(&json).unwrap_or(json));
    }
    without_parameters(&text)
}

/// A text without the signatures of presigned URLs in it.
fn without_parameters(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (mut out, mut copied, mut at) = (String::new(), 0, 0);
    while let Some(rest) = lower.get(at..)
        && let Some(found) = rest.find(['=', '%'])
    {
        let sign = at + found;
        let tail = lower.get(sign..).unwrap_or_default();
        let Some(sign_length) = ["=", "%3d"]
            .iter()
            .find(|it| tail.starts_with(**it))
            .map(|it| it.len())
        else {
            at = sign + 1;
            continue;
        };
        let value = sign + sign_length;
        at = value;
        if !names_secret(lower.get(..sign).unwrap_or_default()) {
            continue;
        }
        let rest = lower.get(value..).unwrap_or_default();
        let ends = |c: char| {
            c.is_whitespace() || matches!(c, '&' | '"' | '\'' | '<' | '>' | '\\' | ',' | ';')
        };
        let whole = rest.find(ends).unwrap_or(rest.len());
        let end = rest
            .get(..whole)
            .and_then(|it| it.find("%26"))
            .unwrap_or(whole);
        if end > 0 {
            out.push_str(text.get(copied..value).unwrap_or_default());
            out.push_str(MASK);
            at = value + end;
            copied = at;
        }
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

/// Whether a text ends with the name of such a parameter, as a word of its own.
fn names_secret(before: &str) -> bool {
    PARAMETERS.iter().any(|name| {
        before.strip_suffix(name).is_some_and(|before| {
            let last = before.chars().next_back();
            last.is_none_or(|it| !it.is_ascii_alphanumeric())
                || before.ends_with("%3f")
                || before.ends_with("%26")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(json: &str) -> String {
        String::from_utf8(mask(Raw::new(json.as_bytes()))).unwrap()
    }

    #[test]
    fn secrets_are_masked_and_nothing_else_changes() {
        for (json, expected) in [
            (
                r#"{ "a" : 1.50, "b":"\u0041\/" }"#,
                r#"{ "a" : 1.50, "b":"\u0041\/" }"#,
            ),
            (
                r#"{"sessionToken" : "abc", "x":1}"#,
                r#"{"sessionToken" : "MASKED", "x":1}"#,
            ),
            (
                r#"{"SECRETSTRING":"{\"a\":1}"}"#,
                r#"{"SECRETSTRING":"MASKED"}"#,
            ),
            (
                r#"{"masterUserPassword":"x\"y"}"#,
                r#"{"masterUserPassword":"MASKED"}"#,
            ),
            (
                r#"{"session\u0054oken":"abc"}"#,
                r#"{"session\u0054oken":"MASKED"}"#,
            ),
            (
                r#"{"password":{"a":[1]},"c":2}"#,
                r#"{"password":"MASKED","c":2}"#,
            ),
            (
                r#"{"password":null,"hasPassword":true}"#,
                r#"{"password":null,"hasPassword":true}"#,
            ),
            (
                r#"{"nextToken":"abc","passwordLastUsed":"x"}"#,
                r#"{"nextToken":"abc","passwordLastUsed":"x"}"#,
            ),
            (
                r#"{"note":"the password is sessionToken"}"#,
                r#"{"note":"the password is sessionToken"}"#,
            ),
            (
                r#"{"url":"https://b.s3/k?X-Amz-Date=1&X-Amz-Signature=0af&x=1"}"#,
                r#"{"url":"https://b.s3/k?X-Amz-Date=1&X-Amz-Signature=MASKED&x=1"}"#,
            ),
            (
                r#"{"url":"k?X-Amz-Security-Token=a%2Fb\u0026Signature=c%3D"}"#,
                r#"{"url":"k?X-Amz-Security-Token=MASKED&Signature=MASKED"}"#,
            ),
            (
                r#"{"to":"x%3FX-Amz-Signature%3Dabc%26y"}"#,
                r#"{"to":"x%3FX-Amz-Signature%3DMASKED%26y"}"#,
            ),
            (
                r#"{"SignatureVersion":"SigV4"}"#,
                r#"{"SignatureVersion":"SigV4"}"#,
            ),
            (
                r#"{"responseElements":"{\"credentials\":{\"sessionToken\":\"abc\"}}"}"#,
                r#"{"responseElements":"{\"credentials\":{\"sessionToken\":\"MASKED\"}}"}"#,
            ),
            (r#"{"sessionToken":"cut of"#, r#"{"sessionToken":"MASKED""#),
            (r#"{"sessionToken":{"cut":"#, r#"{"sessionToken":"MASKED""#),
        ] {
            assert_eq!(shown(json), expected, "{json}");
        }
    }

    #[test]
    fn no_text_panics() {
        for end in 0..80 {
            let json =
                r#"{"é":"X-Amz-Signature=é&","sessionToken":"\\\"ü","a":["{\"password\":\"x\"}"]}"#;
            let cut = &json.as_bytes()[..json.len().min(end)];
            let _ = mask(Raw::new(cut));
        }
    }
}
