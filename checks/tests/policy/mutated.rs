//! Damaged documents: the parser answers, it never panics, and what it accepts can be decided on.

use trailaudit_checks::policy::{
    Caller, CallerKind, Context, Document, Layers, Policy, Request, Target, decide, posture,
};

use crate::generated::Random;

const SEEDS: [&str; 4] = [
    r#"{"Version":"2012-10-17","Statement":[{"Sid":"a","Effect":"Allow","Action":["cloudtrail:*","s3:Get*"],
       "Resource":["arn:aws:s3:::logs/${aws:username}/*","*"],
       "Condition":{"StringLike":{"aws:PrincipalTag/x":["a*","${aws:y, 'z'}"]},"Bool":{"aws:MultiFactorAuthPresent":true}}}]}"#,
    r#"{"Version":"2008-10-17","Id":"x","Statement":{"Effect":"Deny","NotPrincipal":{"AWS":["111122223333",
       "arn:aws:iam::111122223333:role/r"],"Service":"cloudtrail.amazonaws.com"},"NotAction":"iam:?*","NotResource":"arn:aws:s3:::*",
       "Condition":{"NotIpAddress":{"aws:SourceIp":["10.0.0.0/8","::/0"]},"DateLessThan":{"aws:CurrentTime":"2026-01-01T00:00:00Z"}}}}"#,
    r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"arn:aws:kms:*:*:key/*",
       "Condition":{"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]},"NumericLessThanEquals":{"s3:max-keys":10.5},"Null":{"a":"true"}}}]}"#,
    "%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22*%22%2C%22Resource%22%3A%22*%22%7D%7D",
];

/// Pieces that damage a document in ways that single bytes seldom do.
const PIECES: [&str; 14] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "*",
    "${",
    "}\"",
    "%",
    "null",
    "\\u0000",
    "\"Effect\":\"Deny\",",
];

fn damaged(random: &mut Random) -> String {
    let mut text: Vec<char> = SEEDS[random.below(SEEDS.len())].chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(text.len() + 1);
        match random.below(4) {
            0 if at < text.len() => {
                text.remove(at);
            }
            1 if at < text.len() => text[at] = char::from(u8::try_from(random.below(128)).unwrap()),
            2 => {
                let end = (at + random.below(20)).min(text.len());
                let copy: Vec<char> = text[at..end].to_vec();
                text.splice(at..at, copy);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())].chars();
                text.splice(at..at, piece);
            }
        }
    }
    text.into_iter().collect()
}

#[test]
fn damaged_documents_never_panic() {
    let mut random = Random::seeded(7);
    let mut accepted = 0;
    // More can be asked for: TRAILAUDIT_FUZZ_ROUNDS=1000000.
    let rounds = option_env!("TRAILAUDIT_FUZZ_ROUNDS");
    for _ in 0..rounds.map_or(10_000, |it| it.parse().unwrap()) {
        let text = damaged(&mut random);
        let Ok(document) = Document::parse(&text) else {
            continue;
        };
        accepted += 1;
        let request = Request {
            caller: Caller::new(
                CallerKind::User,
                "arn:aws:iam::111122223333:user/u",
                "111122223333",
            ),
            action: "s3:GetObject".to_owned(),
            target: Target::Matching("arn:aws:s3:::logs/*".to_owned()),
            resource_account: "111122223333".to_owned(),
            context: Context::unknown(),
        };
        let layers = Layers {
            identity: &[Policy::<String>::new("identity", &document)],
            resource: Some(&Policy::new("bucket", &document)),
            ..Layers::default()
        };
        let _ = decide(&request, &layers);
        let _ = posture::public_grants(&document);
        let _ = posture::is_administrator(&document.statements.iter().collect::<Vec<_>>());
        let _ = posture::denies_plain_http(&document, "arn:aws:s3:::logs");
    }
    assert!(
        accepted > 500,
        "only {accepted} of the damaged documents still parse"
    );
}

#[test]
fn what_no_document_can_be_is_refused() {
    for text in [
        String::new(),
        "\u{feff}{}".to_owned(),
        "[".repeat(1_000_000),
        format!("{}1{}", "[".repeat(60), "]".repeat(60)),
        format!(r#"{{"Statement":[],"Id":"{}"}}"#, "x".repeat(3_000_000)),
    ] {
        assert!(Document::parse(&text).is_err());
    }
}
