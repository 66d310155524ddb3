//! The names of the things that a record is about.

use super::field::Field;
use super::raw::{Kind, Raw};
use super::record::Record;
use super::text::Text;

/// Levels of parameters that are looked into.
const LEVELS: usize = 8;

/// What a parameter's name ends with if its value names a thing; compared without case.
const ENDINGS: [&str; 8] = [
    "name",
    "names",
    "id",
    "ids",
    "arn",
    "arns",
    "identifier",
    "identifiers",
];

/// Whole names whose values name a thing.
const WHOLE: [&str; 5] = ["bucket", "key", "queueurl", "repositoryuri", "imageuri"];

/// Names with such an ending whose values name no thing that a call works on.
const OTHERS: [&str; 13] = [
    "rolesessionname",
    "sessionname",
    "requestid",
    "_requestid",
    "clientrequesttoken",
    "samlassertionid",
    "displayname",
    "attributename",
    "parametername",
    "regionname",
    "sourceregionname",
    "x-amz-id-2",
    "uid",
];

impl<'a> Record<'a> {
    /// Gives the names of the things that the record is about: ARNs of `resources`, and the parameters and answers
    /// that hold names and ids.
    pub fn resources(&self, each: &mut dyn FnMut(Text<'a>)) {
        for value in self.values(Field::Resources) {
            listed(value, each);
        }
        for field in [Field::RequestParameters, Field::ResponseElements] {
            for value in self.values(field) {
                match value.kind() {
                    Kind::String => {
                        let text = value.text().unwrap_or_default();
                        if let Some(nested) = Raw::nested(text.as_bytes()) {
                            below(nested, LEVELS, &mut |text| each(text.into_owned()));
                        }
                    }
                    Kind::Object | Kind::Array => below(value, LEVELS, each),
                    Kind::Null | Kind::Bool(_) | Kind::Number | Kind::Unreadable => {}
                }
            }
        }
    }
}

/// `resources[]`: the ARN, its prefix where AWS gives only that, or a plain text.
fn listed<'a>(value: Raw<'a>, each: &mut dyn FnMut(Text<'a>)) {
    for element in value.elements() {
        if let Some(text) = element.text() {
            each(text);
        }
        for (name, value) in element.members() {
            let names = ["ARN", "ARNPrefix", "resourceName"];
            if names.iter().any(|it| name.eq_ignore_ascii_case(it)) {
                value.text().into_iter().for_each(&mut *each);
            }
        }
    }
}

fn below<'a>(value: Raw<'a>, levels: usize, each: &mut dyn FnMut(Text<'a>)) {
    let Some(left) = levels.checked_sub(1) else {
        return;
    };
    for element in value.elements() {
        below(element, left, each);
    }
    for (name, value) in value.members() {
        let names = is_name(&name);
        match value.kind() {
            Kind::String | Kind::Number if names => {
                value
                    .text()
                    .filter(|it| !it.is_empty())
                    .into_iter()
                    .for_each(&mut *each);
            }
            Kind::Array if names => {
                for element in value.elements() {
                    match element.text() {
                        Some(text) => each(text),
                        None => below(element, left, each),
                    }
                }
            }
            Kind::Array | Kind::Object => below(value, left, each),
            Kind::String | Kind::Number | Kind::Null | Kind::Bool(_) | Kind::Unreadable => {}
        }
    }
}

fn is_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if WHOLE.contains(&lower.as_str()) {
        return true;
    }
    // A word of its own: `instanceId`, not `invalid`; names in lower case throughout do not show their words.
    let ends = |ending: &&str| match lower.strip_suffix(*ending) {
        Some("") => true,
        Some(before) => {
            let own = name.get(before.len()..).unwrap_or_default();
            own.starts_with(|c: char| c.is_ascii_uppercase()) || before.ends_with(['_', '-', '.'])
        }
        None => false,
    };
    ENDINGS.iter().any(ends) && !OTHERS.contains(&lower.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_things() {
        let json = r#"{"resources":[{"ARN":"arn:a","accountId":"1"},{"ARNPrefix":"arn:b/"}],
            "requestParameters":{"bucketName":"logs","roleSessionName":"me","x":{"instancesSet":{"items":[{"instanceId":"i-1"}]}},
              "subnetIds":["s-1","s-2"],"force":true},
            "responseElements":"{\"trailARN\":\"arn:c\",\"description\":\"no\"}"}"#;
        let record = Record::read(json.as_bytes()).unwrap();
        let mut names = Vec::new();
        record.resources(&mut |text| names.push(text.to_string()));
        assert_eq!(
            names,
            ["arn:a", "arn:b/", "logs", "i-1", "s-1", "s-2", "arn:c"]
        );
    }
}
